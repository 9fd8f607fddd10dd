"""Photos whose edges meet are filled without a seam there, and stay as they are elsewhere."""

import cv2
import numpy as np
import pytest

from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint.errors import InputError
from tfpaint.filling.wrap import MEETING, fill_in_graph, fill_in_passes, passes
from tfpaint.inpainter import Inpainter

SIZE = 60, 96
ACROSS = {
    "a corner": mask_of(*SIZE, (0, 0, 9, 9), (51, 87, 60, 96), (0, 87, 9, 96), (51, 0, 60, 9)),
    "all of the width": mask_of(*SIZE, (40, 0, 58, 96)),
    "all of the height": mask_of(*SIZE, (0, 30, 60, 44)),
    "a cross": mask_of(*SIZE, (20, 0, 34, 96), (0, 30, 60, 44)),
    "a diagonal": np.abs(np.arange(60)[:, None] * 96 / 60 - np.arange(96)) < 3,
    "the right edge": mask_of(*SIZE, (20, 80, 40, 96)),
}


def tile(height=SIZE[0], width=SIZE[1]):
    """A photo whose edges meet, uint8 (H, W, 3): smooth, but with no two rows or columns alike."""
    y, x = np.mgrid[:height, :width] * 2 * np.pi / np.array([height, width])[:, None, None]
    waves = [np.sin(x + k * y) + np.cos(2 * y - k * x) for k in range(3)]
    return np.rint(127.5 + 60 * np.stack(waves, -1)).astype(np.uint8)


def steps_of(mask, wrap):
    """The shifts of the passes that have something to fill, and their holes."""
    lines = zip(*map(np.asarray, passes(mask, MEETING[wrap])), strict=True)
    steps = [(shift, mask & rows[:, None] & columns) for shift, rows, columns in lines]
    return zip(*((shift, hole) for shift, hole in steps if hole.any()), strict=True)


def telea(image, mask, unknown=None):
    return [cv2.inpaint(image, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)]


def steps(image, mask, axis):
    """The largest step over the edge, where a missing pixel is beside it, and inside the hole."""
    ahead = np.abs(np.roll(image, -1, axis).astype(int) - image).max(-1)
    touched = mask | np.roll(mask, -1, axis)
    last = [slice(None)] * 2
    last[axis] = -1
    inside = touched.copy()
    inside[tuple(last)] = False
    over = ahead[tuple(last)][touched[tuple(last)]]
    return over.max(initial=0), ahead[inside].max()


@pytest.mark.parametrize("name", ACROSS)
def test_the_step_at_the_seam_is_as_small_as_inside(name):
    image, mask = tile(), ACROSS[name]
    holed = np.where(mask[..., None], np.uint8(0), image)
    (filled,) = fill_in_passes(telea, holed, mask, None, "both")
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    for axis in (0, 1):
        over, inside = steps(filled, mask, axis)
        assert over <= inside + 2


def test_without_it_there_is_a_seam():
    image, mask = tile(), ACROSS["all of the width"]
    over, inside = steps(telea(image, mask)[0], mask, 1)
    assert over > inside + 10


@pytest.mark.parametrize("wrap", MEETING)
def test_one_pass_is_enough_where_the_photo_can_be_cut(wrap):
    mask = mask_of(*SIZE, (20, 90, 30, 96), (20, 0, 30, 4))
    shifts, holes = steps_of(mask, wrap)
    assert len(shifts) == 1
    np.testing.assert_array_equal(holes[0], mask)
    rolled = np.roll(mask, shifts[0], (0, 1))
    assert rolled[:, [0, -1]].any() == (wrap in ("none", "y"))
    assert (np.abs(shifts[0]) > 20).tolist() == [wrap in ("y", "both"), wrap in ("x", "both")]


@pytest.mark.parametrize("name", ACROSS)
def test_no_pass_fills_more_than_the_hole(name):
    shifts, holes = steps_of(ACROSS[name], "both")
    assert 1 <= len(shifts) <= 4
    assert not (np.array(holes) & ~ACROSS[name]).any()


@pytest.mark.parametrize("wrap", MEETING)
@pytest.mark.parametrize("name", ACROSS)
def test_a_graph_does_the_same(name, wrap):
    image, mask = tile(), ACROSS[name]

    def brighter(image, mask, unknown=None):
        steps = np.arange(1, 97, dtype=np.uint8)[:, None]
        return [np.asarray(image) + np.asarray(mask)[..., None] * steps]

    (wanted,) = fill_in_passes(brighter, image, mask, None, wrap)
    filled = fill_in_graph(lambda *pair: brighter(*pair)[0], image, mask, MEETING[wrap])
    np.testing.assert_array_equal(filled, wanted)


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(*networks(), scales=SCALES)


def test_it_does_not_matter_where_a_panorama_begins(inpainter):
    image, mask = photo(40, 72), mask_of(40, 72, (12, 0, 22, 6), (12, 66, 22, 72))
    for depth in (np.uint8, np.uint16):
        picture = image.astype(depth)
        filled = inpainter(picture, mask, wrap="x")
        np.testing.assert_array_equal(filled[~mask], picture[~mask])
        turned = [np.roll(one, 30, 1) for one in (picture, mask)]
        np.testing.assert_array_equal(np.roll(inpainter(*turned, wrap="x"), -30, 1), filled)
        assert (inpainter(picture, mask) != filled).any()


def test_steps_and_what_is_unknown(inpainter):
    image, mask = photo(40, 72), mask_of(40, 72, (25, 0, 37, 72))
    unknown = mask_of(40, 72, (0, 0, 40, 4))
    taken = inpainter(image, mask, steps=True, unknown=unknown, wrap="x")
    np.testing.assert_array_equal(inpainter(image, mask, unknown=unknown, wrap="x"), taken.image)
    assert list(taken.scales) == list(SCALES)
    for picture in (taken.coarse, *taken.scales.values()):
        np.testing.assert_array_equal(picture[~mask], image[~mask])


def test_another_word_is_refused(inpainter):
    with pytest.raises(InputError, match="wrap='z': has to be one of x, y, both"):
        inpainter(photo(40, 72), mask_of(40, 72, (12, 0, 22, 6)), wrap="z")
