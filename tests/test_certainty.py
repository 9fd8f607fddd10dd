"""The coarse fill is followed where its network is sure."""

import numpy as np
import tensorflow as tf

from tests.test_pixels import hole
from tests.tiny import networks
from tfpaint.filling.certainty import sureness, trust_in_cells
from tfpaint.filling.multi_scale import WindowFiller, level
from tfpaint.filling.options import Options
from tfpaint.networks.image2feature import Image2Feature

SIDE = 128


def test_the_surer_the_more_within_bounds():
    found = sureness(tf.constant([0.0025, 0.15, 0.3, 0.6, 1.0])).numpy()
    np.testing.assert_allclose(found, [2.5, 2.0, 1.0, 0.5, 1 / 3], rtol=1e-6)


def test_a_window_has_the_certainty_of_its_network():
    encoder, _, feature2image = networks()
    g1 = Image2Feature(SIDE, width=2, uncertainty=True)
    filler = WindowFiller(encoder, g1, feature2image, (SIDE,), Options(pixels=True))
    missing = hole()
    crop = tf.concat([100 * (1 - missing), tf.zeros([1, SIDE, SIDE, 2]), 1 - missing, missing], -1)
    _, sure = filler.coarse(*level(crop[0], SIDE))
    inside = missing.numpy() > 0
    assert sure.shape == (1, SIDE, SIDE, 1) and (sure.numpy()[~inside] == 1).all()
    assert 1 / 3 <= sure.numpy()[inside].min() < sure.numpy()[inside].max() <= 2.5


def test_cells_are_trusted_by_the_mean_of_their_pixels():
    cells = tf.ones([1, 2, 2, 1])
    sure = np.full((1, 8, 8, 1), 2.0, np.float32)
    sure[:, :4, :4] = 0.5
    sure[:, :4, 4:6] = 1.0
    found = trust_in_cells(0.4, tf.constant(sure), cells)[0, ..., 0]
    np.testing.assert_allclose(found, [[0.2, 0.6], [0.8, 0.8]], rtol=1e-6)
    assert trust_in_cells(0.9, tf.constant(sure), cells).numpy().max() == 1
    assert trust_in_cells(0.4, None, cells) == 0.4
