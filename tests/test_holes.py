from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfpaint.filling.holes import SCALES, find_boxes
from tfpaint.filling.windows import at_scale, crop_mirrored, find_windows, mirror
from tfpaint.maps.mask_cells import boundary_ring, missing_cells


def mask_of(height, width, *boxes):
    mask = np.zeros((height, width), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


@cache
def graph(function, scales):
    signature = [tf.TensorSpec([None, None], tf.bool)]
    return tf.function(lambda mask: function(mask, scales), signature, autograph=False)


def boxes_of(mask, scales=SCALES):
    return [tuple(box) for box in graph(find_boxes, scales)(mask).numpy().tolist()]


def windows_of(mask, scales=SCALES):
    return graph(find_windows, scales)(mask).numpy()


@st.composite
def masks(draw):
    """Blobs, scratches and specks, in photos of any shape."""
    height, width = draw(st.integers(16, 300)), draw(st.integers(16, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((height, width)) < draw(st.sampled_from([0.0, 0.001, 0.05]))
    for _ in range(draw(st.integers(0, 6))):
        y, x = rng.integers(0, height), rng.integers(0, width)
        mask[y : y + rng.integers(1, height), x : x + rng.integers(1, width // 2)] = True
    for _ in range(draw(st.integers(0, 2))):
        along = np.linspace(0, 1, 2000)
        ends = rng.random((2, 2))
        y, x = (ends[0] * (1 - along[:, None]) + ends[1] * along[:, None]).T
        mask[(y * (height - 1)).astype(int), (x * (width - 1)).astype(int)] = True
    return mask


@settings(max_examples=40, deadline=None)
@given(masks(), st.sampled_from([(16, 32), (32, 64, 128)]))
def test_every_missing_pixel_is_in_a_tight_box_in_the_centre_of_its_window(mask, scales):
    covered = np.zeros_like(mask)
    boxes = boxes_of(mask, scales)
    windows = windows_of(mask, scales)
    for (top, left, bottom, right), (y, x, side) in zip(boxes, windows, strict=True):
        inside = mask[top:bottom, left:right]
        assert 0 <= top < bottom <= mask.shape[0] and 0 <= left < right <= mask.shape[1]
        assert inside.any(0)[[0, -1]].all() and inside.any(1)[[0, -1]].all()
        below = max(scale for scale in scales if scale <= side)
        shrunk = 4 * side <= 5 * below and min(mask.shape) < 2 * below
        assert side in scales or side > scales[-1] or shrunk
        slack = 0 if side in scales else 1  # half a pixel, where box and window are odd
        assert y + side // 4 <= top + slack and bottom <= y + side - side // 4 + slack
        assert x + side // 4 <= left + slack and right <= x + side - side // 4 + slack
        covered[top:bottom, left:right] = True
    assert covered[mask].all()
    longest = [max(bottom - top, right - left) for top, left, bottom, right in boxes]
    assert longest == sorted(longest)


def test_an_empty_mask_has_no_window():
    assert windows_of(mask_of(40, 30)).shape == (0, 3)


def test_separate_holes_are_told_apart_smallest_first():
    large, small = (60, 200, 110, 290), (300, 20, 340, 70)
    assert boxes_of(mask_of(400, 400, large, small)) == [small, large]


def test_holes_that_touch_by_a_corner_are_one():
    assert boxes_of(mask_of(64, 64, (0, 0, 32, 32), (32, 32, 64, 64))) == [(0, 0, 64, 64)]


def test_a_spiral_is_one_hole():
    mask = mask_of(64, 64, *[(4 * i, 0, 4 * i + 1, 64) for i in range(16)])
    for i in range(15):
        mask[4 * i : 4 * i + 4, -1 if i % 2 else 0] = True
    assert boxes_of(mask) == [(0, 0, 61, 64)]


def test_specks_near_each_other_share_a_window():
    specks = [(200, 200, 203, 203), (216, 222, 218, 223)]
    far = (400, 400, 402, 402)
    assert sorted(boxes_of(mask_of(512, 512, *specks, far))) == [(200, 200, 218, 223), far]


@pytest.mark.parametrize(
    ("longest", "photo", "side"),
    [
        (56, 900, 128),
        (57, 900, 256),
        (112, 900, 256),
        (224, 900, 512),
        (250, 900, 572),
        (128, 256, 256),  # all of the photo, rather than a mirrored margin around it
        (140, 300, 300),  # shrunk to 256, rather than one of 512 that is mostly mirrored
        (170, 300, 512),  # too much to shrink
        (250, 512, 512),
        (270, 300, 540),  # never more than half of the window
    ],
)
def test_window_sides(longest, photo, side):
    top = (photo - longest) // 2
    mask = mask_of(photo, photo, (top, top, top + longest, top + longest))
    start = top + longest // 2 - side // 2
    np.testing.assert_array_equal(windows_of(mask), [(start, start, side)])


def test_a_long_scratch_gets_several_windows_of_full_resolution():
    mask = np.zeros((1000, 1500), bool)
    for x in range(100, 1400):
        mask[x // 2 : x // 2 + 4, x] = True
    windows = windows_of(mask)
    assert 10 <= len(windows) <= 40
    assert windows[:, 2].max() <= 256


def test_a_large_compact_hole_stays_in_one_piece():
    box = (100, 100, 700, 800)
    assert boxes_of(mask_of(1000, 1000, box)) == [box]


def test_mirror_is_numpys_reflect_at_any_distance():
    for length in (2, 3, 16):
        expected = np.pad(np.arange(length), 50, mode="reflect")
        actual = mirror(tf.range(-50, length + 50), tf.constant(length))
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(("y", "x"), [(0, 0), (-20, 5), (10, -40), (-50, -50)])
def test_a_window_is_a_mirrored_crop(y, x):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 37, 3), np.uint8)
    mask = rng.random((20, 37)) < 0.1
    crop = crop_mirrored(tf.constant(image), tf.constant(mask), tf.constant([y, x, 32]), 32)
    cut, missing = at_scale(crop, 32)
    rows, columns = slice(y + 60, y + 92), slice(x + 60, x + 92)
    expected = np.pad(image, ((60, 60), (60, 60), (0, 0)), mode="reflect")[rows, columns]
    hidden = np.pad(mask, 60, mode="reflect")[rows, columns]
    np.testing.assert_array_equal(missing[..., 0], hidden)
    np.testing.assert_array_equal(cut, np.where(hidden[..., None], 0, expected))


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("side", [48, 64, 77])
def test_a_large_window_is_shrunk_by_area_means_of_known_pixels(side, size):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 80, 3), np.uint8)
    mask = mask_of(90, 80, (40, 40, 45, 50))
    window = tf.constant([2, 1, side])
    crop = crop_mirrored(tf.constant(image), tf.constant(mask), window, size)
    cut, missing = at_scale(crop, 16)
    image, mask = image[2 : 2 + side, 1 : 1 + side], mask[2 : 2 + side, 1 : 1 + side]
    edges = np.arange(17) * side / 16
    pixels = np.arange(side)
    share = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    share = np.maximum(share, 0)  # (16, side): how much of each pixel lies in a cell
    known = np.einsum("iy,jx,yx->ij", share, share, ~mask)
    sums = np.einsum("iy,jx,yxc->ijc", share, share, image * ~mask[..., None])
    np.testing.assert_array_equal(
        missing[..., 0], np.einsum("iy,jx,yx->ij", share > 1e-9, share > 1e-9, mask) > 0
    )
    seen = known > 1e-9
    np.testing.assert_allclose(cut.numpy()[seen], (sums[seen] / known[seen][:, None]), rtol=1e-4)


def test_a_thin_known_rim_survives_shrinking():
    known = np.zeros((8, 8, 1), np.float32)
    known[0], known[:, 0] = 0.2, 0.2
    missing = missing_cells(tf.constant(known), tf.constant(1 - known)).numpy()
    np.testing.assert_array_equal(missing, known == 0)
    known[4:, 4:] = 1
    missing = missing_cells(tf.constant(known), tf.constant(1 - known)).numpy()
    np.testing.assert_array_equal(missing, known < 1)


def test_the_ring_is_the_square_neighbourhood_outside_the_hole():
    hole = np.zeros((1, 16, 16, 1), np.float32)
    hole[0, 6:9, 7:10] = 1
    expected = np.zeros((16, 16))
    expected[4:11, 5:12] = 1
    np.testing.assert_array_equal(boundary_ring(hole, 2)[0, ..., 0], expected - hole[0, ..., 0])


def test_a_scratch_of_many_pixels_is_still_thin():
    mask = np.zeros((40, 50_000), bool)
    mask[20, 100:49_000] = True  # its square is more than an int32 holds
    boxes = find_boxes(tf.constant(mask), (128, 256, 512)).numpy()
    assert len(boxes) > 1 and (boxes[:, 2:] - boxes[:, :2]).max() < 1000
