"""What the page does with holes and windows is what the library does."""

import numpy as np
import pytest

from tests import web_page


@pytest.fixture(scope="module")
def page(root):
    with (
        web_page.chromium() as browser,
        web_page.serve(root / "export" / "web") as stub,
        web_page.visit(browser, stub.url) as page,
    ):
        yield page


def random_mask(random, width, height):
    """Bars of any size, some of them thin."""
    mask = np.zeros((height, width), bool)
    for _ in range(6):
        x, y = random.integers(0, width), random.integers(0, height)
        sides = random.permutation([random.integers(1, 400), random.integers(1, 60)])
        mask[y : y + sides[0], x : x + sides[1]] = True
    return mask


def test_holes_are_found_as_in_python(page):
    from tfpaint.filling import holes, windows

    random = np.random.default_rng(0)
    for width, height in ((300, 200), (700, 1500), (900, 640)):
        mask = random_mask(random, width, height)
        script = """async ([url, width, height, scales, packed]) => {
            const { findBoxes, windowAround } = await import(url + "js/holes.js");
            const missing = Uint8Array.from(packed, Number);
            return findBoxes(missing, width, height, scales).map((box) => {
                const { x, y, side } = windowAround(box, width, height, scales);
                return [[box.top, box.left, box.bottom, box.right], [y, x, side]];
            });
        }"""
        packed = "".join(map(str, mask.ravel().astype(int)))
        scales = [128, 256, 512, 1024, 2048]
        found = page.evaluate(script, [page.url, width, height, scales, packed])
        boxes = holes.find_boxes(mask, scales)
        around = windows.window_around(boxes, mask.shape, scales)
        assert [box for box, _ in found] == boxes.numpy().tolist()
        assert [window for _, window in found] == around.numpy().tolist()


def test_windows_are_cut_and_pasted_as_in_python(page):
    import tensorflow as tf

    from tfpaint.filling import blending, windows

    random = np.random.default_rng(0)
    width, height, size = 90, 70, 32
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), bool)
    mask[20:45, 50:71] = True
    result = random.uniform(0, 255, (size, size, 3)).astype(np.float32)
    box = [20, 50, 45, 71]
    for y, x, side in ((16, 44, size), (-8, 30, 77)):
        script = """async ([url, width, height, size, [y, x, side], photo, mask, result, box]) => {
            const { cut, enlarge } = await import(url + "js/windows.js");
            const pixels = Uint8ClampedArray.from(photo.flatMap((colour) => [...colour, 255]));
            const place = { x: 0, y: 0, width, height };
            const seen = { pixels, missing: Uint8Array.from(mask), place };
            const window = { x, y, side };
            const [top, left, bottom, right] = box;
            const part = cut(seen, window, size, width, height);
            const patch = enlarge(result, size, window, { top, left, bottom, right });
            return [[...part.image], [...part.mask], [...patch.pixels]];
        }"""
        arrays = (photo.reshape(-1, 3).tolist(), mask.ravel().tolist(), result.ravel().tolist())
        window = (y, x, side)
        image, hole, patch = page.evaluate(
            script, [page.url, width, height, size, window, *arrays, box]
        )
        crop = windows.crop_mirrored(photo, mask, np.array(window, np.int32), size)
        expected, missing = windows.at_scale(crop, size)
        np.testing.assert_allclose(np.reshape(image, (size, size, 3)), expected, atol=1e-3)
        np.testing.assert_array_equal(np.reshape(hole, (size, size, 1)), missing)
        tensors = [tf.constant(x) for x in (photo[None], mask, result[None], window, box)]
        pasted = blending.paste(*tensors)
        patch = np.reshape(patch, (25, 21, 4))[..., :3]
        np.testing.assert_array_equal(pasted[0, 20:45, 50:71], patch)


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_a_line_at_the_edge_is_seen_whole(page, edge):
    """The window of a line of one pixel mirrors one line more than it covers."""
    from tfpaint.filling import holes, windows

    width, height, size = 300, 200, 128
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), bool)
    line = slice(20, 60)
    places = {"left": (line, 0), "right": (line, -1), "top": (0, line), "bottom": (-1, line)}
    mask[places[edge]] = True
    (box,) = holes.find_boxes(mask, [128, 256]).numpy()[:1]
    window = windows.window_around(box[None], mask.shape, [128, 256])[0]
    script = """async ([url, width, height, size, [y, x, side], photo, mask]) => {
        const { cut, visible } = await import(url + "js/windows.js");
        const window = { x, y, side };
        const place = visible(window, width, height);
        const pixels = new Uint8ClampedArray(4 * place.width * place.height);
        const missing = new Uint8Array(place.width * place.height);
        for (let row = 0, at = 0; row < place.height; row++) {
            for (let column = 0; column < place.width; column++, at++) {
                const from = (row + place.y) * width + column + place.x;
                missing[at] = mask[from];
                pixels.set(photo[from], 4 * at);
            }
        }
        return [...cut({ pixels, missing, place }, window, size, width, height).image];
    }"""
    arrays = photo.reshape(-1, 3).tolist(), mask.ravel().tolist()
    image = page.evaluate(script, [page.url, width, height, size, window.numpy().tolist(), *arrays])
    crop = windows.crop_mirrored(photo, mask, window, size)
    expected, _ = windows.at_scale(crop, size)
    np.testing.assert_allclose(np.reshape(image, (size, size, 3)), expected, atol=1e-3)
