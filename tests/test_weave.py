"""The weave's index: 1 for noise and photos, as computed for a pattern of known amplitude."""

import numpy as np
import pytest
from skimage import data

from tfpaint.evaluation.weave import weave_index
from tfpaint.pictures.masks import square_hole

HOLE = square_hole(192, 128)


def noise(seed, side=192, sigma=12):
    return np.random.default_rng(seed).normal(128, sigma, (side, side))


def picture(grey):
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, 2)


def weave(amplitude, side=192, period=4):
    y, x = np.mgrid[:side, :side] * (2 * np.pi / period)
    return amplitude * np.cos(y + 0.3) * np.cos(x + 1.1)


def mean_index(amplitude, hole=HOLE, period=4, count=150):
    pattern = weave(amplitude, period=period)
    return np.mean([weave_index(picture(noise(i) + pattern), hole) for i in range(count)])


def test_white_noise_has_no_weave():
    assert mean_index(0) == pytest.approx(1, abs=0.2)


def test_a_pattern_of_4_px_counts_by_its_power():
    """Noise of variance V has power V sum(w^2), a line of amplitude a (a / 2 sum(w))^2."""
    amplitude = 3.0  # cos y cos x is half a line on each diagonal
    depth = np.minimum(np.arange(1, 129), np.arange(128, 0, -1)) - 2.0
    side = np.maximum(depth, 0)
    square = np.minimum.outer(side, side)
    window = np.sin(np.pi / 2 * np.minimum(square / (square.max() / 2), 1)) ** 2
    line = (amplitude / 4 * window.sum()) ** 2
    expected = 1 + line / (12**2 * np.square(window).sum())
    assert 4 < expected < 100
    assert mean_index(amplitude) == pytest.approx(expected, rel=0.2)


def test_other_periods_are_no_weave():
    for period in (3, 5, 8):
        assert mean_index(4, period=period, count=20) < 1.5


def test_an_irregular_hole_tells_too():
    y, x = np.mgrid[:192, :192] - 95.5
    blob = np.hypot(y, x) < 55 + 12 * np.cos(3 * np.arctan2(y, x))
    assert mean_index(0, blob) == pytest.approx(1, abs=0.2)
    assert mean_index(3, blob) > 4


def test_only_the_hole_counts():
    woven = picture(noise(1) + np.where(HOLE, 0, weave(40)))
    assert weave_index(woven, HOLE) == pytest.approx(weave_index(picture(noise(1)), HOLE), rel=0.2)


def test_photos_have_no_weave():
    crops = [
        photo[top : top + 192, left : left + 192]
        for photo in (data.astronaut(), data.coffee(), data.rocket(), data.chelsea())
        for top in range(0, photo.shape[0] - 192, 96)
        for left in range(0, photo.shape[1] - 192, 96)
    ]
    indices = [weave_index(crop, HOLE) for crop in crops]
    assert np.mean(indices) == pytest.approx(1, abs=0.2)


def test_nothing_to_measure_is_nan():
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert np.isnan(weave_index(flat, square_hole(64, 32)))
    assert np.isnan(weave_index(picture(noise(0, 64)), square_hole(64, 8)))
