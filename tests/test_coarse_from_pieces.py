"""The coarse fill made anew: what repeats itself goes on, what does not stays as it was."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import mask_of, networks, photo
from tfpaint.errors import InputError
from tfpaint.filling import coarse_from_pieces
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.maps.mask_cells import grow, hole_on_features
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.patch_swap.backends import DYNAMIC, STATIC

SIDE, STRIDE = 128, 4


def cells_of(image):
    """An encoder that loses nothing."""
    return tf.nn.space_to_depth(image, STRIDE)


def picture_of(features):
    """A Feature2Image that undoes it."""
    return tf.nn.depth_to_space(features, STRIDE)


def recompose(coarse, missing, backend=DYNAMIC):
    return coarse_from_pieces.recompose(cells_of, picture_of, coarse, missing, None, backend)


def mask():
    hole = np.zeros((1, SIDE, SIDE, 1), np.float32)
    hole[:, 36:92, 40:96] = 1
    return tf.constant(hole)


def stripes():
    """Diagonal, with a period that is no multiple of a cell's side."""
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = np.sin((x + y) // 2 * (2 * np.pi / 6))
    return tf.constant(np.stack([0.8 * wave, 0.5 * wave, -0.3 * wave], -1)[None].astype("float32"))


def noise():
    generator = np.random.default_rng(0)
    return tf.constant(generator.uniform(-0.9, 0.9, (1, SIDE, SIDE, 3)).astype("float32"))


def grey_in_the_hole(photo):
    return tf.where(mask() > 0, tf.zeros_like(photo), photo)


@pytest.mark.parametrize("backend", [DYNAMIC, STATIC], ids=["dynamic", "static"])
def test_what_repeats_itself_goes_on(backend):
    photo = stripes()
    coarse = grey_in_the_hole(photo)
    made = recompose(coarse, mask(), backend)
    small, wanted = (tf.nn.avg_pool2d(one, 2, 2, "VALID") for one in (made, photo))
    error, before = (
        tf.reduce_mean(tf.abs(one - wanted)[:, 20:44, 22:46])
        for one in (small, tf.zeros_like(small))
    )
    assert error < 0.3 * before  # overlapping patches are averaged
    np.testing.assert_array_equal(tf.where(mask() > 0, photo, made), photo)


@pytest.mark.parametrize("backend", [DYNAMIC, STATIC], ids=["dynamic", "static"])
def test_what_does_not_repeat_itself_stays(backend):
    coarse = grey_in_the_hole(noise())
    made = recompose(coarse, mask(), backend)
    half = tf.image.resize(tf.nn.avg_pool2d(coarse, 2, 2, "VALID"), (SIDE, SIDE))
    np.testing.assert_allclose(made, tf.where(mask() > 0, half, coarse), atol=1e-6)


def test_nothing_missing_and_nothing_known():
    photo = noise()
    for missing in (tf.zeros_like(mask()), tf.ones_like(mask())):
        made = recompose(photo, missing)
        assert np.isfinite(made).all()
        np.testing.assert_array_equal(tf.where(missing > 0, photo, made), photo)


def test_sources_lie_between_the_cells_too():
    image, missing = noise(), mask()
    maps, may = coarse_from_pieces.sources(cells_of, image, missing, STRIDE)
    cells = SIDE // STRIDE
    assert maps.shape == (1, 4 * cells, cells, 48) and may.shape == (1, 4 * cells, cells, 1)
    np.testing.assert_array_equal(maps[:, :cells], cells_of(image))
    np.testing.assert_array_equal(
        may[:, 1 : cells - 1, 1:-1], 1 - grow(hole_on_features(missing, STRIDE))[:, 1:-1, 1:-1]
    )
    # The last map begins half a cell further down and to the right; its last cells reach out.
    moved = cells_of(image[:, 2 : SIDE - 2, 2 : SIDE - 2])
    np.testing.assert_array_equal(maps[:, 3 * cells : 4 * cells - 1, : cells - 1], moved)
    chosen = np.argwhere(may.numpy()[0, :, :, 0])
    for y, x in chosen[chosen[:, 0] >= 3 * cells]:
        top, left = (y - 3 * cells - 1) * STRIDE + 2, (x - 1) * STRIDE + 2
        patch = missing[0, top : top + 12, left : left + 12]
        assert patch.shape[:2] == (12, 12) and not patch.numpy().any()


def test_bad_options():
    encoder, g1, g2 = networks()
    with pytest.raises(InputError, match="recompose=True needs scales from 128"):
        Inpainter(encoder, g1, g2, (16, 32), Options(recompose=True))
    fixed = Feature2Image(size=128, channels=8, width=4)
    with pytest.raises(InputError, match="no fixed size"):
        Inpainter(encoder, g1, fixed, (128,), Options(recompose=True))


def test_the_first_scale_begins_with_it_and_the_coarse_fill_is_shown_as_it_was(monkeypatch):
    calls = []

    def recorded(encode, draw, coarse, mask, sure, backend):
        calls.append(coarse.shape)
        return tf.where(mask > 0, tf.zeros_like(coarse), coarse)

    monkeypatch.setattr("tfpaint.filling.multi_scale.recompose", recorded)
    encoder, _, feature2image = networks()
    pair = [
        Inpainter(encoder, Image2Feature(128, 4), feature2image, (128, 256), Options(recompose=on))
        for on in (True, False)
    ]
    pair[1].filler.image2feature.set_weights(pair[0].filler.image2feature.get_weights())
    image, hole = photo(300, 300), mask_of(300, 300, (90, 90, 190, 190))
    anew, plain = (one(image, hole, steps=True) for one in pair)
    assert calls == [(1, 128, 128, 3)]
    np.testing.assert_array_equal(anew.coarse, plain.coarse)
    assert (anew.scales[128] != plain.scales[128]).any()
