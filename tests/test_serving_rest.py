"""The REST API: TensorFlow Serving's forms, the page, and what is refused."""

import base64
import http.client
import io
import json
import socket
import threading
import time

import numpy as np
import pytest
import requests
from PIL import Image

from serving.limits import Limits
from tests.serving_model import running, save

PATH = "/v1/models/tfpaint"


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def decoded(value):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(value["b64"]))))


PHOTO = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
MASK = np.zeros((4, 6), np.uint8)
MASK[1:3, 2:4] = 255
FILLED = np.where(MASK[..., None] > 0, 128, PHOTO)
ROW = {"image_bytes": b64(png(PHOTO)), "mask_bytes": b64(png(MASK))}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("rest") / "tfpaint" / "3")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "web"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("<title>page</title>")
    (folder / "run.wasm").write_bytes(b"\0asm")
    (folder / "app.mjs").write_text("export {}")
    (folder / "app.js").write_text("export {}")
    (folder / "model.json").write_text("{}")
    (folder / "weights.bin").write_bytes(b"\0")
    (folder / ".secret").write_text("no")
    (folder.parent / "outside.txt").write_text("no")
    (folder / "link.txt").symlink_to(folder.parent / "outside.txt")
    return folder


@pytest.fixture(scope="module")
def server(model, page):
    limits = Limits(message_bytes=200_000, pixels=10_000, seconds=3)
    with running(model, page=page, limits=limits, labels={"stable": 3}) as server:
        yield server


def post(server, body, path=PATH + ":predict", **options):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return requests.post(server.url + path, data=data, timeout=20, **options)


def test_bytes_by_row(server):
    answer = post(server, {"signature_name": "bytes", "instances": [ROW, ROW]})
    assert answer.headers["Content-Type"].startswith("application/json")
    (first, second) = answer.json()["predictions"]
    np.testing.assert_array_equal(decoded(first), FILLED)
    assert first == second


@pytest.mark.parametrize("end", ["\n", "\r\n", " \t"])
def test_base64_in_lines(server, end):
    """As MIME encoders and the program base64 write it; padding may be missing as before."""
    row = {}
    for name, value in ROW.items():
        text = base64.encodebytes(base64.b64decode(value["b64"])).decode()
        row[name] = {"b64": end + text.replace("\n", end).replace("=", "")}
    answer = post(server, {"signature_name": "bytes", "instances": [row]})
    np.testing.assert_array_equal(decoded(answer.json()["predictions"][0]), FILLED)


@pytest.mark.parametrize("wrap", [lambda text: {"b64": text}, str], ids=["b64", "plain"])
@pytest.mark.parametrize("kind", ["data:image/png;base64,", "DATA:,"])
def test_data_urls_are_refused_by_name(server, wrap, kind):
    url = kind + ROW["mask_bytes"]["b64"]
    row = {**ROW, "mask_bytes": wrap(url)}
    answer = post(server, {"signature_name": "bytes", "instances": [row]})
    assert answer.status_code == 400
    assert "input 'mask_bytes' is a data: URL; send" in answer.json()["error"]


def test_bytes_by_column(server):
    inputs = {name: [value] for name, value in ROW.items()}
    answer = post(server, {"signature_name": "bytes", "inputs": inputs}).json()
    np.testing.assert_array_equal(decoded(answer["outputs"][0]), FILLED)


@pytest.mark.parametrize("path", ["", "/versions/3", "/labels/stable"])
def test_arrays(server, path):
    row = {"image": PHOTO.tolist(), "mask": MASK[..., None].tolist()}
    answer = post(server, {"instances": [row]}, PATH + path + ":predict").json()
    np.testing.assert_array_equal(answer["predictions"][0], FILLED)
    inputs = {name: [value] for name, value in row.items()}
    answer = post(server, {"inputs": inputs}, PATH + path + ":predict").json()
    np.testing.assert_array_equal(answer["outputs"][0], FILLED)


def test_several_outputs_come_by_name_and_a_plain_value_is_the_only_input(server):
    answer = post(server, {"signature_name": "slow", "inputs": [0.0]}).json()
    assert answer["outputs"].keys() == {"turns", "seconds"}
    assert answer["outputs"]["seconds"] == [0.0]
    answer = post(server, {"signature_name": "slow", "instances": [0.0]})
    assert "no batch dimension" in answer.json()["error"]


def test_status_and_metadata(server):
    for path in (PATH, PATH + "/versions/3", PATH + "/labels/stable"):
        status = requests.get(server.url + path, timeout=20).json()
        (version,) = status["model_version_status"]
        assert version["version"] == "3" and version["state"] == "AVAILABLE"
        assert version["status"] == {"error_code": "OK", "error_message": ""}
        found = requests.get(server.url + path + "/metadata", timeout=20).json()
        assert found["model_spec"] == {"name": "tfpaint", "signature_name": "", "version": "3"}
        signature = found["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["inputs"]["mask"]["dtype"] == "DT_UINT8"
        assert signature["inputs"]["mask"]["tensor_shape"]["dim"][3]["size"] == "1"
        assert signature["method_name"] == "tensorflow/serving/predict"


BAD = [
    (b"", "JSON Parse error"),
    (b"[1, 2]", "not an object"),
    (b"\xff\xfe\x00", "JSON Parse error"),
    (b"[" * 50_000, "JSON Parse error"),
    (b'{"instances": ' + b"[" * 900 + b"]" * 900 + b"}", "'instances'"),
    ({"signature_name": 7}, "must be a string"),
    ({"signature_name": "none", "inputs": 1}, "not found in signature def"),
    ({"signature_name": "__saved_model_init_op", "inputs": 1}, "not found in signature def"),
    ({}, "Missing 'inputs' or 'instances' key"),
    ({"inputs": 1, "instances": 1}, "only one of"),
    ({"instances": []}, "at least one"),
    ({"instances": "x"}, "at least one"),
    ({"instances": [1]}, "is a plain value"),
    ({"inputs": {"image": [], "mask": [], "more": []}}, "keys must be equal to: image, mask"),
    ({"inputs": {"image": [[[[1, 2, 3]]]], "mask": [[[["x"]]]]}}, "'mask' is not a list"),
    ({"inputs": {"image": [[[[1, 2, 3]]]], "mask": [[[[None]]]]}}, "no uint8"),
    ({"inputs": {"image": [[[[1, 2, 300]]]], "mask": [[[[0]]]]}}, "no uint8"),
    ({"inputs": {"image": [[[[1, 2, 0.5]]]], "mask": [[[[0]]]]}}, "no uint8"),
    ('{"inputs": {"image": [[[[1, 2, NaN]]]], "mask": [[[[0]]]]}}', "no uint8"),
    ({"inputs": {"image": [[[[1, 2, 3], [1]]]], "mask": [[[[0]]]]}}, "evenly nested"),
    ({"inputs": {"image": [[[[1, 2]]]], "mask": [[[[0]]]]}}, "shape"),
    ({"inputs": {"image": [], "mask": []}}, "shape"),
    ({"inputs": {"image": [[[[1, 2, 3]]]], "mask": [[[[0], [0]]]]}}, "photo's size"),
    ({"inputs": {"image": [[[[1, 2, 3]]] * 10_001], "mask": [[[[0]]]]}}, "megapixels"),
    ({"signature_name": "slow", "inputs": [float("nan")]}, "NaN"),
    ({"signature_name": "bytes", "instances": [{**ROW, "mask_bytes": {"b64": "%"}}]}, "base64"),
    ({"signature_name": "bytes", "instances": [{**ROW, "mask_bytes": "a\0b"}]}, "PNG or JPEG"),
    ({"signature_name": "bytes", "instances": [{**ROW, "mask_bytes": 3}]}, "'mask_bytes' holds"),
    ({"signature_name": "bytes", "inputs": {"image_bytes": [], "mask_bytes": []}}, "is empty"),
    (
        {"signature_name": "bytes", "inputs": {"image_bytes": [["a"], []], "mask_bytes": ["a"]}},
        "evenly nested",
    ),
    (
        {
            "signature_name": "bytes",
            "instances": [{**ROW, "mask_bytes": b64(png(np.zeros((200, 200), np.uint8)))}],
        },
        "megapixels",
    ),
]


@pytest.mark.parametrize("body, message", BAD, ids=range(len(BAD)))
def test_bad_requests_get_one_line(server, body, message):
    answer = post(server, body)
    error = answer.json()["error"]
    assert answer.status_code == 400, error
    assert message in error and "\n" not in error and len(error) <= 500


def test_a_bomb_of_brackets_is_not_parsed(model):
    with running(model) as server:
        answer = post(server, b'{"instances": [' + b"[]," * 2_000_000 + b"[]]}")
        assert "too many lists" in answer.json()["error"]


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("POST", "/v1/models/other:predict", 404),
        ("GET", "/v1/models/other", 404),
        ("GET", "/v1/models/other/metadata", 404),
        ("POST", PATH + "/versions/9:predict", 404),
        ("POST", PATH + "/labels/none:predict", 404),
        ("POST", PATH + f"/versions/{10**30}:predict", 400),
        ("GET", PATH + "/versions/" + "9" * 5000, 400),
        ("POST", PATH, 405),
        ("GET", PATH + ":predict", 405),
        ("POST", PATH + ":classify", 400),
        ("GET", "/v1/models/../../etc/passwd", 404),
        ("GET", "/v1/models/%2e%2e%2f%00", 400),
        ("DELETE", PATH, 405),
        ("POST", "/", 405),
    ],
)
def test_wrong_paths(server, method, path, status):
    answer = requests.request(method, server.url + path, data=json.dumps({}), timeout=20)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_large_bodies_are_refused(server):
    assert post(server, b" " * 200_001).status_code == 413
    chunks = (b" " * 50_000 for _ in range(5))
    answer = requests.post(server.url + PATH + ":predict", data=chunks, timeout=20)
    assert answer.status_code == 413 and "MiB" in answer.json()["error"]


def test_a_call_that_takes_too_long_is_ended(server):
    began = time.monotonic()
    answer = post(server, {"signature_name": "slow", "inputs": [60.0]})
    assert answer.status_code == 504 and time.monotonic() - began < 6


def test_slow_senders_are_dropped_and_others_served_meanwhile(server):
    host = ("127.0.0.1", server.server.rest_port)
    slow = [socket.create_connection(host, timeout=20) for _ in range(40)]
    for connection in slow:
        head = f"POST {PATH}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{"
        connection.sendall(head.encode())
    test_bytes_by_row(server)
    for connection in slow:
        assert b" 408 " in connection.recv(100).split(b"\r\n")[0] + b" "
        connection.close()


def test_cut_off_bodies_leave_nothing_behind(server):
    for _ in range(5):
        connection = socket.create_connection(("127.0.0.1", server.server.rest_port), timeout=20)
        head = f"POST {PATH}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{"
        connection.sendall(head.encode())
        connection.close()
    test_bytes_by_row(server)
    assert server.server.rest._receiving == 0
    assert server.server.workers.in_flight == 0


def test_past_the_limit_requests_are_refused_at_once(model):
    with running(model, workers=1, max_in_flight=2) as server:
        body = {"signature_name": "slow", "inputs": [1.5]}
        threads = [threading.Thread(target=post, args=(server, body)) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        answer = post(server, body)
        assert answer.status_code == 429 and time.monotonic() - began < 0.5
        for thread in threads:
            thread.join()
        assert post(server, body | {"inputs": [0.0]}).status_code == 200


def test_the_page(server, page):
    answer = requests.get(server.url + "/", timeout=20)
    assert answer.text == "<title>page</title>"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    types = {
        "run.wasm": "application/wasm",
        "app.js": "text/javascript; charset=utf-8",
        "app.mjs": "text/javascript; charset=utf-8",
        "model.json": "application/json",
        "weights.bin": "application/octet-stream",
    }
    for name, kind in types.items():
        answer = requests.get(f"{server.url}/{name}?v=1", timeout=20)
        assert answer.content == (page / name).read_bytes()
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert "script-src 'self' 'wasm-unsafe-eval'" in answer.headers["Content-Security-Policy"]


def test_a_connection_serves_one_file_after_another(server, page, caplog):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    for name in ("app.js", "run.wasm", "app.js"):
        connection.request("GET", f"/{name}")
        socket_, answer = connection.sock, connection.getresponse()
        assert answer.read() == (page / name).read_bytes()
        assert connection.sock is socket_  # not closed in between
    connection.close()
    assert not caplog.records


def test_without_a_page(model):
    with running(model) as server:
        answer = requests.get(server.url + "/", timeout=20)
        assert answer.ok and "export/web, is not installed" in answer.text
        assert requests.get(server.url + "/index.html", timeout=20).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/sub/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/..%5coutside.txt",
        "/link.txt",
        "/.secret",
        "//etc/passwd",
        "/%00",
        "/index.html%00.js",
        "/sub/",
        "/" + "a" * 5000,
    ],
)
def test_path_tricks_lead_nowhere(server, path):
    connection = socket.create_connection(("127.0.0.1", server.server.rest_port), timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404"), answer[:80]
    assert b"no such file" in answer


def test_metrics(server):
    post(server, {"signature_name": "bytes", "instances": [ROW]})
    text = requests.get(server.url + "/monitoring/prometheus/metrics", timeout=20).text
    assert 'tfpaint_requests_total{code="OK",protocol="rest",signature="bytes"}' in text
    assert 'tfpaint_model_version{version="3"} 1.0' in text
    assert "tfpaint_requests_in_flight 0.0" in text


def test_the_token(model):
    with running(model, token="secret") as server:
        path = "/monitoring/prometheus/metrics"
        for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            assert post(server, {"inputs": 1}, headers=sent).status_code == 401
            assert requests.get(server.url + path, headers=sent, timeout=20).status_code == 401
        right = {"Authorization": "Bearer secret"}
        body = {"signature_name": "bytes", "instances": [ROW]}
        assert post(server, body, headers=right).status_code == 200
        assert requests.get(server.url + path, headers=right, timeout=20).status_code == 200
        assert requests.get(server.url + "/", timeout=20).status_code == 200
