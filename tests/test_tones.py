"""What is copied takes on tones of the coarse fill, where that is sure and shows the same."""

import numpy as np
import pytest
import tensorflow as tf

from tests.test_pixels import hole
from tests.tiny import networks
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.options import Options
from tfpaint.filling.own_size import at_own_size
from tfpaint.filling.tones import tone_shift
from tfpaint.networks.image2feature import Image2Feature

SIDE = 128


def shift(difference, sure, side=SIDE):
    """In the middle of the hole, and far from it."""
    missing = tf.image.resize(hole(), [side, side], "nearest")
    painted = tf.random.stateless_uniform([1, side, side, 3], [0, 0], -0.5, 0.5)
    small = tf.image.resize(painted, [SIDE, SIDE], "area")
    coarse = tf.where(hole() > 0, small + difference, 0.7)  # elsewhere it counts for nothing
    found = tone_shift(painted, coarse, missing, tf.fill([1, SIDE, SIDE, 1], sure))
    assert found.shape == coarse.shape
    return found.numpy()[0, 64, 64], found.numpy()[0, 4, 4]


@pytest.mark.parametrize("side", [128, 256])
def test_a_small_difference_is_followed_by_certainty(side):
    found = []
    for sure in (1 / 3, 1.0, 2.5):
        middle, far = shift(0.01, sure, side)
        np.testing.assert_allclose(far, 0, atol=1e-6)
        found.append(middle / 0.01)
    np.testing.assert_allclose(found[1], 0.6, rtol=0.25)  # what texture does not hide is left out
    np.testing.assert_allclose([found[0], found[2]], [found[1] / 3, found[1] / 0.6], rtol=0.03)


def test_a_difference_above_the_expected_error_is_not_followed():
    near, middle, away = (abs(shift(change, 1.0)[0]).max() for change in (0.05, 0.4, 3.0))
    assert near < middle and away < middle / 2
    unsure, sure = (shift(0.4, one)[0].max() / min(0.6 * one, 1) for one in (0.5, 2.0))
    assert sure < unsure / 2


def test_the_mean_of_two_materials_is_not_followed():
    stripes = np.where(np.arange(SIDE) % 16 < 8, 0.3, -0.3)
    stripes = tf.constant(np.broadcast_to(stripes[:, None], (1, SIDE, SIDE, 3)), tf.float32)
    sure = tf.ones([1, SIDE, SIDE, 1])
    mean = tone_shift(stripes, tf.zeros_like(stripes), hole(), sure)[0, 58:70, 58:70]
    brighter = tone_shift(stripes, stripes + 0.1, hole(), sure)[0, 58:70, 58:70]
    assert abs(mean.numpy()).max() < 0.02 < 0.03 < brighter.numpy().min()


def test_flat_material_is_not_stained():
    def followed(texture):
        painted = texture * tf.random.stateless_normal([1, SIDE, SIDE, 3], [0, 0])
        found = tone_shift(painted, painted + 0.05, hole(), tf.ones([1, SIDE, SIDE, 1]))
        return found.numpy()[0, 58:70, 58:70].mean() / 0.05

    assert followed(0.0) < 0.001 and 0.2 < followed(0.04) < 0.4 < followed(0.3)


class Certain:
    """An Image2Feature that fills every hole with one grey, and expects an error."""

    def __init__(self, grey, error):
        self.grey, self.error = grey, error
        self.network = Image2Feature(SIDE, width=2, uncertainty=True)
        self.input_shape, self.variables = self.network.input_shape, self.network.variables

    def __call__(self, inputs, training=False):
        fill, error = self.network(inputs, training=training)
        return tf.fill(tf.shape(fill), self.grey), tf.fill(tf.shape(error), self.error)


def filled(error, side):
    """The middle of a hole in grey noise, which a network fills a little brighter."""
    encoder, _, feature2image = networks()
    options = Options(pixels=True)
    filler = WindowFiller(encoder, Certain(0.06, error), feature2image, (128, 256), options)
    missing = tf.image.resize(hole(), [side, side], "nearest")[0]
    noise = tf.random.stateless_normal([side, side, 3], [0, 0], 127.5, 20.0)
    crop = tf.concat([noise * (1 - missing), 1 - missing, missing], -1)
    picture, (_, tones) = filler.states(crop, 2)[-1]
    middle = slice(side // 2 - side // 16, side // 2 + side // 16)
    assert tones.shape == (1, 128, 128, 3)
    return picture.numpy()[0, middle, middle].mean()


@pytest.mark.parametrize("side", [128, 256])
def test_a_window_is_toned_where_its_network_is_sure(side):
    assert filled(0.05, side) > filled(0.9, side) + 0.01


def test_a_large_window_is_toned_after_it_agrees_with_its_surroundings():
    side, cells = 1000, 256
    image = tf.fill([side, side, 3], tf.constant(100, tf.uint8))
    mask = np.zeros((side, side), bool)
    mask[400:600, 400:600] = True
    answers = tf.fill([cells * cells], 20 * cells + 20)
    ramp = np.broadcast_to(np.linspace(0, 16, cells)[None, :, None], (1, cells, cells, 3))
    window = tf.constant([0, 0, side])
    small = tf.fill([1, cells, cells, 3], 100.0)
    tones = tf.constant(ramp, tf.float32)
    painted, (top, left, size) = at_own_size(image, mask, window, answers, small, tones)
    assert painted.shape == (1, size, size, 3) and top == left
    columns = (np.arange(left, left + size) + 0.5) * cells / side - 0.5
    expected = 100 + columns * 16 / (cells - 1)
    np.testing.assert_allclose(painted[0, size // 2, :, 0], expected, atol=1e-2)
