"""Fill the unknown part of a picture smoothly from its known part (no learning).

It is the start of the coarse fill and the way a difference in tone is spread into the hole.
"""

import math

import tensorflow as tf

_LEVELS_OF_A_DYNAMIC_SIZE = 10  # enough for 1024 pixels; levels beyond 1x1 change nothing


def pull_push(values: tf.Tensor, known: tf.Tensor, sweeps: int = 2) -> tf.Tensor:
    """Keeps the known values and fills the rest with a smooth membrane between them.

    Pull: 2x2 means of the known values down to 1x1. Push: bilinear up, known values pasted at
    every level; a few 3x3 means over the unknown values at each level bring the result close to
    the harmonic fill. Plain ops only, so it converts to TFLite and TF.js.

    Args:
        values: (B, H, W, C) floats of any range. What stands at unknown positions is ignored.
        known: (B, H, W, 1), 1 where `values` is known and 0 elsewhere (the opposite of a mask).
        sweeps: 3x3 means per level.

    Returns:
        (B, H, W, C) in the dtype of `values`, zeros for an item without any known value.
    """
    dtype, sides = values.dtype, values.shape[1:3]
    values, known = tf.cast(values, tf.float32), tf.cast(known, tf.float32)
    known = tf.cast(known > 0.5, tf.float32)
    if sides.is_fully_defined():
        depth = math.ceil(math.log2(max(sides)))
    else:
        depth = _LEVELS_OF_A_DYNAMIC_SIZE

    pyramid = [(tf.where(known > 0, values, 0.0), known)]
    for _ in range(depth):
        level, weight = pyramid[-1]  # (B, h, w, C), (B, h, w, 1)
        share = tf.nn.avg_pool2d(weight, 2, 2, "SAME")
        level = tf.nn.avg_pool2d(level, 2, 2, "SAME") / tf.maximum(share, 1e-6)
        pyramid.append((level, tf.cast(share > 0, tf.float32)))

    filled = pyramid[-1][0]  # (B, 1, 1, C)
    for level, weight in reversed(pyramid[:-1]):
        filled = tf.image.resize(filled, tf.shape(level)[1:3])
        filled = level + (1 - weight) * filled
        for _ in range(sweeps):
            filled = level + (1 - weight) * tf.nn.avg_pool2d(filled, 3, 1, "SAME")
    return tf.cast(filled, dtype)
