"""Fills the unknown part of a picture smoothly from its known part, without learning.

The coarse fill starts from such a fill, and differences in tone are spread into the hole by it.
"""

import math

import tensorflow as tf

_LEVELS_OF_A_DYNAMIC_SIZE = 10  # enough for 1024 pixels; more levels than needed do no harm
_MOST_SWEEPS = 8


def pull_push(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Keeps the known values and interpolates the others smoothly between them.

    The pull phase takes 2x2 means of the known values, level by level, down to 1x1. The push phase
    goes back up: each level is enlarged bilinearly, its known values are put back, and sweeps of
    3x3 means over the unknown ones bring the result close to the harmonic fill. The small levels
    get more sweeps, as these are cheap there. It uses only operations that TFLite and TF.js have.

    Args:
        values: (B, H, W, C), floats of any range. Values at unknown positions are ignored.
        known: (B, H, W, 1), 1 where `values` is known and 0 elsewhere (the opposite of a mask).

    Returns:
        (B, H, W, C) in the dtype of `values`, zeros for an item without any known value.
    """
    values = tf.convert_to_tensor(values)
    dtype, sides = values.dtype, values.shape[1:3].as_list()
    values = tf.cast(values, tf.float32)
    known = tf.cast(tf.cast(known, tf.float32) > 0.5, tf.float32)
    longest = 2**_LEVELS_OF_A_DYNAMIC_SIZE if None in sides else max(sides)

    pyramid = [(tf.where(known > 0, values, 0.0), known)]
    for _ in range(math.ceil(math.log2(longest))):
        level, weight = pyramid[-1]  # (B, h, w, C), (B, h, w, 1)
        share = tf.nn.avg_pool2d(weight, 2, 2, "SAME")
        level = tf.nn.avg_pool2d(level, 2, 2, "SAME") / tf.maximum(share, 1e-6)
        pyramid.append((level, tf.cast(share > 0, tf.float32)))

    filled = pyramid.pop()[0]  # (B, 1, 1, C)
    while pyramid:
        level, weight = pyramid.pop()
        filled = tf.image.resize(filled, tf.shape(level)[1:3])
        unknown = 1 - weight
        filled = level + unknown * filled
        depth = len(pyramid)
        mean3x3 = _sliced_mean3x3 if depth < 2 else _pooled_mean3x3
        for _ in range(min(2 ** (depth + 1), max(longest >> depth, 2), _MOST_SWEEPS)):
            filled = level + unknown * mean3x3(filled)
    return tf.cast(filled, dtype)


def relax(filled: tf.Tensor, known: tf.Tensor, reach: int, sweeps: int = 32) -> tf.Tensor:
    """Brings a smooth fill close to the harmonic fill, which solves Laplace's equation.

    It runs Jacobi sweeps with Chebyshev acceleration. After `pull_push`, 32 sweeps reduce the error
    in a hole of 64 pixels to that of the harmonic fill itself.

    Args:
        filled: float32 (B, H, W, C), a first fill.
        known: float32 (B, H, W, 1), 1 where `filled` is kept, 0 where it is to be changed.
        reach: Side of the hole in pixels. It gives the spectral radius for the acceleration.
        sweeps: Number of sweeps.

    Returns:
        float32 (B, H, W, C).
    """
    radius = math.cos(math.pi / (reach + 1)) ** 2
    unknown = 1 - known
    before, weight = filled, 1.0
    filled = filled + unknown * (_mean_of_four(filled) - filled)
    for sweep in range(1, sweeps):
        weight = 1 / (1 - radius / 2) if sweep == 1 else 1 / (1 - radius * weight / 4)
        change = weight * unknown * (_mean_of_four(filled) - before)
        before, filled = filled, before + change
    return filled


def _mean_of_four(x: tf.Tensor) -> tf.Tensor:
    """The mean of the four neighbours. Beyond the border, the edge pixel is repeated."""
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    rows, columns = x[:, :-2, 1:-1] + x[:, 2:, 1:-1], x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    return (rows + columns) / 4


def _pooled_mean3x3(x: tf.Tensor) -> tf.Tensor:
    """3x3 means in one operation. At the border, only the pixels inside count."""
    return tf.nn.avg_pool2d(x, 3, 1, "SAME")


def _sliced_mean3x3(x: tf.Tensor) -> tf.Tensor:
    """3x3 means in ten operations: on large maps eight times as fast on a CPU as pooling.

    Beyond the border, the edge pixel is repeated.
    """
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    x = x[:, :-2] + x[:, 1:-1] + x[:, 2:]
    return (x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]) / 9.0
