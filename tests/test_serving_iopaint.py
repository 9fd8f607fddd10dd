"""IOPaint's API as its clients use it: all kinds of pictures, settings without effect, errors."""

import argparse
import base64
import io
import json
import re
import shlex
import shutil
import socket
import subprocess

import numpy as np
import pytest
import requests
from PIL import Image
from skimage import data

from serving import server
from serving.limits import Limits
from serving.options import Options
from tests.serving_model import running, save

# What clients send beside the pictures: IOPaint's own page, and what others copied from it.
SETTINGS = {
    "ldm_steps": 20,
    "ldm_sampler": "plms",
    "zits_wireframe": True,
    "hd_strategy": "Crop",
    "hd_strategy_crop_trigger_size": 800,
    "hd_strategy_crop_margin": 128,
    "hd_strategy_resize_limit": 1280,
    "prompt": "a cat",
    "negative_prompt": "",
    "use_croper": False,
    "croper_x": -91,
    "sd_scale": 1.0,
    "sd_seed": 7,
    "sd_keep_unmasked_area": True,
    "cv2_flag": "INPAINT_NS",
    "paint_by_example_example_image": None,
    "enable_controlnet": False,
    "of_another_program": [{"x": 1}],
}
FORM = {"ldmSteps": "25", "hdStrategy": "Crop", "hdStrategyCropTrigerSize": "800", "sdSeed": "-1"}
PHOTO = data.chelsea()[100:164, 150:246]  # (64, 96, 3)
HOLE = np.zeros((64, 96), bool)
HOLE[20:40, 30:60] = True


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("iopaint") / "tfpaint" / "1")


@pytest.fixture(scope="module")
def url(model):
    origins = ("https://editor.example",)
    with running(model, iopaint=0, origins=origins, limits=Limits(pixels=8_000_000)) as running_:
        yield f"http://127.0.0.1:{running_.server.iopaint_port}"


def file_of(pixels, kind="PNG", mode=None, **options):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


def b64(content):
    return base64.b64encode(content).decode()


MASK = file_of(HOLE)
PAIR = {"image": b64(file_of(PHOTO)), "mask": b64(MASK)}


def post(url, body, path="/api/v1/inpaint", **options):
    sent = body if isinstance(body, bytes | str) else json.dumps(body)
    return requests.post(url + path, data=sent, timeout=60, **options)


def opened(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/png"
    image = Image.open(io.BytesIO(answer.content))
    assert image.format == "PNG"
    return image


def check(answer, photo=PHOTO, hole=HOLE):
    """The answer is the photo, bit for bit, but for its hole."""
    image = opened(answer)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), np.where(hole[..., None], 128, photo))


@pytest.mark.parametrize("start", ["", "data:image/png;base64,", "data:;base64,", "DATA:a/b;x=y,"])
def test_json_as_clients_send_it(url, start):
    sent = {name: start + value for name, value in PAIR.items()}
    answer = post(url, {**SETTINGS, **sent})
    assert answer.headers["X-Seed"] == "7"
    check(answer)


def test_only_a_picture_and_a_mask_in_lines_of_base64(url):
    sent = {name: base64.encodebytes(base64.b64decode(PAIR[name])).decode() for name in PAIR}
    answer = post(url, sent, headers={"Content-Type": "application/json"})
    assert answer.headers["X-Seed"] == "42"
    check(answer)
    assert 1 <= int(post(url, {**PAIR, "sd_seed": -1}).headers["X-Seed"]) < 10**8


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_photos_of_any_format_come_back_as_png(url, kind):
    content = file_of(PHOTO, kind)
    decoded = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    check(post(url, {**PAIR, "image": b64(content)}), decoded)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16"])
def test_photos_of_any_mode_come_back_as_rgb(url, mode):
    if mode == "I;16":
        content = file_of(PHOTO[..., 0].astype(np.uint16) * 257)
        decoded = np.repeat(PHOTO[..., :1], 3, -1)
    else:
        content = file_of(PHOTO, "TIFF", mode)
        decoded = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    check(post(url, {**PAIR, "image": b64(content)}), decoded)


def test_alpha_and_the_colour_profile_stay(url):
    alpha = np.arange(64 * 96).reshape(64, 96).astype(np.uint8)
    profile = b"a profile of 16B"
    content = file_of(np.dstack([PHOTO, alpha]), icc_profile=profile)
    image = opened(post(url, {**PAIR, "image": b64(content)}))
    filled = np.where(HOLE[..., None], 128, PHOTO)
    np.testing.assert_array_equal(np.asarray(image), np.dstack([filled, alpha]))
    assert image.info["icc_profile"] == profile


def test_a_turned_photo_comes_back_upright(url):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = file_of(np.rot90(PHOTO), exif=exif)
    answer = post(url, {**PAIR, "image": b64(content)})
    check(answer)
    assert 0x0112 not in opened(answer).getexif()


def test_masks_of_all_kinds_are_cut_at_127(url):
    values = np.where(HOLE, 128, 127).astype(np.uint8)
    layer = np.zeros((64, 96, 4), np.uint8)  # strokes on an empty layer, half transparent
    layer[HOLE] = (255, 255, 255, 90)
    brush = np.zeros((64, 96, 4), np.uint8)
    brush[HOLE] = (255, 203, 0, 186)  # of IOPaint's own page
    soft = file_of(np.where(HOLE, np.uint8(250), np.uint8(5)), "JPEG", quality=95)
    palette = file_of(np.uint8(255) * HOLE, "GIF")
    for mask in (*map(file_of, (values, layer, brush)), soft, palette):
        check(post(url, {**PAIR, "mask": b64(mask)}))


def test_a_black_mask_leaves_the_picture_as_it_is(url):
    check(post(url, {**PAIR, "mask": b64(file_of(~HOLE & HOLE))}), hole=~HOLE & HOLE)


def test_the_form_of_lama_cleaner(url):
    files = {"image": ("a.jpg", file_of(PHOTO, "BMP"), "image/jpeg"), "mask": ("m", MASK)}
    answer = requests.post(url + "/inpaint", files=files, data=FORM, timeout=20)
    check(answer)
    assert int(answer.headers["X-Seed"]) > 0


def test_20_megabytes(url):
    photo, hole = np.zeros((2000, 3500, 3), np.uint8), np.zeros((2000, 3500), bool)
    photo[:64, :96], hole[:64, :96] = PHOTO, HOLE
    content = file_of(photo, compress_level=0)
    assert len(content) > 20e6
    mask = file_of(hole)
    check(post(url, {"image": b64(content), "mask": b64(mask)}), photo, hole)
    files = {"image": content, "mask": mask}
    check(requests.post(url + "/inpaint", files=files, timeout=60), photo, hole)


def test_what_clients_ask_at_their_start(url):
    model = requests.get(url + "/api/v1/model", timeout=20).json()
    config = requests.get(url + "/api/v1/server-config", timeout=20).json()
    assert model["name"] == "tfpaint" and model["model_type"] == "inpaint"
    assert model["need_prompt"] is False and model["controlnets"] == []
    assert config["modelInfos"] == [model] and config["plugins"] == []
    assert config["disableModelSwitch"] is True and config["enableControlnet"] is False
    assert requests.head(url + "/api/v1/model", timeout=20).ok


@pytest.mark.parametrize("operate", ["expand", "shrink", "reverse"])
def test_adjust_mask(url, operate):
    answer = post(url, {"mask": PAIR["mask"], "operate": operate, "kernel_size": 4}, ADJUST)
    image = opened(answer)
    pixels = np.asarray(image)
    missing = pixels[..., 3] > 0
    assert image.mode == "RGBA" and (pixels[missing] == (255, 203, 0, 186)).all()
    assert not pixels[~missing].any()
    middle = missing[30]
    if operate == "reverse":
        np.testing.assert_array_equal(missing, ~HOLE)
    else:
        first = 26 if operate == "expand" else 34
        np.testing.assert_array_equal(np.flatnonzero(middle), np.arange(first, 90 - first))
    check(post(url, {**PAIR, "mask": b64(answer.content)}), hole=missing)


ADJUST = "/api/v1/adjust_mask"
INPAINT = "/api/v1/inpaint"
GIF = file_of(PHOTO, "GIF", save_all=True, append_images=[Image.fromarray(PHOTO[::-1])])
LARGE = file_of(np.zeros((3000, 3000), bool))
BAD = [
    (INPAINT, {**PAIR, "mask": b64(file_of(HOLE.T))}, 400, "64 x 96 pixels, but the image 96 x 64"),
    (INPAINT, {**PAIR, "mask": b64(file_of(HOLE | True))}, 400, "covers the whole photo"),
    (INPAINT, {**PAIR, "image": "%%%"}, 400, "Unable to base64 decode"),
    (INPAINT, {**PAIR, "image": "\ud800"}, 400, "Unable to base64 decode"),
    (INPAINT, {**PAIR, "image": "data:image/png;base64"}, 400, "image: is empty"),
    (INPAINT, {**PAIR, "image": b64(b"no picture")}, 400, "image: is not a picture"),
    (INPAINT, {**PAIR, "mask": b64(MASK[:-30])}, 400, "mask: truncated or damaged"),
    (INPAINT, {**PAIR, "image": b64(b"\0\0\0\x18ftypheic")}, 400, "HEIC"),
    (INPAINT, {**PAIR, "image": b64(GIF)}, 400, "2 frames"),
    (INPAINT, {**PAIR, "image": b64(LARGE)}, 400, "9.0 megapixels, over the limit of 8"),
    (INPAINT, {**PAIR, "mask": b64(LARGE)}, 400, "9.0 megapixels, over the limit of 8"),
    (INPAINT, {"mask": PAIR["mask"]}, 422, "image: send"),
    (INPAINT, {**PAIR, "mask": None}, 422, "mask: send"),
    (INPAINT, {**PAIR, "mask": {"b64": "x"}}, 422, "mask: send"),
    (INPAINT, {**PAIR, "sd_seed": "x"}, 422, "sd_seed: send"),
    (INPAINT, {**PAIR, "sd_seed": 10**400}, 422, "sd_seed: send"),
    (INPAINT, '{"sd_seed": Infinity, ' + json.dumps(PAIR)[1:], 422, "sd_seed: send"),
    (INPAINT, b"", 422, "JSON"),
    (INPAINT, b"\xff\xfe", 422, "JSON"),
    (INPAINT, b"[" * 100_000, 422, "JSON"),
    (INPAINT, b"[1]", 422, "not an object"),
    (ADJUST, {"mask": PAIR["mask"]}, 422, "operate: send one of expand"),
    (ADJUST, {"mask": PAIR["mask"], "operate": ["expand"]}, 422, "operate: send one of expand"),
    (ADJUST, {**PAIR, "operate": "expand", "kernel_size": 10**9}, 400, "from 0 to 100"),
    (ADJUST, {**PAIR, "operate": "expand", "kernel_size": -1}, 400, "from 0 to 100"),
    (ADJUST, {"operate": "expand"}, 422, "mask: send"),
    ("/inpaint", json.dumps(PAIR), 400, "send a form"),
    ("/api/v1/run_plugin_gen_mask", {}, 404, "only inpaint and adjust_mask"),
    ("/api/v1/model", {"name": "lama"}, 404, "only inpaint and adjust_mask"),
]


@pytest.mark.parametrize("path, body, status, message", BAD, ids=range(len(BAD)))
def test_errors_have_a_detail(url, path, body, status, message):
    answer = post(url, body, path)
    detail = answer.json()["detail"]
    assert answer.status_code == status and message in detail, detail
    assert "\n" not in detail and "/proc" not in detail and "magick" not in detail


FORMS = [
    (b"", "cut off"),
    (b"--x\r\n", "cut off"),
    (b"\r\n" * 1_000_000, "cut off"),
    (b"--x\r\n\r\n" * 100_000 + b"--x--", "more than 200"),
    (b"--x\r\na: b" + b"c" * 9000 + b"\r\n\r\n\r\n--x--", "too long"),
    (
        b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nA\r\n--x--\r\n',
        "mask: the form",
    ),
    (b"--x\r\n\r\n\r\n--x--\r\n", "image: the form"),
    (b"--x--", "image: the form"),
]


@pytest.mark.parametrize("body, message", FORMS, ids=range(len(FORMS)))
def test_broken_forms(url, body, message):
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = post(url, body, "/inpaint", headers=kind)
    assert answer.status_code in (400, 422) and message in answer.json()["detail"]


def test_a_form_where_json_is_due(url):
    answer = requests.post(url + INPAINT, files={"image": MASK, "mask": MASK}, timeout=20)
    assert answer.status_code == 415 and "send JSON" in answer.json()["detail"]


def test_other_origins_get_nothing_and_the_allowed_one_what_it_needs(url):
    asked = {"Access-Control-Request-Method": "POST"}
    for origin in ("https://evil.example", "null", "https://editor.example.evil.example", ""):
        for method in ("OPTIONS", "POST"):
            headers = {"Origin": origin, **asked}
            answer = requests.request(method, url + INPAINT, headers=headers, timeout=20)
            assert not [name for name in answer.headers if name.startswith("Access-Control")]
    allowed = {"Origin": "https://editor.example"}
    preflight = requests.options(url + INPAINT, headers=allowed | asked, timeout=20)
    assert preflight.ok and "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    for body in (PAIR, {}):  # errors can be read, too
        answer = post(url, body, headers=allowed)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://editor.example"
        assert answer.headers["Access-Control-Expose-Headers"] == "X-Seed"
    page = requests.get(url, headers=allowed, timeout=20)
    assert "Access-Control-Allow-Origin" not in page.headers


def test_the_same_token_limits_and_queue(model):
    limits = Limits(message_bytes=200_000, seconds=1)
    options = {"token": "secret", "limits": limits, "origins": ("https://editor.example",)}
    with running(model, iopaint=0, **options) as running_:
        url = f"http://127.0.0.1:{running_.server.iopaint_port}"
        for path in (INPAINT, "/inpaint", ADJUST):
            answer = post(url, PAIR, path)
            assert answer.status_code == 401 and "token" in answer.json()["detail"]
        assert requests.get(url + "/api/v1/server-config", timeout=20).status_code == 401
        preflight = requests.options(
            url + INPAINT, headers={"Origin": "https://editor.example"}, timeout=20
        )
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        right = {"Authorization": "Bearer secret"}
        check(post(url, PAIR, headers=right))
        check(post(running_.url, PAIR, headers=right))  # the ports are one server
        assert post(url, b" " * 200_001, headers=right).status_code == 413
        with socket.create_connection(("127.0.0.1", running_.server.iopaint_port)) as slow:
            head = f"POST {INPAINT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"
            slow.sendall(f"{head}Content-Length: 9\r\n\r\n".encode())
            assert b" 408 " in slow.recv(100)
        running_.server.workers.in_flight += 16
        assert post(url, PAIR, headers=right).status_code == 429
        running_.server.workers.in_flight -= 16
        metrics = requests.get(
            running_.url + "/monitoring/prometheus/metrics", headers=right, timeout=20
        )
        assert 'code="OK",protocol="iopaint"' in metrics.text


def test_without_the_option_nothing_is_there(model):
    with running(model) as running_:
        assert running_.server.iopaint_port is None
        for path in (INPAINT, "/inpaint", ADJUST):
            answer = post(running_.url, PAIR, path)
            assert answer.status_code == 405 and list(answer.json()) == ["error"]
        assert requests.get(running_.url + "/api/v1/model", timeout=20).status_code == 404


def test_nothing_listens_elsewhere_by_default(tmp_path):
    assert Options(model=tmp_path).iopaint is None and Options(model=tmp_path).origins == ()
    assert server.Server(Options(model=tmp_path, iopaint=8080)).options.host == "127.0.0.1"


def test_the_docs(url, root, tmp_path):
    """The example fills a photo, and the commands and options are there."""
    text = (root / "docs" / "iopaint.md").read_text()
    start, example = re.findall(r"```bash\n(.*?)```", text, re.S)
    parser = argparse.ArgumentParser()
    server.add_arguments(parser)
    (line,) = re.findall(r"^.* serving server (.*?) +#", start, re.M)
    assert parser.parse_args(shlex.split(line)).iopaint == 8080
    assert parser.parse_args(["--model", "x", "--iopaint", "9000"]).iopaint == 9000
    for name in ("curl", "base64"):
        if shutil.which(name) is None:
            pytest.skip(f"needs the program {name}")
    (tmp_path / "photo.jpg").write_bytes(file_of(PHOTO))
    (tmp_path / "mask.png").write_bytes(MASK)
    example = example.replace("http://127.0.0.1:8080", url)
    subprocess.run(["bash", "-c", example], check=True, timeout=60, cwd=tmp_path)
    filled = np.asarray(Image.open(tmp_path / "filled.png"))
    np.testing.assert_array_equal(filled, np.where(HOLE[..., None], 128, PHOTO))
