"""What may differ from Chromium, in Firefox: canvases, files, keys, popovers, the clipboard."""

import numpy as np
import pytest

from tests.firefox import firefox
from tests.test_web_page import box_mask, server, stub
from tests.web_page import SIZE, mean_colour, save, small_photo
from tfpaint.pictures.tight_masks import grow

CONTROL, ESCAPE = "\ue009", "\ue00c"
IDLE = "!document.querySelector('[data-action=run]').disabled"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with firefox(tmp_path_factory.mktemp("firefox")) as window:
        yield window


@pytest.fixture
def page(window, stub, tmp_path):
    """The page with the small photo, which has its errors in `window.problems`."""
    window.goto(stub.url)
    window.wait_for("document.body.dataset.state === 'empty'")
    window.evaluate("""() => {
        window.problems = [];
        addEventListener("error", ({ message }) => problems.push(message));
        addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
        addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
    }""")
    window.type("#photo-file", save(small_photo(), tmp_path / "photo.png"))
    window.wait_for("document.body.dataset.state === 'open'")
    yield window
    assert window.evaluate("problems") == []


def mark(page, left, top, right, bottom):
    box = page.evaluate("document.querySelector('#canvas').getBoundingClientRect().toJSON()")
    scale = page.evaluate("parseInt(document.querySelector('#zoom').textContent) / 100")

    def at(x, y):
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return middle[0] + scale * (x - SIZE[0] / 2), middle[1] + scale * (y - SIZE[1] / 2)

    page.press("r")
    page.drag(at(left, top), at(right, bottom))


def run(page):
    page.click("[data-action=run]")
    page.wait_for(f"document.querySelectorAll('#notes .note').length > 0 && {IDLE}")


def pixels(page):
    """The photo as it is, from the file that is downloaded: uint8 (H, W, 3)."""
    page.evaluate("""() => {
        HTMLAnchorElement.prototype.click = () => {};
        URL.createObjectURL = (blob) => {
            createImageBitmap(blob).then((bitmap) => {
                const { width, height } = bitmap;
                const context = new OffscreenCanvas(width, height).getContext("2d");
                context.drawImage(bitmap, 0, 0);
                window.downloaded = [...context.getImageData(0, 0, width, height).data];
            });
            return "#";
        };
    }""")
    page.press(CONTROL, "s")
    page.wait_for("window.downloaded")
    return np.array(page.evaluate("downloaded")).reshape(*SIZE[::-1], 4)[..., :3]


def test_fills_what_is_marked_and_nothing_else(page, stub):
    photo, mask = small_photo(), box_mask(60, 50, 90, 70)
    mark(page, 60, 50, 90, 70)
    run(page)
    sent, hole, _ = stub.sent[0]
    np.testing.assert_array_equal(sent, photo)
    np.testing.assert_array_equal(hole, mask)
    photo[mask] = mean_colour(photo, mask)
    np.testing.assert_array_equal(pixels(page), photo)


def test_keys_menus_and_the_slider(page, stub):
    mark(page, 10, 10, 30, 30)
    mark(page, 60, 50, 90, 70)
    page.press(CONTROL, "z")
    page.click("#mask-button")
    page.evaluate("""() => {
        const slider = document.querySelector("#growth");
        slider.value = 3;
        slider.dispatchEvent(new Event("input"));
        slider.dispatchEvent(new Event("change"));
    }""")
    page.press(ESCAPE)
    assert not page.evaluate("document.querySelector('#mask-menu').matches(':popover-open')")
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], grow(box_mask(10, 10, 30, 30), 3))


def test_the_clipboard_and_links(page):
    page.press(CONTROL, "c")
    page.wait_for("document.querySelectorAll('#notes .note').length > 0")
    said = page.evaluate("document.querySelector('#notes .note p').textContent")
    assert said == "Copied."
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.setData("text/uri-list", "https://example.com/cat.jpg");
        dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    }""")
    said = page.evaluate("document.querySelector('#notes .note p').textContent")
    assert "is a link" in said


def test_a_large_photo_is_shown_small(page, tmp_path):
    """From halved copies, in colours of its own."""
    path = tmp_path / "large.png"
    save(np.full((3000, 4000, 3), (200, 80, 40), np.uint8), path)
    page.type("#photo-file", path)
    page.wait_for("parseInt(document.querySelector('#zoom').textContent) < 50")
    page.settle()
    colour = page.evaluate("""() => {
        const canvas = document.querySelector("#canvas");
        const middle = [canvas.width / 2, canvas.height / 2, 1, 1];
        return [...canvas.getContext("2d").getImageData(...middle).data];
    }""")
    assert np.abs(np.array(colour[:3]) - (200, 80, 40)).max() <= 2
