"""Masks that leave a rim of what should go: they are widened."""

from math import isqrt

import numpy as np


def grow(mask: np.ndarray, radius: int) -> np.ndarray:
    """Widen a mask by a disc.

    Args:
        mask: bool (H, W), True = missing.
        radius: Of the disc, in pixels, from 0.

    Returns:
        bool (H, W), True where a missing pixel is at most `radius` away, as the crow flies; `mask`
        itself if that is 0.
    """
    if radius == 0:
        return mask
    height, width = mask.shape
    columns, far = np.arange(width, dtype=np.int32), np.int32(width + radius)
    left = np.maximum.accumulate(np.where(mask, columns, -far), axis=1)
    right = np.minimum.accumulate(np.where(mask, columns, 2 * far)[:, ::-1], axis=1)[:, ::-1]
    distance = np.minimum(columns - left, right - columns)  # to a missing pixel of the same row
    grown = mask.copy()
    for rows in range(min(radius + 1, height)):
        near = distance <= isqrt(radius**2 - rows**2)
        grown[rows:] |= near[: height - rows]
        grown[: height - rows] |= near[rows:]
    return grown
