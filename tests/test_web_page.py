"""The web page in a real browser, against a small server with TF Serving's REST form."""

import re

import numpy as np
import pytest
from PIL import Image, ImageCms

from export.web_assets import PAGE
from tests import web_page
from tests.web_page import SIZE, at, drag, mark, open_photo, run, save, small_photo


@pytest.fixture(scope="module")
def browser():
    with web_page.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(root):
    with web_page.serve(root / "export" / "web") as stub:
        yield stub


@pytest.fixture
def stub(server):
    server.sent.clear()
    server.seeds.clear()
    server.signatures = ["bytes", "variants"]
    server.refusal = None
    server.free.set()
    return server


@pytest.fixture
def page(browser, stub):
    with web_page.visit(browser, stub.url) as page:
        yield page


@pytest.fixture
def photo(page, tmp_path):
    """The small photo, opened."""
    array = small_photo()
    open_photo(page, save(array, tmp_path / "photo.png"))
    return array


def box_mask(left, top, right, bottom):
    mask = np.zeros(SIZE[::-1], bool)
    mask[top:bottom, left:right] = True
    return mask


def note(page):
    return page.locator("#notes .note p").inner_text()


def pixel(page, x, y):
    """The colour on the screen."""
    return page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector("#canvas");
            const box = canvas.getBoundingClientRect();
            return [...canvas.getContext("2d").getImageData(x - box.x, y - box.y, 1, 1).data];
        }""",
        [x, y],
    )[:3]


def test_loads(page):
    assert page.title() == "tfpaint"
    assert page.is_disabled("[data-action=run]")
    assert page.is_hidden("[data-action=sample]")  # nothing was built into this folder
    page.click("[popovertarget=engines]")
    assert page.is_disabled("[value=browser]")
    assert "without the model" in page.inner_text("#browser-note")


def test_all_that_the_page_asks_for_is_built_into_it(root):
    text = (root / "export" / "web" / "index.html").read_text()
    asked = re.findall(r'(?:href|src)="([\w./]+)', text)
    assert "style.css" in asked and {name.split("/")[0] for name in asked} <= set(PAGE)


def test_fills_what_is_marked_and_nothing_else(page, stub, photo, tmp_path):
    mark(page, 60, 50, 90, 70)
    run(page)
    sent, mask, _ = stub.sent[0]
    np.testing.assert_array_equal(sent, photo)  # all of a small photo is around its hole
    np.testing.assert_array_equal(mask, box_mask(60, 50, 90, 70))
    path = web_page.download(page, "savePng", tmp_path)
    assert path.name == "photo-filled.png"
    expected = photo.copy()
    expected[mask] = web_page.mean_colour(photo, mask)
    np.testing.assert_array_equal(np.array(Image.open(path).convert("RGB")), expected)


def test_undo_and_redo(page, stub, photo):
    assert page.is_disabled("[data-action=undo]")
    mark(page, 10, 10, 30, 30)
    mark(page, 50, 50, 70, 80)
    page.click("[data-action=undo]")
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], box_mask(10, 10, 30, 30))
    page.keyboard.press("Control+z")  # the photo and the mask from before the run
    mark(page, 50, 50, 70, 80)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    assert page.is_disabled("[data-action=redo]")
    run(page)
    sent, mask, _ = stub.sent[1]
    np.testing.assert_array_equal(sent, photo)
    np.testing.assert_array_equal(mask, box_mask(10, 10, 30, 30) | box_mask(50, 50, 70, 80))


def test_editing_goes_on_on_the_result(page, stub, photo):
    mark(page, 60, 50, 90, 70)
    run(page)
    mark(page, 85, 60, 120, 90)
    run(page)
    first, second = stub.sent
    expected = photo.copy()
    expected[first[1]] = web_page.mean_colour(photo, first[1])
    np.testing.assert_array_equal(second[0], expected)


def test_brush_eraser_and_lasso(page, stub, photo):
    page.keyboard.press("b")
    page.locator("#size").fill("40")  # on the screen: 20 pixels of the photo
    drag(page, at(page, 60, 80), at(page, 140, 80))
    page.keyboard.press("e")
    page.locator("#size").fill("20")
    drag(page, at(page, 100, 40), at(page, 100, 120))
    page.keyboard.press("l")
    drag(page, at(page, 20, 100), at(page, 60, 100), at(page, 60, 140), at(page, 20, 100))
    run(page)
    mask = stub.sent[0][1]
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    near = np.hypot(np.maximum(np.abs(x - 100) - 40, 0), y - 80)
    brush = (near < 10) & (np.abs(x - 100) > 5)
    lasso = (x < 60) & (y > 100) & (y - 100 < x - 20)
    assert np.count_nonzero(mask != (brush | lasso)) < 0.03 * np.count_nonzero(mask)


def test_alt_takes_away(page, stub, photo):
    mark(page, 40, 40, 100, 100)
    page.keyboard.down("Alt")
    mark(page, 60, 60, 80, 80)
    page.keyboard.up("Alt")
    run(page)
    expected = box_mask(40, 40, 100, 100) & ~box_mask(60, 60, 80, 80)
    np.testing.assert_array_equal(stub.sent[0][1], expected)


def test_mask_from_a_file(page, stub, photo, tmp_path):
    wanted = np.random.default_rng(1).random(SIZE[::-1]) < 0.3
    page.set_input_files("#mask-file", save(wanted.astype(np.uint8) * 255, tmp_path / "mask.png"))
    page.wait_for_selector("[data-action=undo]:enabled")
    page.keyboard.press("i")
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], ~wanted)

    red = np.where(wanted[..., None], (255, 0, 0), 0).astype(np.uint8)
    page.set_input_files("#mask-file", save(red, tmp_path / "red.png"))
    page.wait_for_selector("[data-action=run]:enabled")
    run(page)
    np.testing.assert_array_equal(stub.sent[1][1], wanted)

    page.set_input_files("#mask-file", save(np.zeros((9, 30), np.uint8), tmp_path / "other.png"))
    page.wait_for_selector(".note.alert")
    assert note(page) == (
        "The mask is 30 × 9 pixels, but the photo 200 × 160. They have to be of one size."
    )


def test_empty_and_full_masks(page, stub, photo):
    page.click("[data-action=run]")
    assert "Paint over" in note(page)
    page.click("#mask-button")
    page.click("[data-action=invert]")
    page.click("[data-action=run]")
    assert "Everything is marked" in note(page)
    page.keyboard.press("Delete")
    page.click("[data-action=run]")
    assert "Paint over" in note(page)
    assert not stub.sent


def test_transparent_parts_are_marked(page, stub, tmp_path):
    hole = box_mask(30, 20, 90, 60)
    rgba = np.dstack([small_photo(), np.where(hole, 0, 255).astype(np.uint8)])
    open_photo(page, save(rgba, tmp_path / "cut.png"))
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], hole)


def test_jpeg_keeps_exif_and_size(page, photo, tmp_path):
    """Orientation goes, since the result is upright, and the thumbnail, which shows what went."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    thumbnail = b"\xff\xd8thumbnail\xff\xd9"
    data = with_thumbnail(exif.tobytes(), thumbnail)
    assert thumbnail in data
    open_photo(page, save(photo, tmp_path / "turned.jpg", quality=95, exif=data))
    page.wait_for_selector("[data-action=undo]:disabled")
    box = page.locator("#canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (middle[0] + 20, middle[1] + 20))
    run(page)
    path = web_page.download(page, "saveJpeg", tmp_path)
    assert path.name == "turned-filled.jpg"
    assert thumbnail not in path.read_bytes()
    with Image.open(path) as result:
        assert result.size == SIZE[::-1]
        assert result.getexif()[0x010F] == "Maker"
        assert result.getexif()[0x0112] == 1
        assert result.getexif().get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
    with Image.open(web_page.download(page, "savePng", tmp_path)) as result:
        assert result.getexif()[0x010F] == "Maker"


def with_thumbnail(exif, thumbnail):
    """EXIF as Pillow writes it (little-endian here), and a second directory with a thumbnail."""
    data = bytearray(exif[6:] if exif.startswith(b"Exif") else exif)
    order = "little" if data.startswith(b"II") else "big"
    first = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[first : first + 2], order)
    link = first + 2 + 12 * count
    data[link : link + 4] = len(data).to_bytes(4, order)
    at = len(data) + 2 + 2 * 12 + 4
    data += (2).to_bytes(2, order)
    for tag, value in ((0x0201, at), (0x0202, len(thumbnail))):
        data += tag.to_bytes(2, order) + (4).to_bytes(2, order)
        data += (1).to_bytes(4, order) + value.to_bytes(4, order)
    return b"Exif\0\0" + bytes(data) + bytes(4) + thumbnail


def test_slider_shows_before_and_after(page, photo):
    assert page.is_disabled("[data-action=compare]")
    mark(page, 60, 50, 140, 110)
    run(page)
    after = pixel(page, *at(page, 100, 80))
    page.keyboard.press("c")
    slider = page.locator("#compare input")
    slider.fill("1000")
    page.wait_for_timeout(60)
    before = pixel(page, *at(page, 100.2, 80.2))
    assert before != after
    assert before == pytest.approx(photo[80, 100], abs=80)  # drawn at 200 %, smoothly
    slider.fill("0")
    page.wait_for_timeout(60)
    assert pixel(page, *at(page, 100, 80)) == after
    page.keyboard.press("c")
    assert page.is_hidden("#compare")


def test_zoom_and_pan(page, stub, photo):
    page.mouse.move(*at(page, 100, 80))
    page.mouse.wheel(0, -120)
    page.wait_for_selector("#zoom >> text=254 %")
    page.keyboard.press("0")
    page.keyboard.down("Space")
    drag(page, at(page, 100, 80), at(page, 110, 80))  # moves the photo by 10 of its pixels
    page.keyboard.up("Space")
    page.keyboard.press("r")
    drag(page, at(page, 60, 50), at(page, 90, 70))
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], box_mask(50, 50, 80, 70))


def test_escape_closes_menus(page, photo):
    page.click("#save")
    page.wait_for_selector("#save-menu:popover-open")
    page.keyboard.press("Escape")
    page.wait_for_selector("#save-menu:popover-open", state="hidden")


@pytest.mark.parametrize("suffix", ["png", "webp", "jpg"])
def test_srgb_profiles_are_no_wide_gamut(page, stub, tmp_path, suffix):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = srgb.replace(b"sRGB", b"wide").replace("sRGB".encode("utf-16-be"), b"\0w\0i\0d\0e")
    for profile, expected in ((srgb, False), (wide, True)):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(small_photo()).save(path, icc_profile=profile)
        script = """async ([url, bytes]) => {
            const { isWideGamut } = await import(url + "js/metadata.js");
            return isWideGamut(Uint8Array.from(bytes));
        }"""
        assert page.evaluate(script, [stub.url, list(path.read_bytes())]) == expected


def test_drop_and_paste(page, stub):
    give = """([kind, property]) => {
        const canvas = new OffscreenCanvas(SIZE, 40);
        canvas.getContext("2d").fillRect(0, 0, 9, 9);
        return canvas.convertToBlob().then((blob) => {
            const data = new DataTransfer();
            data.items.add(new File([blob], kind + ".png", { type: "image/png" }));
            const make = kind === "drop" ? DragEvent : ClipboardEvent;
            const event = new make(kind, { [property]: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
        });
    }"""
    page.evaluate(give.replace("SIZE", "60"), ["drop", "dataTransfer"])
    page.wait_for_selector("body[data-state=open]")
    page.keyboard.press("i")
    page.evaluate(give.replace("SIZE", "80"), ["paste", "clipboardData"])
    page.wait_for_selector("[data-action=undo]:disabled")
    mark(page, 95, 75, 105, 85)  # from the middle
    run(page)
    assert stub.sent[0][1].shape == (40, 80)


def test_twelve_megapixels_stay_fluid(page, stub, tmp_path):
    """Only what is around the hole is sent, in a picture of full size, which the server needs."""
    y, x = np.mgrid[:3000, :4000]
    ramp = np.stack([x >> 4, y >> 4, (x + y) >> 5], -1).astype(np.uint8)
    ramp += np.random.default_rng(0).integers(0, 8, ramp.shape, np.uint8)
    open_photo(page, save(ramp, tmp_path / "large.png", compress_level=1))
    page.evaluate(
        """() => {
            window.frames = [];
            const tick = (now) => { window.frames.push(now); requestAnimationFrame(tick); };
            requestAnimationFrame(tick);
        }"""
    )
    places = at(page, 100, 80), at(page, 115, 70), at(page, 105, 90), at(page, 100, 80)
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=20)
    page.mouse.up()
    assert np.median(np.diff(page.evaluate("window.frames"))) < 100  # milliseconds
    run(page)
    sent, mask, size = stub.sent[0]
    assert mask.shape == (3000, 4000) and mask.any()
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    near = np.s_[rows[0] - 200 : rows[-1] + 200, columns[0] - 200 : columns[-1] + 200]
    np.testing.assert_array_equal(sent[near], ramp[near])
    assert not sent[0, 0].any() and size < 4e6
    path = web_page.download(page, "savePng", tmp_path)
    result = np.array(Image.open(path).convert("RGB"))
    np.testing.assert_array_equal(result[~mask], ramp[~mask])
    assert (result[mask] == web_page.mean_colour(sent, mask)).all()


def test_phone(browser, stub, tmp_path):
    phone = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
    with web_page.visit(browser, stub.url, **phone) as page:
        open_photo(page, save(small_photo(), tmp_path / "photo.png"))
        for button in page.locator("button:visible, label:visible").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 375
            assert box["y"] >= 0 and box["y"] + box["height"] <= 667
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        before = page.inner_text("#zoom")
        touch = page.context.new_cdp_session(page)
        x, y = at(page, 100, 80)

        def fingers(kind, *places):
            points = [{"x": x + dx, "y": y, "id": i} for i, dx in enumerate(places)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", -40)
        fingers("touchStart", -40, 40)
        fingers("touchMove", -80, 80)
        fingers("touchEnd")
        page.wait_for_selector(f"#zoom:not(:text('{before}'))")
        page.click("[data-action=run]")
        assert "Paint over" in note(page)  # two fingers mark nothing
        fingers("touchStart", -40)
        fingers("touchMove", 40)
        fingers("touchEnd")
        run(page)
        assert stub.sent[0][1].any()
