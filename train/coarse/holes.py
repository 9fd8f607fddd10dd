"""Random holes as people make them, drawn on the device; tensors are those of Keras's backend.

Every kind lies in the centre half of the square, where Image2Feature predicts. A shape is given by
its signed distance over the square's side, so that a hole is the union of shapes whose distance is
below zero. Distances are float32 (B, S, S, K) for K shapes, from y (1, S, 1, 1), x (1, 1, S, 1) and
the shapes' numbers u, (B, 1, 1, K) each.
"""

import math
from typing import Any

import numpy as np
from keras import ops

_SHAPES = 5  # the most in a hole
_EACH = 6  # numbers for a shape
NUMBERS = 2 + _SHAPES * _EACH

# The probability of a centre square, rectangles, brush strokes, blobs, and outlines of objects.
_SHARES = (0.4, 0.1, 0.2, 0.15, 0.15)
_SQUARES = (7 / 16, 1 / 2)  # sides over that of the photo: the paper's, and that of the tables


def draw(numbers: Any, size: int) -> Any:
    """Draws a hole for each item.

    Args:
        numbers: float32 (B, 32), uniformly distributed in [0, 1).
        size: Side S of the square in pixels.

    Returns:
        float32 (B, S, S, 1), 1 = missing: at least a pixel, all in the centre square of side S/2.
    """
    kind, number = numbers[:, 0, None, None, None], numbers[:, 1, None, None]
    shapes = ops.reshape(numbers[:, 2:], (-1, 1, 1, _SHAPES, _EACH))
    u = [shapes[..., i] for i in range(_EACH)]
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    y, x = axis[None, :, None, None], axis[None, None, :, None]

    half = ops.where(number < 0.5, _SQUARES[0] / 2, _SQUARES[1] / 2)[..., None]
    square = ops.maximum(ops.abs(y - 0.5), ops.abs(x - 0.5)) - half
    several = [_rectangles(y, x, u), _strokes(y, x, u), _blobs(y, x, u), _outlines(y, x, u)]
    # Fewer shapes are likelier; all but rectangles and outlines need a few to look like themselves.
    counts = [1 + 2 * number, 1 + _SHAPES * number, 2 + 3 * number, 1 + 1.5 * number**2]
    place = np.arange(_SHAPES, dtype=np.float32)
    unions = [
        ops.min(ops.where(place < ops.floor(count)[..., None], one, 1.0), -1, keepdims=True)
        for one, count in zip(several, counts, strict=True)
    ]

    bounds = np.cumsum(_SHARES)
    distance = square
    for bound, union in zip(bounds[:-1], unions, strict=True):
        distance = ops.where(kind < bound, distance, union)
    inside = (abs(y - 0.5) < 0.25) & (abs(x - 0.5) < 0.25)
    distance = ops.where(inside, distance, 1.0)
    nearest = ops.min(distance, axis=(1, 2), keepdims=True)  # a thin shape may miss every pixel
    return ops.cast(distance < ops.maximum(nearest + 1e-6, 0.0), "float32")


def _middle(u: list[Any]) -> tuple[Any, Any]:
    return 0.27 + 0.46 * u[0], 0.27 + 0.46 * u[1]


def _rectangles(y: Any, x: Any, u: list[Any]) -> Any:
    centre_y, centre_x = _middle(u)
    return ops.maximum(
        ops.abs(y - centre_y) - (0.03 + 0.2 * u[2] ** 1.5),
        ops.abs(x - centre_x) - (0.03 + 0.2 * u[3] ** 1.5),
    )


def _strokes(y: Any, x: Any, u: list[Any]) -> Any:
    """Thick lines with round ends."""
    start_y, start_x = _middle(u)
    along_y, along_x = 0.5 * (u[2] - 0.5), 0.5 * (u[3] - 0.5)
    t = (y - start_y) * along_y + (x - start_x) * along_x
    t = ops.clip(t / (along_y**2 + along_x**2 + 1e-6), 0.0, 1.0)
    apart = (y - start_y - t * along_y) ** 2 + (x - start_x - t * along_x) ** 2
    return ops.sqrt(apart + 1e-9) - (0.012 + 0.08 * u[4] ** 2)


def _blobs(y: Any, x: Any, u: list[Any]) -> Any:
    """Discs around one place, which overlap."""
    first = [one[..., :1] for one in u]
    centre_y = 0.35 + 0.3 * first[0] + 0.2 * (u[2] - 0.5)
    centre_x = 0.35 + 0.3 * first[1] + 0.2 * (u[3] - 0.5)
    apart = (y - centre_y) ** 2 + (x - centre_x) ** 2
    return ops.sqrt(apart + 1e-9) - (0.04 + 0.1 * u[4])


def _outlines(y: Any, x: Any, u: list[Any]) -> Any:
    """Closed curves whose radius swings two, three and five times around, stretched one way."""
    centre_y, centre_x = 0.35 + 0.3 * u[0], 0.35 + 0.3 * u[1]
    stretch = 0.6 + 0.8 * u[2]
    down, right = (y - centre_y) / stretch, (x - centre_x) * stretch
    angle = ops.arctan2(down, right)
    swing = sum(
        share * ops.sin(times * angle + 2 * math.pi * times * phase)
        for times, share, phase in ((2, 0.25, u[3]), (3, 0.2, u[4]), (5, 0.12, u[5]))
    )
    return ops.sqrt(down**2 + right**2 + 1e-9) - (0.07 + 0.14 * u[5]) * (1 + swing)
