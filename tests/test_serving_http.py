"""The REST server as HTTP sees it: methods, types and codings of bodies, idle connections."""

import gzip
import http.client
import json
import time
import zlib

import pytest
import requests

from serving.limits import Limits
from serving.options import Options
from tests.serving_model import running, save
from tests.test_serving_rest import PATH, ROW

METRICS = "/monitoring/prometheus/metrics"
READ, SEND = "GET, HEAD, OPTIONS", "OPTIONS, POST"
ALLOWED = {
    "/": READ,
    "/index.html": READ,
    METRICS: READ,
    PATH: READ,
    PATH + "/versions/3": READ,
    PATH + "/metadata": READ,
    PATH + ":predict": SEND,
    PATH + "/versions/3:predict": SEND,
}
BODY = json.dumps({"signature_name": "bytes", "instances": [ROW]}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("<title>page</title>")
    limits = Limits(message_bytes=200_000)
    model = save(folder / "tfpaint" / "3")
    with running(model, page=folder / "page", limits=limits, keep_alive=1.0) as server:
        yield server


def ask(server, method, path, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, server.url + path, data=body, headers=headers, timeout=20)


@pytest.mark.parametrize("path", [path for path, allowed in ALLOWED.items() if allowed == READ])
def test_head_is_get_without_the_body(server, path):
    get, head = (ask(server, method, path) for method in ("GET", "HEAD"))
    assert get.status_code == head.status_code == 200
    assert get.content and not head.content
    if path != METRICS:  # these count requests
        assert head.headers["Content-Length"] == str(len(get.content))
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_of_what_is_not_there(server):
    for path in (PATH + "/versions/9", "/nothing.html", "/v1/models/other"):
        head = ask(server, "HEAD", path)
        assert head.status_code == 404 and not head.content


@pytest.mark.parametrize("path, allowed", ALLOWED.items())
def test_options_and_methods_that_are_not_allowed_say_what_is(server, path, allowed):
    options = ask(server, "OPTIONS", path)
    assert options.status_code == 204 and options.headers["Allow"] == allowed
    others = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} - {*allowed.split(", ")}
    for method in others:
        refused = ask(server, method, path)
        assert refused.status_code == 405 and refused.headers["Allow"] == allowed
        assert method == "HEAD" or f"{method} is not allowed" in refused.json()["error"]


@pytest.mark.parametrize("coding, encode", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies(server, coding, encode):
    path, sent = PATH + ":predict", encode(BODY)
    assert ask(server, "POST", path, sent, Content_Encoding=coding).ok
    cut = ask(server, "POST", path, sent[:-20], Content_Encoding=coding)
    assert cut.status_code == 400 and "damaged or cut off" in cut.json()["error"]
    not_so = ask(server, "POST", path, BODY, Content_Encoding=coding)
    assert not_so.status_code == 400 and "damaged or cut off" in not_so.json()["error"]
    bomb = ask(server, "POST", path, encode(b" " * 50_000_000), Content_Encoding=coding)
    assert bomb.status_code == 413 and "MiB" in bomb.json()["error"]


@pytest.mark.parametrize("coding", ["zstd", "br", "compress", "gzip, br", "x" * 500])
def test_other_codings_are_refused_by_name(server, coding):
    answer = ask(server, "POST", PATH + ":predict", BODY, Content_Encoding=coding)
    error = answer.json()["error"]
    assert answer.status_code == 415 and len(error) < 300
    assert coding[:50] in error and "send gzip, deflate or none" in error


def test_forms_and_pictures_are_refused_by_name(server):
    url = server.url + PATH + ":predict"
    form = requests.post(url, files={"image": ("a.png", b"x")}, data={"a": "b"}, timeout=20)
    picture = ask(server, "POST", PATH + ":predict", b"\x89PNG", Content_Type="image/png")
    for answer, kind in ((form, "multipart/form-data"), (picture, "image/png")):
        assert answer.status_code == 415
        assert answer.json()["error"] == f"a body of the type {kind} is not understood; send JSON"


def test_idle_connections_are_kept_as_long_as_told(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server.rest_port, timeout=20)
    for pause in (0.4, 0.4, 0):
        connection.request("HEAD", "/")
        assert connection.getresponse().read() == b""
        time.sleep(pause)
    began = time.monotonic()
    assert connection.sock.recv(1) == b""
    assert 0.5 < time.monotonic() - began < 5


def test_they_are_kept_longer_than_balancers_do(tmp_path):
    assert Options(model=tmp_path).keep_alive == 75 > 60
