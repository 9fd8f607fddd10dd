"""Gaussian blur of square maps."""

import numpy as np
import tensorflow as tf


def low_pass(image: tf.Tensor, sigma: float) -> tf.Tensor:
    """Gaussian blur, for features to match on that a coarse fill has too.

    Args:
        image: float32 (B, S, S, C), S known.
        sigma: in pixels. The kernel is not cut; at the border the weights inside add up to 1. From
            8 pixels on it is the blur of a smaller copy, enlarged: within 2 % of the picture's
            range, and in time linear in the pixels.

    Returns:
        float32 (B, S, S, C).
    """
    side = image.shape[1]
    if sigma >= 8 and side % 2 == 0:
        half = low_pass(tf.nn.avg_pool2d(image, 2, 2, "VALID"), sigma / 2)
        return tf.image.resize(half, [side, side])
    place = np.arange(side, dtype=np.float32)
    weights = np.exp(-np.square((place[:, None] - place) / sigma) / 2)
    weights /= weights.sum(0)  # (S, S): each column is the mean for one place
    for _ in range(2):
        image = tf.tensordot(image, weights, [[1], [0]])  # (B, x, C, y'), then (B, C, y', x')
    return tf.transpose(image, [0, 2, 3, 1])
