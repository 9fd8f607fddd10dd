"""Random squares of photos, cut on the device; tensors are those of Keras's backend."""

from typing import Any

import numpy as np
from keras import ops

from train.coarse.packed import SHORT

NUMBERS = 10
_SMALLEST = 0.6  # of the photo's short side
_NEUTRAL = np.array([0.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5], np.float32)


def neutral(count: int) -> np.ndarray:
    """The numbers that give the largest centre square in its own colours: float32 (count, 10)."""
    return np.tile(_NEUTRAL, (count, 1))


def cut(photos: Any, widths: Any, stood: Any, numbers: Any, size: int) -> Any:
    """Cuts a random square out of each photo, at times mirrored and in other colours.

    Args:
        photos, widths, stood: As in `packed.Photos`, for B photos.
        numbers: float32 (B, 10), uniformly distributed in [0, 1).
        size: Side S of the result in pixels, at most 144.

    Returns:
        float32 (B, S, S, 3) in [-1, 1].
    """
    u = ops.split(numbers, NUMBERS, axis=1)  # (B, 1) each
    side = SHORT * _SMALLEST ** u[0]
    top = u[1] * (SHORT - side)
    left = u[2] * (ops.cast(widths, "float32")[:, None] - side)
    step = side / size
    # Pixel x of the result is at left + (x + 0.5) * step - 0.5 in the photo.
    offset, zero = 0.5 * step - 0.5, ops.zeros_like(step)
    transform = [step, zero, left + offset, zero, step, top + offset, zero, zero]
    square = ops.image.affine_transform(
        ops.cast(photos, "float32"),
        ops.concatenate(transform, axis=1),
        fill_mode="nearest",
        data_format="channels_last",
    )[:, :size, :size]
    square = ops.where(stood[:, None, None, None], ops.transpose(square, (0, 2, 1, 3)), square)
    square = ops.where(u[3][..., None, None] < 0.5, ops.flip(square, 2), square)
    return _coloured(square / 127.5 - 1.0, u[4:])


def _coloured(square: Any, u: list[Any]) -> Any:
    """Other saturation, contrast, brightness and tint, in half of the squares and mildly.

    Args:
        square: float32 (B, S, S, 3) in [-1, 1].
        u: Six numbers, (B, 1) each; the first one says whether.
    """
    saturation, contrast, brightness, red, blue = (
        ops.where(u[0] < 0.5, 2 * one - 1, 0.0)[..., None, None] for one in u[1:]
    )
    grey = ops.mean(square, -1, keepdims=True)
    square = grey + (square - grey) * (1 + 0.3 * saturation)
    tint = 0.05 * ops.concatenate([red, ops.zeros_like(red), blue], -1)
    square = square * (1 + 0.15 * contrast) + 0.1 * brightness + tint
    return ops.clip(square, -1.0, 1.0)
