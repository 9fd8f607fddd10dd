"""`python -m serving server` and `client` as a user runs them; TLS; the other backend."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import backend, versions
from serving.__main__ import main
from serving.client import InpaintClient, InpaintError
from serving.model import Model
from serving.options import Options
from tests.programs import need
from tests.serving_model import Running, running, save
from tests.test_serving_grpc import request_of
from tfpaint.errors import InputError
from tfpaint.pictures.tight_masks import grow

IMAGE = np.arange(16 * 20 * 3, dtype=np.uint8).reshape(16, 20, 3)
MASK = np.zeros((16, 20), bool)
MASK[4:8, 5:9] = True


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("program") / "tfpaint" / "1")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    Image.fromarray(IMAGE).save("photo.png", exif=exif)
    Image.fromarray(np.rot90(MASK, -1)).save("mask.png")
    Image.fromarray(MASK).save("wrong-size.png")
    Path("broken.png").write_bytes(b"\x89PNG")
    return tmp_path


def start(model, *options):
    command = [sys.executable, "-m", "serving", "server", "--model", str(model), *options]
    command += ["--port", "0", "--rest-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events = []
    for line in process.stderr:
        events.append(json.loads(line))
        if events[-1]["event"] == "serving":
            return process, events[-1]
    raise AssertionError(events)


def test_sigterm_finishes_what_is_running(model):
    process, ready = start(model, "--iopaint", "0")
    try:
        assert requests.get(ready["page"], timeout=20).ok
        assert f"open {ready['page']} in a browser" in process.stdout.readline()
        assert f"IOPaint's clients are answered at port {ready['iopaint']}" in (
            process.stdout.readline()
        )
        assert requests.get(f"http://127.0.0.1:{ready['iopaint']}/api/v1/model", timeout=20).ok
        with grpc.insecure_channel(ready["grpc"]) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            call = stub.Predict.future(request_of("slow", seconds=[np.float32(1.5)]), timeout=20)
            time.sleep(0.7)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            with pytest.raises(grpc.RpcError):
                with grpc.insecure_channel(ready["grpc"]) as late:
                    late_stub = prediction_service_pb2_grpc.PredictionServiceStub(late)
                    late_stub.Predict(request_of("slow", seconds=[np.float32(0)]), timeout=1)
            assert list(call.result().outputs)
        assert process.wait(20) == 0
        events = [json.loads(line)["event"] for line in process.stderr]
        assert events[-1] == "stopped" and "unforeseen_error" not in events
    finally:
        process.kill()


def test_the_client_turns_the_photo_and_keeps_known_pixels(model, files):
    with running(model) as server:
        target = ["--target", server.target]
        assert main(["client", "photo.png", "--mask", "mask.png", "-o", "out.png", *target]) == 0
        upright = np.rot90(IMAGE, -1)
        filled = np.where(np.rot90(MASK, -1)[..., None], 128, upright)
        np.testing.assert_array_equal(np.asarray(Image.open("out.png")), filled)
        grown = ["client", "photo.png", "--mask", "mask.png", "-o", "grown.png", *target]
        assert main([*grown, "--grow-mask", "2"]) == 0
        filled = np.where(grow(np.rot90(MASK, -1), 2)[..., None], 128, upright)
        np.testing.assert_array_equal(np.asarray(Image.open("grown.png")), filled)


def test_the_client_asks_for_other_fills_by_seed(model, files):
    with running(model) as server:
        with InpaintClient(server.target) as client:
            assert (client.inpaint(IMAGE, MASK, seed=5)[MASK] == 133).all()
            assert (client.inpaint(IMAGE, MASK)[MASK] == 128).all()
            with pytest.raises(InputError, match="from 0 to"):
                client.inpaint(IMAGE, MASK, seed=2**31)
        arguments = ["client", "photo.png", "--mask", "mask.png", "-o", "out.png"]
        assert main([*arguments, "--variants", "3", "--target", server.target]) == 0
    assert not Path("out.png").exists()
    hole = np.rot90(MASK, -1)
    for seed in range(3):
        filled = np.asarray(Image.open(f"out-{seed + 1}.png"))
        assert (filled[hole] == 128 + seed).all() and (filled != 128 + seed)[~hole].any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("photo.png --mask broken.png -o x.png", "broken.png: "),
        ("missing.jpg --mask mask.png -o x.png", "missing.jpg: no such file"),
        ("photo.png --mask wrong-size.png -o x.png", "give a mask of the photo's size"),
        ("photo.png -o x.png", "no transparent pixels"),
        ("photo.png --mask mask.png -o x.xyz", "cannot tell the format"),
        ("photo.png --mask mask.png -o x.png --model no", "not found: Servable not found"),
        ("photo.png --mask mask.png -o x.png --version 9", "version 9 of the model"),
        ("photo.png --mask mask.png -o x.png --label no", "Unrecognized servable version label"),
        ("photo.png --mask mask.png -o x.png --timeout 0", "above 0 seconds"),
        ("photo.png --mask mask.png -o x.png --grow-mask 101", "101 is not from 0 to 100"),
        ("photo.png --mask mask.png -o x.png --ca missing.pem", "missing.pem: cannot be read"),
        ("photo.png --mask mask.png -o x.png --ca broken.png", "is no PEM file"),
    ],
)
def test_what_goes_wrong_is_one_line(model, files, capsys, arguments, message):
    with running(model) as server:
        target = ["--target", server.target, "--timeout", "3"]
        arguments = arguments.split()
        if "--timeout" in arguments:
            target = target[:2]
        assert main(["client", *arguments, *target]) == 2
    error = capsys.readouterr().err
    assert error.startswith("serving: error: ") and error.count("\n") == 1
    assert message in error
    assert not Path("x.png").exists()


def test_no_server_and_one_that_comes_late(model):
    with InpaintClient("localhost:1", attempts=2) as client:
        with pytest.raises(InpaintError, match="localhost:1: unavailable"):
            client.status()
    with running(model) as server:
        port = server.server.grpc.port
    large = np.random.default_rng(0).integers(0, 256, (500, 700, 3), np.uint8)  # over 1 MB
    late: list[Running] = []
    options = Options(model=model, port=port, rest_port=0)
    timer = threading.Timer(1.0, lambda: late.append(Running(options)))
    timer.start()
    try:
        with InpaintClient(f"localhost:{port}") as client:
            hole = large[..., 0] > 9
            assert (client.inpaint(large, hole)[hole] == 128).all()
    finally:
        timer.join()
        late[0].stop()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("--model missing", "holds no version folder"),
        ("--model . --port 1", "holds no version folder"),
        ("--tls-cert a.pem", "needs both"),
        ("--tls-client-ca a.pem", "needs both"),
        ("--tls-cert broken.png --tls-key broken.png", "PEM files that fit"),
        ("--tls-cert missing.pem --tls-key missing.pem", "No such file"),
        ("--token-file missing", "cannot be read"),
        ("--token-file empty", "holds no token"),
        ("--page missing", "no such folder"),
        ("--label stable", "write it as stable=1"),
        ("--workers 0", "above 0"),
        ("--timeout nan", "above 0"),
        ("--timeout 1e6", "at most 86400"),
        ("--keep-alive 0", "above 0"),
        ("--keep-alive 1e6", "at most 86400"),
        ("--max-message-mb 2048", "below 2048"),
        ("--iopaint 65536", "to 65535"),
        ("--allow-origin https://editor.example", "say --iopaint --allow-origin"),
        ("--iopaint 0 --allow-origin *", "say --iopaint --allow-origin"),
        ("--iopaint 0 --allow-origin null", "say --iopaint --allow-origin"),
        ("--iopaint 0 --allow-origin https://editor.example/", "say --iopaint --allow-origin"),
        ("--host 203.0.113.9 --port 0", "cannot be had"),
        ("--backend tf-serving", "is not on the PATH"),
    ],
)
def test_server_options_that_make_no_sense(model, files, capsys, monkeypatch, arguments, message):
    monkeypatch.setenv("PATH", "")
    Path("empty").write_text("\n")
    arguments = arguments.split()
    if "--model" not in arguments:
        arguments += ["--model", str(model)]
    assert main(["server", "--log-level", "error", *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("serving: error: ") and message in error


def test_a_port_that_is_taken_is_found_before_the_model_is_loaded(model, capsys, monkeypatch):
    with running(model) as server:
        loaded: list[tuple] = []
        monkeypatch.setattr(versions, "Model", lambda *given: loaded.append(given))
        for port in ("--port", "--rest-port", "--iopaint"):
            taken = server.server.grpc.port if port == "--port" else server.server.rest_port
            free = ["--port", "0", "--rest-port", "0"]
            arguments = ["server", "--model", str(model), *free, port, str(taken)]
            began = time.monotonic()
            assert main([*arguments, "--log-level", "error"]) == 2
            assert time.monotonic() - began < 1
            assert f"port {taken} cannot be had" in capsys.readouterr().err
        assert loaded == []


def test_until_the_model_is_loaded(model, monkeypatch):
    """gRPC answers that it is not ready; REST refuses connections, as health checks expect."""
    may_load = threading.Event()

    def load(*given):
        may_load.wait(20)
        return Model(*given)

    def free_port():
        with socket.create_server(("127.0.0.1", 0)) as free:
            return free.getsockname()[1]

    monkeypatch.setattr(versions, "Model", load)
    options = Options(model=model, port=free_port(), rest_port=free_port())
    with ThreadPoolExecutor(1) as thread, InpaintClient(f"127.0.0.1:{options.port}") as client:
        starting = thread.submit(Running, options)
        try:
            with grpc.insecure_channel(client.target) as channel:
                grpc.channel_ready_future(channel).result(10)
                asked = health_pb2.HealthCheckRequest()
                health = health_pb2_grpc.HealthStub(channel)
                answer = health.Check(asked, timeout=5)
                assert answer.status == answer.NOT_SERVING
            with InpaintClient(client.target, attempts=1) as once:
                with pytest.raises(InpaintError, match="not loaded yet; try again"):
                    once.inpaint(IMAGE, MASK)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", options.rest_port))
            may_load.set()
            server = starting.result(30)
            assert (client.inpaint(IMAGE, MASK)[MASK] == 128).all()
            assert requests.get(server.url, timeout=20).ok
        finally:
            may_load.set()
            starting.result(30).stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a server's and a client's certificate of it."""
    folder = tmp_path_factory.mktemp("tls")

    program = need("openssl")

    def openssl(*arguments):
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(*new, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority")
    for name in ("server", "client"):
        names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
        openssl(*new, "-keyout", f"{name}.key", "-out", f"{name}.crt", *names, *signed)
    return folder


def test_tls_and_mutual_tls(model, certificates):
    files = {name: certificates / name for name in os.listdir(certificates)}
    pair = {"tls_cert": files["server.crt"], "tls_key": files["server.key"]}
    ca = str(files["ca.crt"])
    own = (str(files["client.crt"]), str(files["client.key"]))
    with running(model, **pair) as server:
        url = server.url.replace("http:", "https:")
        with InpaintClient(server.target, tls=True, ca=ca, token="t", timeout=10) as client:
            assert client.status() == {1: "AVAILABLE"}
        assert requests.get(url, verify=ca, timeout=20).ok
        with InpaintClient(server.target, attempts=1, timeout=5) as client:
            with pytest.raises(InpaintError):
                client.status()
    with running(model, tls_client_ca=files["ca.crt"], **pair) as server:
        url = server.url.replace("http:", "https:")
        keys = {"cert": own[0], "key": own[1]}
        with InpaintClient(server.target, tls=True, ca=ca, timeout=10, **keys) as client:
            assert client.status() == {1: "AVAILABLE"}
        assert requests.get(url, verify=ca, cert=own, timeout=20).ok
        with InpaintClient(server.target, tls=True, ca=ca, attempts=1, timeout=5) as client:
            with pytest.raises(InpaintError):
                client.status()
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(url, verify=ca, timeout=20)


def test_a_certificate_needs_its_key(certificates):
    with pytest.raises(InputError, match="needs both"):
        InpaintClient("127.0.0.1:8500", tls=True, cert=certificates / "client.crt")


def test_a_token_never_travels_in_the_clear():
    with pytest.raises(Exception, match="has to travel by TLS"):
        InpaintClient("example.org:8500", token="secret")


# A stand-in for tensorflow_model_server: it writes down how it was started, and reads files as the
# real one does, by mapping them into memory.
STAND_IN = f"""#!{sys.executable}
import json
import mmap
import sys

flags = dict(one.removeprefix("--").split("=", 1) for one in sys.argv[1:])
for name in ("model_config_file", "ssl_config_file"):
    with open(flags[name]) as file:
        flags[name] = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[:].decode()
print(json.dumps(flags))
"""


@pytest.fixture
def tf_serving(model, tmp_path, monkeypatch):
    """Starts the stand-in by `--backend tf-serving`; its temporary folder has to stay empty."""
    program, temporary = tmp_path / backend.PROGRAM, tmp_path / "temporary"
    program.write_text(STAND_IN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    temporary.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("TMPDIR", str(temporary))

    def start(*options):
        command = [sys.executable, "-m", "serving", "server", "--model", str(model)]
        command += ["--backend", "tf-serving", *map(str, options)]
        return subprocess.run(command, capture_output=True, text=True)

    yield start
    assert list(temporary.iterdir()) == []


def test_the_other_backend_gets_the_same_options_and_leaves_nothing_behind(
    tf_serving, certificates
):
    options = ["--host", "0.0.0.0", "--port", "9000", "--name", "mine", "--label", "stable=1"]
    options += ["--timeout", "7", "--max-message-mb", "3"]
    options += ["--tls-cert", certificates / "server.crt", "--tls-key", certificates / "server.key"]
    flags = json.loads(tf_serving(*options).stdout)
    assert (flags["port"], flags["rest_api_port"]) == ("9000", "0")
    assert flags["rest_api_timeout_in_ms"] == "7000"
    assert f"grpc.max_receive_message_length={3 * 2**20}," in flags["grpc_channel_arguments"]
    assert 'name: "mine"' in flags["model_config_file"]
    assert "BEGIN CERTIFICATE" in flags["ssl_config_file"]


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "listens at every address"),
        (["--host", "0.0.0.0", "--tls-cert", "a.crt"], "TLS needs both"),
        (["--host", "0.0.0.0", "--tls-cert", "a.crt", "--tls-key", "a.key"], "No such file"),
    ],
)
def test_what_the_other_backend_refuses_leaves_nothing_behind(tf_serving, options, message):
    done = tf_serving(*options)
    assert done.returncode == 2 and message in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "given, message",
    [
        ({"token": "secret"}, "knows no tokens"),
        ({"iopaint": 8080}, "does not know that API"),
        ({}, "listens at every address"),
    ],
)
def test_what_tf_serving_cannot_do(model, given, message):
    with pytest.raises(ValueError, match=message):
        backend.command(Options(model=model, **given))
