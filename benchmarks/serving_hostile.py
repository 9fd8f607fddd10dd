"""Hostile requests, one after the other, with good ones in between that have to be answered right.

For `python -m benchmarks.serving`, against the server that it has started. A failure is: a hostile
request that is not refused, a server that goes away, a good request with a wrong answer.
"""

import base64
import io
import json
import socket
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2

from serving.client import InpaintClient

PREDICT = "/tensorflow.serving.PredictionService/Predict"
REFUSED = {
    *("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
    *("RESOURCE_EXHAUSTED", "UNIMPLEMENTED", "DEADLINE_EXCEEDED", "CANCELLED"),
    *map(str, range(400, 500)),
    "closed",  # a connection, by the server, without a word
}
# What is random may be good by chance, or no message at all.
RANDOM = REFUSED | {"OK", "UNKNOWN", "INTERNAL"}
GOOD_EVERY = 25
_SLOW = 32  # slow senders at a time
_TIMEOUT = 120.0


class Attacker:
    """Sends hostile requests of every kind.

    Args:
        target: HOST:PORT of gRPC.
        rest_port: Of REST on the same host.
        files: A good photo and mask, as PNG files.
        rng: Where chance comes from.
    """

    def __init__(
        self, target: str, rest_port: int, files: tuple[bytes, bytes], rng: np.random.Generator
    ):
        self.files, self.rng = files, rng
        self.rest = (target.rpartition(":")[0], rest_port)
        self._channel = grpc.insecure_channel(
            target, [("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0)]
        )
        self._slow: list[socket.socket] = []
        self._bad_files = bad_files(*files)
        self._bad_tensors = bad_tensors(*files)
        self._large = bytes(65 * 2**20)
        self.kinds: dict[str, Callable[[], str]] = {
            "bad files": self.bad_file,
            "bad tensors": self.bad_tensor,
            "wrong model, version, label, signature": self.bad_choice,
            "noise for a message": lambda: self.send(rng.bytes(int(rng.integers(1, 500)))),
            "damaged messages": self.damaged,
            "too large a message": self.too_large,
            "unknown methods": lambda: self.send(b"", f"/tensorflow.serving.{rng.integers(99)}/X"),
            "cancelled calls": self.cancelled,
            "deadlines that cannot be kept": lambda: self.send(self.good(), timeout=0.002),
            "bad JSON": self.bad_json,
            "path tricks": self.path_trick,
            "noise for HTTP": lambda: self.http(rng.bytes(300) + b"\r\n\r\n"),
            "too long headers": lambda: self.http(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000),
            "announced and never sent": lambda: self.http(self.head(10**12)),
            "cut-off bodies": self.cut_off,
            "slow senders": self.slow_sender,
        }

    def close(self) -> None:
        for connection in self._slow:
            connection.close()
        self._channel.close()

    def good(self) -> bytes:
        return request(*self.files).SerializeToString()

    def send(self, message: bytes, method: str = PREDICT, timeout: float = _TIMEOUT) -> str:
        try:
            self._channel.unary_unary(method)(message, timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    def pick(self, choices: list):
        return choices[self.rng.integers(len(choices))]

    def bad_file(self) -> str:
        return self.send(request(*self.pick(self._bad_files)).SerializeToString())

    def bad_tensor(self) -> str:
        return self.send(self.pick(self._bad_tensors).SerializeToString())

    def bad_choice(self) -> str:
        message = request(*self.files)
        options = [
            {"name": "other"},
            {"name": "tf\0paint"},
            {"name": "tfpaint", "version": {"value": 2**40}},
            {"name": "tfpaint", "version_label": "none"},
            {"name": "tfpaint", "signature_name": "__saved_model_init_op"},
            {"name": "tfpaint", "signature_name": "../bytes"},
        ]
        message.model_spec.CopyFrom(type(message.model_spec)(**self.pick(options)))
        return self.send(message.SerializeToString())

    def damaged(self) -> str:
        message = bytearray(self.good())
        for place in self.rng.integers(0, len(message), self.rng.integers(1, 30)):
            message[place] = self.rng.integers(256)
        return self.send(bytes(message[: self.rng.integers(1, len(message))]))

    def too_large(self) -> str:
        return self.send(self._large)

    def cancelled(self) -> str:
        call = self._channel.unary_unary(PREDICT).future(self.good(), timeout=_TIMEOUT)
        try:
            call.result(timeout=self.rng.uniform(0, 0.05))
        except grpc.FutureTimeoutError:
            call.cancel()
        except grpc.RpcError as error:
            return error.code().name
        return "CANCELLED" if call.cancelled() else "OK"

    def bad_json(self) -> str:
        photo, mask = (base64.b64encode(file).decode() for file in self.files)
        row = {"image_bytes": {"b64": photo}, "mask_bytes": {"b64": mask}}
        bodies = [
            b"",
            b"[" * 50_000,
            b'{"instances": [' + b"[]," * 1000 + b"]}",
            b'{"inputs": {"image": [[[[NaN, 1, 2]]]], "mask": [[[[0]]]]}}',
            b'{"inputs": {"image": [[[[1e999, 1, 2]]]], "mask": [[[[0]]]]}}',
            b"\xff\xfe\0",
            json.dumps({"instances": [{**row, "mask_bytes": {"b64": "%%%"}}]}).encode(),
            json.dumps({"signature_name": "bytes", "instances": [row, 1]}).encode(),
            json.dumps({"signature_name": "bytes\0", "instances": [row]}).encode(),
            json.dumps({"signature_name": "bytes", "instances": [row]}).encode()[:-30],
        ]
        body = self.pick(bodies)
        return self.http(self.head(len(body)) + body)

    def path_trick(self) -> str:
        paths = [
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/..%2f..%2fetc/passwd",
            "/..%5c..%5cetc%5cpasswd",
            "//etc/passwd",
            "/index.html%00.js",
            "/.git/config",
            "/v1/models/..%2f..%2f:predict",
            "/v1/models/tfpaint/versions/" + "9" * 4000,
            "/" + "a" * 6000,
        ]
        line = f"GET {self.pick(paths)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        return self.http(line.encode())

    def head(self, length: int) -> bytes:
        return (
            "POST /v1/models/tfpaint:predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    def http(self, sent: bytes) -> str:
        """The status that raw bytes are answered by, or "closed"."""
        with socket.create_connection(self.rest, timeout=_TIMEOUT) as connection:
            try:
                connection.sendall(sent)
                answer = connection.recv(1000)
            except ConnectionError:
                return "closed"
            except TimeoutError:
                return "no answer"
        return answer.split()[1].decode() if answer.startswith(b"HTTP/") else "closed"

    def cut_off(self) -> str:
        with socket.create_connection(self.rest, timeout=_TIMEOUT) as connection:
            connection.sendall(self.head(1000) + b'{"instances": [')
        return "closed"

    def slow_sender(self) -> str:
        """One more of them; each sends a byte whenever another comes."""
        if len(self._slow) >= _SLOW:
            self._slow.pop(0).close()
        self._slow.append(socket.create_connection(self.rest, timeout=_TIMEOUT))
        self._slow[-1].sendall(self.head(10_000))
        for connection in list(self._slow):
            try:
                connection.sendall(b" ")
            except OSError:  # the server has lost its patience
                self._slow.remove(connection)
        return "closed"


def attack(target: str, rest_port: int, files: tuple[bytes, bytes], count: int) -> dict:
    """Send so many hostile requests, of each kind in turn, and good ones in between.

    Args:
        target, rest_port, files: As for `Attacker`.
        count: How many.

    Returns:
        "outcomes" by kind, how many "good" ones there were, and "failures" in words.
    """
    outcomes: dict[str, Counter] = defaultdict(Counter)
    failures: list[str] = []
    attacker = Attacker(target, rest_port, files, np.random.default_rng(0))
    photo, mask = (np.asarray(Image.open(io.BytesIO(file))) for file in files)
    kinds, good = list(attacker.kinds.items()), 0
    with InpaintClient(target, timeout=_TIMEOUT) as client:
        expected = client.inpaint(photo, mask).astype(int)
        for turn in range(count):
            name, send = kinds[turn % len(kinds)]
            outcome = send()
            outcomes[name][outcome] += 1
            allowed = RANDOM if "noise" in name or "damaged" in name else REFUSED
            if name == "cancelled calls":
                allowed = REFUSED | {"OK"}  # it may be done before it is cancelled
            if outcome not in allowed:
                failures.append(f"{name}: {outcome}")
            if turn % GOOD_EVERY == 0:
                good += 1
                # Threads sum in any order: the last bit of a pixel may differ.
                if abs(client.inpaint(photo, mask) - expected).max() > 2:
                    failures.append(f"a wrong answer after {name}")
    attacker.close()
    return {"outcomes": outcomes, "good": good, "failures": failures}


def table(attacks: dict) -> str:
    """Lines for people."""
    lines = [f"  {sum(sum(one.values()) for one in attacks['outcomes'].values())} hostile requests"]
    for name, outcomes in attacks["outcomes"].items():
        lines.append(f"    {name}: " + ", ".join(f"{n} {what}" for what, n in outcomes.items()))
    lines.append(
        f"  {attacks['good']} good ones between; failures: {attacks['failures'] or 'none'}"
    )
    lines.append("  memory: {:.0f} MiB before, {:.0f} after".format(*attacks["mib"]))
    return "\n".join(lines)


def request(photo: bytes, mask: bytes) -> predict_pb2.PredictRequest:
    return tensors("bytes", image_bytes=[photo], mask_bytes=[mask])


def tensors(signature: str, **inputs) -> predict_pb2.PredictRequest:
    message = predict_pb2.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = "tfpaint", signature
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return message


def bad_files(photo: bytes, mask: bytes) -> list[tuple[bytes, bytes]]:
    """Pairs of which one file is bad."""
    size = Image.open(io.BytesIO(photo)).size
    bomb = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\r" + bomb + struct.pack(">I", zlib.crc32(bomb))
    damaged = bytearray(photo)
    damaged[len(photo) // 2 : len(photo) // 2 + 50] = bytes(50)
    bad = [b"", b"text", bytes(1000), photo[:33], photo[: len(photo) // 2], bytes(damaged), bomb]
    bad += [b"GIF89a" + bytes(50), b"\xff\xd8\xff\xe0" + bytes(20), b"<svg/>", photo[8:]]
    other = encoded(Image.new("L", (size[0] + 1, size[1])))
    everything = encoded(Image.new("L", size, 255))
    return [
        *((one, mask) for one in bad),
        *((photo, one) for one in [*bad, other, everything]),
    ]


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def bad_tensors(photo: bytes, mask: bytes) -> list[predict_pb2.PredictRequest]:
    """Requests whose tensors do not fit the signature, or themselves."""
    image = np.zeros((1, 32, 32, 3), np.uint8)
    hole = np.zeros((1, 32, 32, 1), np.uint8)
    found = [
        tensors("", image=image.astype(np.float32) * np.nan, mask=hole),
        tensors("", image=image[..., :2], mask=hole),
        tensors("", image=image[0], mask=hole),
        tensors("", image=image[:0], mask=hole[:0]),
        tensors("", image=image, mask=hole[:, :16]),
        tensors("", image=image, mask=hole.astype(np.int64)),
        tensors("", image=image),
        tensors("", image=image, mask=hole, **{"more\0": image}),
        tensors("bytes", image_bytes=[photo, photo], mask_bytes=[mask]),
        tensors("bytes", image_bytes=photo, mask_bytes=mask),
        tensors("bytes", image_bytes=image, mask_bytes=hole),
    ]
    for shape in ((1, 2**20, 2**20, 3), (1, 2**40, 2**40, 3), (-1, -32, 32, 3), (1, 32, 33, 3)):
        one = tensors("", image=image, mask=hole)
        for dim, size in zip(one.inputs["image"].tensor_shape.dim, shape, strict=True):
            dim.size = size
        found.append(one)
    return found
