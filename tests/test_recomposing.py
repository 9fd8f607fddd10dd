"""The coarse fill made anew: what repeats itself goes on, what does not stays as it was."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tiny import mask_of, networks, photo

from tfpaint import recomposing
from tfpaint.errors import InputError
from tfpaint.feature2image import Feature2Image
from tfpaint.image2feature import Image2Feature
from tfpaint.inpainter import Inpainter
from tfpaint.patch_swap import grow, hole_on_features
from tfpaint.window import StaticInpainter

SIDE, STRIDE = 128, 4


def cells_of(image):
    """An encoder that loses nothing."""
    return tf.nn.space_to_depth(image, STRIDE)


def system(kind=Inpainter):
    """What `recompose` uses of an inpainter, with networks that copy."""
    return SimpleNamespace(
        encode=cells_of,
        decoders=[lambda features: tf.nn.depth_to_space(features, STRIDE)],
        match=lambda *args: kind.match(None, *args),
        paste=lambda *args: kind.paste(None, *args),
        unroll=kind.unroll,
    )


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


@pytest.mark.parametrize("kind", [Inpainter, StaticInpainter])
def test_what_repeats_itself_goes_on(kind):
    photo = stripes()
    coarse = grey_in_the_hole(photo)
    made = recomposing.recompose(system(kind), coarse, mask())
    small, wanted = (tf.nn.avg_pool2d(one, 2, 2, "VALID") for one in (made, photo))
    error, before = (
        tf.reduce_mean(tf.abs(one - wanted)[:, 20:44, 22:46])
        for one in (small, tf.zeros_like(small))
    )
    assert error < 0.3 * before  # overlapping patches are averaged
    np.testing.assert_array_equal(tf.where(mask() > 0, photo, made), photo)


@pytest.mark.parametrize("kind", [Inpainter, StaticInpainter])
def test_what_does_not_repeat_itself_stays(kind):
    coarse = grey_in_the_hole(noise())
    made = recomposing.recompose(system(kind), coarse, mask())
    half = tf.image.resize(tf.nn.avg_pool2d(coarse, 2, 2, "VALID"), (SIDE, SIDE))
    np.testing.assert_allclose(made, tf.where(mask() > 0, half, coarse), atol=1e-6)


def test_nothing_missing_and_nothing_known():
    photo = noise()
    for missing in (tf.zeros_like(mask()), tf.ones_like(mask())):
        made = recomposing.recompose(system(), photo, missing)
        assert np.isfinite(made).all()
        np.testing.assert_array_equal(tf.where(missing > 0, photo, made), photo)


def test_sources_lie_between_the_cells_too():
    image, missing = noise(), mask()
    maps, may = recomposing.sources(cells_of, image, missing, STRIDE)
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
        Inpainter(encoder, g1, g2, scales=(16, 32), recompose=True)
    fixed = Feature2Image(size=128, channels=8, width=4)
    with pytest.raises(InputError, match="no fixed size"):
        Inpainter(encoder, g1, fixed, scales=(128,), recompose=True)


def test_the_first_scale_begins_with_it_and_the_coarse_fill_is_shown_as_it_was(monkeypatch):
    calls = []

    def recorded(inpainter, coarse, mask):
        calls.append(coarse.shape)
        return tf.where(mask > 0, tf.zeros_like(coarse), coarse)

    monkeypatch.setattr(recomposing, "recompose", recorded)
    encoder, _, feature2image = networks()
    pair = [
        Inpainter(encoder, Image2Feature(128, 4), feature2image, (128, 256), recompose=recompose)
        for recompose in (True, False)
    ]
    pair[1].image2feature.set_weights(pair[0].image2feature.get_weights())
    image, hole = photo(300, 300), mask_of(300, 300, (90, 90, 190, 190))
    anew, plain = (one(image, hole, steps=True) for one in pair)
    assert calls == [(1, 128, 128, 3)]
    np.testing.assert_array_equal(anew.coarse, plain.coarse)
    assert (anew.scales[128] != plain.scales[128]).any()
