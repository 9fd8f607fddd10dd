"""What the tests of the web page share: a small server with TF Serving's REST form, a browser."""

import base64
import io
import json
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from tests.programs import need

SIZE = (200, 160)  # of the small photo: shown at twice its size, in the middle of the stage


class Stub(ThreadingHTTPServer):
    """Serves a folder, and fills holes with the mean colour of what is known, plus the seed.

    Attributes:
        sent: the (photo, mask, bytes of the body) of every request.
        seeds: the seed of every request, None for the signature `bytes`.
        signatures: the names that the model has.
        refusal: None, or the (status, message) that is answered instead.
        free: while cleared, answers wait.
    """

    def __init__(self, folder, isolated=False):
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.isolated = isolated
        self.sent, self.seeds, self.refusal = [], [], None
        self.signatures = ["bytes", "variants"]
        self.free = threading.Event()
        self.free.set()


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_):
        pass

    def end_headers(self):
        if self.server.isolated:  # what threads in WASM need
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def do_GET(self):
        if self.path == "/v1/models/tfpaint":
            self._answer(200, b"")
        elif self.path == "/v1/models/tfpaint/metadata":
            known = {"signature_def": dict.fromkeys(self.server.signatures, {})}
            self._answer(200, {"metadata": {"signature_def": known}})
        else:
            super().do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/models/tfpaint:predict"
        self.server.free.wait(10)
        status, reply = 200, None
        if self.server.refusal:
            status, message = self.server.refusal
            reply = message if isinstance(message, bytes) else {"error": message}
        else:
            reply = self._fill(body)
        self._answer(status, reply)

    def _answer(self, status, reply):
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _fill(self, body):
        request = json.loads(body)
        (instance,) = request["instances"]
        seed = instance.pop("seed", None)
        assert request["signature_name"] == ("bytes" if seed is None else "variants")
        files = {name: io.BytesIO(base64.b64decode(one["b64"])) for name, one in instance.items()}
        photo = np.array(Image.open(files["image_bytes"]).convert("RGB"))
        mask = np.array(Image.open(files["mask_bytes"]).convert("L")) > 127
        self.server.sent.append((photo.copy(), mask, len(body)))
        self.server.seeds.append(seed)
        photo[mask] = mean_colour(photo, mask) + np.uint8(seed or 0)
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG", compress_level=1)
        return {"predictions": [{"b64": base64.b64encode(file.getvalue()).decode()}]}


def mean_colour(photo, mask):
    return np.rint(photo[~mask].mean(0)).astype(np.uint8)


@contextmanager
def serve(folder, **options):
    stub = Stub(folder, **options)
    threading.Thread(target=stub.serve_forever, daemon=True).start()
    try:
        yield stub
    finally:
        stub.free.set()
        stub.shutdown()
        stub.server_close()


@contextmanager
def chromium():
    """Debian's Chromium, headless; skips where there is none, but fails in CI."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup")
    path = shutil.which("chromium-browser") or need("chromium")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@contextmanager
def visit(browser, url, **context):
    """The page, opened; afterwards it must have had no error and asked nobody else."""
    problems, hosts = [], set()
    session = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context)
    session.set_default_timeout(15_000)
    page = session.new_page()
    page.problems = problems
    page.on("console", lambda m: m.type == "error" and problems.append(m.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: not r.url.startswith(("data:", "blob:")) and hosts.add(r.url))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(url)
    page.wait_for_selector("body[data-state=empty]")
    yield page
    session.close()
    assert not problems
    assert all(host.startswith(url.split("?")[0]) for host in hosts)


def small_photo(seed=0):
    """uint8 (160, 200, 3), every pixel another."""
    return np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)


def save(array, path, **options):
    Image.fromarray(array).save(path, **options)
    return path


def open_photo(page, path):
    page.set_input_files("#photo-file", path)
    page.wait_for_selector("body[data-state=open]")


def at(page, x, y, size=SIZE):
    """The place on the screen of a pixel's corner in the small photo, which is shown at 200 %."""
    box = page.locator("#canvas").bounding_box()
    return (
        box["x"] + box["width"] / 2 + 2 * (x - size[0] / 2),
        box["y"] + box["height"] / 2 + 2 * (y - size[1] / 2),
    )


def drag(page, *places):
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def mark(page, left, top, right, bottom):
    """A rectangle, exact to the pixel."""
    page.keyboard.press("r")
    drag(page, at(page, left, top), at(page, right, bottom))


def run(page):
    page.click("[data-action=run]")
    page.wait_for_selector("[data-action=run]:enabled")


def download(page, kind, folder):
    page.click("#save")
    with page.expect_download() as waiting:
        page.click(f"[data-action={kind}]")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
