"""nginx with the shipped configuration, before the embedded server and before a slow one."""

# ruff: noqa: F401, F811  (the fixture `certificates`)

import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import backend
from serving.client import InpaintClient, InpaintError
from serving.static import HEADERS
from tests.programs import need
from tests.serving_model import running, save, wait_until
from tests.test_serving_program import IMAGE, MASK, certificates
from tests.test_serving_rest import ROW

Code = grpc.StatusCode
TARGET = "localhost:18443"
SECONDS = 0.8  # that the slow server takes for an answer


@contextmanager
def proxied(folder, certificates, grpc_port, rest="127.0.0.1:1", **changed):
    """nginx before these servers; `changed` are values of directives."""
    program = need("nginx", "nginx-light")
    page = folder / "page"
    page.mkdir()
    (page / "index.html").write_text("<title>page</title>")
    text = (Path(backend.CONFIGS) / "nginx.conf").read_text()
    text = re.sub(r"(\s)(/run|/var/spool/nginx)/", rf"\1{folder}/", text)
    changes = [
        ("tf-serving:8501", rest),
        ("tf-serving:8500", f"127.0.0.1:{grpc_port}"),
        ("/etc/nginx/tls", str(certificates)),
        ("/usr/share/nginx/html", str(page)),
        ("listen 8443", "listen 127.0.0.1:18443"),
    ]
    for name, value in changed.items():
        (old,) = set(re.findall(rf"\b{name} [^;]+", text))
        changes.append((old, f"{name} {value}"))
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    command = [program, "-p", folder, "-c", folder / "nginx.conf"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen([*command, "-g", "daemon off; user root;"])
    wait_until((folder / "nginx.pid").exists)
    time.sleep(0.2)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Slow(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers each photo as it is, after some time."""

    def __init__(self):
        self.running = self.most = self.calls = 0
        self.seconds = SECONDS
        self._lock = threading.Lock()

    def _enter(self, change):
        with self._lock:
            self.calls += change > 0
            self.running += change
            self.most = max(self.most, self.running)

    def Predict(self, request, context):
        self._enter(1)
        time.sleep(self.seconds)
        self._enter(-1)
        response = predict_pb2.PredictResponse()
        response.outputs["image_bytes"].CopyFrom(request.inputs["image_bytes"])
        return response


@contextmanager
def slow_server(**options):
    server = grpc.server(ThreadPoolExecutor(8), options=list(options.items()))
    slow = Slow()
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(slow, server)
    slow.port = server.add_insecure_port("127.0.0.1:0")
    slow.stop = lambda: server.stop(None).wait()
    server.start()
    try:
        yield slow
    finally:
        slow.stop()


def client(certificates, **options):
    return InpaintClient(TARGET, tls=True, ca=certificates / "ca.crt", **options)


def refused(certificates, image=IMAGE, mask=MASK):
    """The code of a call that is tried once."""
    with client(certificates, attempts=1, timeout=20) as one:
        with pytest.raises(InpaintError) as caught:
            one.inpaint(image, mask)
    return caught.value.code


NOISE = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)  # 2 MB as a PNG


@pytest.mark.parametrize("image", [IMAGE, NOISE], ids=["small", "large"])
def test_four_calls_at_once_are_all_answered_by_trying_again(tmp_path, certificates, image):
    with slow_server() as slow, proxied(tmp_path, certificates, slow.port):
        mask = np.zeros(image.shape[:2], bool)
        mask[4:8, 5:9] = True

        def fill(_):
            with client(certificates, timeout=60) as one:
                return one.inpaint(image, mask)

        with ThreadPoolExecutor(4) as threads:
            filled = list(threads.map(fill, range(4)))
        np.testing.assert_array_equal(filled, [image] * 4)
        assert slow.most == 2, "no more run at a time"


def test_four_calls_at_once_on_one_connection(tmp_path, certificates):
    with slow_server() as slow, proxied(tmp_path, certificates, slow.port):
        with client(certificates, timeout=60) as one, ThreadPoolExecutor(4) as threads:
            filled = list(threads.map(lambda _: one.inpaint(IMAGE, MASK), range(4)))
        np.testing.assert_array_equal(filled, [IMAGE] * 4)
        assert slow.most == 2


def test_limits_and_a_server_that_is_away_are_told_in_grpcs_own_terms(tmp_path, certificates):
    changed = {"grpc_read_timeout": "1s", "client_max_body_size": "64k"}
    with slow_server() as slow, proxied(tmp_path, certificates, slow.port, **changed):
        assert refused(certificates, NOISE, NOISE[..., 0] > 9) is Code.RESOURCE_EXHAUSTED
        slow.seconds = 3
        assert refused(certificates) is Code.UNAVAILABLE, "504: it does not answer in time"
        slow.stop()
        assert refused(certificates) is Code.UNAVAILABLE, "502: nothing listens"
        codes = {refused(certificates) for _ in range(20)}
        assert codes == {Code.UNAVAILABLE}, "429: too many in a second"
        assert slow.calls == 1


@pytest.mark.parametrize(
    "service", ["tensorflow.serving.PredictionService/Predict", "grpc.health.v1.Health/Check"]
)
def test_such_answers_have_no_body(tmp_path, certificates, service):
    command = [need("curl"), "--silent", "--http2", "--cacert", certificates / "ca.crt"]
    command += ["--include", "--header", "Content-Type: application/grpc", "--request", "POST"]
    with proxied(tmp_path, certificates, grpc_port=1):
        done = subprocess.run(
            [*command, f"https://{TARGET}/{service}"], capture_output=True, text=True, check=True
        )
    head, _, body = done.stdout.partition("\n\n")
    lines = head.lower().splitlines()
    assert lines[0].startswith("http/2 200") and body == ""
    assert {"grpc-status: 14", "content-type: application/grpc"} <= set(lines)


def test_the_proxy_finishes_what_is_running_before_it_ends(tmp_path, certificates):
    with slow_server() as slow, proxied(tmp_path, certificates, slow.port) as process:
        with client(certificates, attempts=1) as one, ThreadPoolExecutor(1) as thread:
            filled = thread.submit(one.inpaint, IMAGE, MASK)
            wait_until(lambda: slow.running)
            process.send_signal(signal.SIGQUIT)
            np.testing.assert_array_equal(filled.result(), IMAGE)
        assert process.wait(10) == 0


def test_a_renewed_connection_loses_no_call(tmp_path, certificates):
    """The server says goodbye on each connection after 0.2 s, in the middle of the call."""
    age = {"grpc.max_connection_age_ms": 200}
    with slow_server(**age) as slow, proxied(tmp_path, certificates, slow.port):
        slow.seconds = 2
        with client(certificates, attempts=1) as one:
            np.testing.assert_array_equal(one.inpaint(IMAGE, MASK), IMAGE)


@pytest.fixture
def proxy(certificates, tmp_path):
    with running(save(tmp_path / "model" / "1")) as server:
        rest = server.url.removeprefix("http://")
        port = server.server.grpc.port
        with proxied(tmp_path, certificates, port, rest, client_max_body_size="64k"):
            yield TARGET


def test_through_the_proxy(proxy, certificates):
    url, ca = f"https://{proxy}", str(certificates / "ca.crt")
    page = requests.get(url, verify=ca, timeout=20)
    assert page.text == "<title>page</title>"
    assert page.headers.items() >= HEADERS.items(), "not those of the embedded server"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    body = {"signature_name": "bytes", "instances": [ROW]}
    path = f"{url}/v1/models/tfpaint"
    assert requests.get(path, verify=ca, timeout=20).ok
    assert requests.post(f"{path}:predict", json=body, verify=ca, timeout=20).ok
    assert requests.get(f"{url}/monitoring/prometheus/metrics", verify=ca).status_code == 404
    large = requests.post(f"{path}:predict", data=b" " * 70_000, verify=ca, timeout=20)
    assert large.status_code == 413
    with InpaintClient(proxy, tls=True, ca=ca, attempts=1) as client:
        filled = client.inpaint(IMAGE, MASK)
        np.testing.assert_array_equal(filled, np.where(MASK[..., None], 128, IMAGE))
        assert client.status() == {1: "AVAILABLE"}
        for _ in range(40):
            try:
                client.inpaint(IMAGE, MASK)
            except InpaintError as error:
                assert error.code is Code.UNAVAILABLE
                break
        else:
            pytest.fail("no limit on the rate")
    posts = (requests.post(f"{path}:predict", json=body, verify=ca) for _ in range(40))
    assert any(post.status_code == 429 for post in posts), "no limit on the rate"
