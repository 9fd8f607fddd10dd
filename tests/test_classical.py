"""The classical fills to compare with."""

import numpy as np
import pytest

from tfpaint.errors import InputError
from tfpaint.evaluation.classical import FILLS, harmonic, mean_colour
from tfpaint.evaluation.exemplar import exemplar_based


@pytest.fixture
def ramp():
    """A picture that rises from top to bottom only, which is harmonic."""
    column = np.arange(32, dtype=np.uint8)[:, None, None] * 7
    return np.broadcast_to(column, (32, 32, 3)).copy()


@pytest.fixture
def hole():
    """Two holes, one at the photo's left edge."""
    mask = np.zeros((32, 32), bool)
    mask[10:20, :8] = mask[8:22, 16:30] = True
    return mask


@pytest.mark.parametrize("name", FILLS)
def test_fills_keep_the_known_pixels_and_never_see_the_others(name, hole):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    given = image.copy()
    result = FILLS[name](given, hole)
    assert result.dtype == np.uint8 and (given == image).all()
    np.testing.assert_array_equal(result[~hole], image[~hole])
    if name != "patchmatch":  # it draws from a generator of its own
        image[hole] = 255 - image[hole]
        np.testing.assert_array_equal(FILLS[name](image, hole), result)


@pytest.mark.parametrize("name", FILLS)
def test_nothing_missing_is_nothing_done(name, ramp):
    np.testing.assert_array_equal(FILLS[name](ramp, np.zeros((32, 32), bool)), ramp)


def test_harmonic_fill_continues_a_ramp_exactly(ramp, hole):
    image = np.where(hole[..., None], 0, ramp).astype(np.uint8)
    np.testing.assert_array_equal(harmonic(image, hole), ramp)


def test_mean_colour_is_the_mean_of_the_known(hole):
    image = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    image[hole] = 255
    assert (mean_colour(image, hole) == (10, 20, 30)).all()


@pytest.mark.parametrize(("name", "share"), [("patchmatch", 0.6), ("exemplar", 0)])
def test_copied_patches_continue_stripes_and_smooth_fills_do_not(name, share):
    stripes = np.zeros((48, 48, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 200
    hole = np.zeros((48, 48), bool)
    hole[18:30, 18:30] = True
    errors = [
        np.abs(fill(stripes, hole).astype(int) - stripes)[hole].mean()
        for fill in (FILLS[name], harmonic)
    ]
    assert errors[0] <= share * errors[1]


def test_exemplars_need_a_known_patch():
    hole = np.ones((16, 16), bool)
    hole[0] = False
    with pytest.raises(InputError, match="9x9"):
        exemplar_based(np.zeros((16, 16, 3), np.uint8), hole)
