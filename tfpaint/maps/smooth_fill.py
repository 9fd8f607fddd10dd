"""Fills the unknown part of a picture smoothly from its known part, without learning.

The coarse fill starts from such a fill, and differences in tone are spread into the hole by it. It
runs on any backend of Keras; tensors are the backend's.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from keras import ops

from tfpaint.backend import ON_TENSORFLOW
from tfpaint.maps.traced import traced_once

if ON_TENSORFLOW:
    import tensorflow as tf

ANY_SIZE = 1024  # pixels; more levels than needed do no harm
_MOST_SWEEPS = 8


@traced_once
def pull_push(values: Any, known: Any, longest: int | None = None) -> Any:
    """Keeps the known values and interpolates the others smoothly between them.

    The pull phase takes 2x2 means of the known values, level by level, down to 1x1. The push phase
    goes back up: each level is enlarged bilinearly, its known values are put back, and sweeps of
    3x3 means over the unknown ones bring the result close to the harmonic fill. The small levels
    get more sweeps, as these are cheap there. It uses only operations that TFLite and TF.js have.

    Args:
        values: (B, H, W, C), floats of any range. Values at unknown positions are ignored.
        known: (B, H, W, 1), 1 where `values` is known and 0 elsewhere (the opposite of a mask).
        longest: Most pixels of a side for which to choose levels and sweeps. By default those of
            the map, or `ANY_SIZE` in a graph for maps of any size.

    Returns:
        (B, H, W, C) in the dtype of `values`, zeros for an item without any known value.
    """
    values = ops.convert_to_tensor(values)
    dtype, sides = values.dtype, tuple(values.shape[1:3])
    values = ops.cast(values, "float32")
    known = ops.cast(ops.cast(known, "float32") > 0.5, "float32")
    longest = longest or (ANY_SIZE if None in sides else max(sides))

    pyramid = [(ops.where(known > 0, values, 0.0), known)]
    for _ in range(math.ceil(math.log2(longest))):
        level, weight = pyramid[-1]  # (B, h, w, C), (B, h, w, 1)
        share = _mean2x2(weight)
        level = _mean2x2(level) / ops.maximum(share, 1e-6)
        pyramid.append((level, ops.cast(share > 0, "float32")))

    filled = pyramid.pop()[0]  # (B, 1, 1, C)
    while pyramid:
        level, weight = pyramid.pop()
        filled = _enlarged(filled, level)
        unknown = 1 - weight
        filled = level + unknown * filled
        depth = len(pyramid)
        sweeps = min(2 ** (depth + 1), max(longest >> depth, 2), _MOST_SWEEPS)
        filled = _sweeps(depth < 2, sweeps)(filled, level, unknown)
    return ops.cast(filled, dtype)


def relax(filled: Any, known: Any, reach: int, sweeps: int = 32) -> Any:
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
    weights: list[float] = []
    for _ in range(1, sweeps):
        weights.append(1 / (1 - radius * (weights[-1] / 4 if weights else 0.5)))
    unknown = 1 - known
    pair = filled, filled + unknown * (_mean_of_four(filled) - filled)
    if ON_TENSORFLOW:
        for weight in weights:
            pair = _accelerated(*pair, unknown, ops.convert_to_tensor(weight))
        return pair[1]
    # A loop, since XLA takes minutes to compile a long chain.
    each = ops.convert_to_tensor(weights, "float32")
    return ops.scan(lambda pair, one: (_accelerated(*pair, unknown, one), None), pair, each)[0][1]


@traced_once(hot=True)
def _accelerated(before: Any, filled: Any, unknown: Any, weight: Any) -> tuple[Any, Any]:
    """A sweep of `relax`: what it starts from, and what it gives."""
    return filled, before + weight * unknown * (_mean_of_four(filled) - before)


def _mean_of_four(x: Any) -> Any:
    """The mean of the four neighbours. Beyond the border, the edge pixel is repeated."""
    x = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "symmetric")
    rows, columns = x[:, :-2, 1:-1] + x[:, 2:, 1:-1], x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    return (rows + columns) / 4


def _enlarged(x: Any, like: Any) -> Any:
    """Resized bilinearly to the height and width of another map."""
    if ON_TENSORFLOW:  # where the size may be known only when the graph runs
        return tf.image.resize(x, tf.shape(like)[1:3])
    return ops.image.resize(x, like.shape[1:3], data_format="channels_last")


def _mean2x2(x: Any) -> Any:
    """2x2 means with stride 2. At the border, only the pixels inside count."""
    return ops.average_pool(x, 2, 2, "same", "channels_last")


@cache
def _sweeps(large: bool, count: int) -> Callable:
    """So many sweeps of 3x3 means over the unknown, as a function of maps of every size."""
    mean3x3 = _sliced_mean3x3 if large else _pooled_mean3x3

    def sweeps(filled, level, unknown):
        if not ON_TENSORFLOW:  # a loop, as in `relax`
            return ops.fori_loop(0, count, lambda _, x: level + unknown * mean3x3(x), filled)
        for _ in range(count):
            filled = level + unknown * mean3x3(filled)
        return filled

    signature = {"input_signature": [tf.TensorSpec([None] * 4)] * 3} if ON_TENSORFLOW else {}
    return traced_once(sweeps, hot=True, **signature)


def _pooled_mean3x3(x: Any) -> Any:
    """3x3 means in one operation. At the border, only the pixels inside count."""
    return ops.average_pool(x, 3, 1, "same", "channels_last")


def _sliced_mean3x3(x: Any) -> Any:
    """3x3 means in ten operations: on large maps eight times as fast on a CPU as pooling.

    Beyond the border, the edge pixel is repeated.
    """
    x = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "symmetric")
    x = x[:, :-2] + x[:, 1:-1] + x[:, 2:]
    return (x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]) / 9.0
