"""The blur: a Gaussian whose weights add up to 1, also at the border."""

import numpy as np

from tfpaint.maps.low_pass import low_pass


def test_the_blur_keeps_a_constant_and_follows_the_gaussian():
    constant = np.full((2, 16, 16, 3), 0.3, np.float32)
    np.testing.assert_allclose(low_pass(constant, 2.0), constant, rtol=1e-5)
    impulse = np.zeros((1, 32, 32, 1), np.float32)
    impulse[0, 16, 12] = 1
    y, x = np.mgrid[0:32, 0:32]
    gaussian = np.exp(-((y - 16) ** 2 + (x - 12) ** 2) / 2 / 2.0**2)
    np.testing.assert_allclose(
        low_pass(impulse, 2.0)[0, ..., 0], gaussian / gaussian.sum(), atol=1e-5
    )


def test_a_wide_blur_of_a_smaller_copy_is_close():
    edge = np.zeros((1, 128, 128, 1), np.float32)
    edge[:, 50:, 30:] = 1
    line = np.exp(-np.square(np.arange(-127, 128) / 9.0) / 2)
    weights = np.array(
        [line[127 - y : 255 - y] / line[127 - y : 255 - y].sum() for y in range(128)]
    )
    wanted = weights @ edge[0, ..., 0] @ weights.T
    np.testing.assert_allclose(low_pass(edge, 9.0)[0, ..., 0], wanted, atol=0.02)
