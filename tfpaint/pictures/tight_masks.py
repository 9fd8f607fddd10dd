"""Masks that leave a rim of what should go: they are noticed, and widened."""

from math import isqrt

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_REACH = 6  # of the square window around a pixel, in pixels
_GAP = 3  # what is nearer to the hole is no background: a rim may lie there
_MOST = 1000  # places at which a ring is looked at
_FEWEST = 20  # places that have to have both sides in their windows


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
    height = len(mask)
    grown, wide, reached = mask.copy(), mask.copy(), 0
    for rows in range(min(radius, height - 1), -1, -1):
        reach = isqrt(radius**2 - rows**2)  # of the disc, so many rows from its centre
        for _ in range(reach - reached):
            wide[:, 1:] |= wide[:, :-1]
            wide[:, :-1] |= wide[:, 1:]
        reached = reach
        grown[rows:] |= wide[: height - rows]
        grown[: height - rows] |= wide[rows:]
    return grown


def looks_tight(image: np.ndarray, mask: np.ndarray) -> bool:
    """Whether a rim of what is in the hole seems to lie just outside it.

    So it is where lettering of one colour has soft edges and the mask has only its core. The first
    ring of pixels around the hole is then a mixture of the lettering and of what is further out;
    the second hardly is. In a photo without a rim the content of a hole varies, or blends into
    its surroundings over more than a pixel.

    Args:
        image: uint8 (H, W, 3), with its old content in the hole.
        mask: bool (H, W), True = missing.
    """
    ring = _ring(mask)
    share, plain = _leftover(image, mask, ring)
    return plain and share - 1.5 * _leftover(image, mask, _ring(mask | ring))[0] > 0.04


def _ring(mask: np.ndarray) -> np.ndarray:
    """The known pixels with a missing one above, below or beside them, bool (H, W)."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide & ~mask


def _leftover(image: np.ndarray, mask: np.ndarray, ring: np.ndarray) -> tuple[float, bool]:
    """How much of the hole's content is in a ring of known pixels.

    Each pixel of the ring is compared with the mean of the hole, and of the background, near it.

    Args:
        image: uint8 (H, W, 3).
        mask: bool (H, W), True = missing.
        ring: bool (H, W), True in the ring.

    Returns:
        The share of the hole's colour in the ring's, from 0, the background's, to 1; and whether it
        means anything: the hole has one colour, which is not the background's.
    """
    places = np.argwhere(ring)
    places = places[:: len(places) // _MOST + 1]
    pixels = _windows(image, places, _REACH).astype(np.float32)  # (N, S, S, 3)
    missing = _windows(mask, places, _REACH + _GAP)
    hole = missing[:, _GAP:-_GAP, _GAP:-_GAP]
    background = np.logical_not(_squares(missing, _GAP).any((-1, -2)))
    depth = _squares(missing[:, _GAP - 1 : 1 - _GAP, _GAP - 1 : 1 - _GAP], 1).mean((-1, -2))
    seen = (hole.sum((1, 2)) >= 4) & (background.sum((1, 2)) >= 6)
    if seen.sum() < _FEWEST:
        return 0.0, False
    pixels = pixels[seen]
    content, content_variance = _moments(pixels, (hole * depth**6)[seen])  # its edge may be mixed
    further, further_variance = _moments(pixels, background[seen].astype(np.float32))
    step = content - further
    contrast = np.square(step).sum()
    mixed = ((pixels[:, _REACH, _REACH] - further) * step).sum()
    apart = contrast > 2 * (content_variance + further_variance).sum()
    one_colour = np.square(content - content.mean(0)).sum() < 0.03 * contrast
    return float(mixed / max(contrast, 1)), bool(apart and one_colour)


def _windows(array: np.ndarray, places: np.ndarray, reach: int) -> np.ndarray:
    """Square windows of (H, W, ...) around N places, (N, S, S, ...); the border is repeated."""
    steps = np.arange(-reach, reach + 1)
    rows, columns = (
        np.clip(places[:, axis, None] + steps, 0, array.shape[axis] - 1) for axis in (0, 1)
    )
    return array[rows[:, :, None], columns[:, None, :]]


def _squares(windows: np.ndarray, reach: int) -> np.ndarray:
    """The square around each pixel of (N, S, S) that has one, (N, S', S', side, side)."""
    side = 2 * reach + 1
    return sliding_window_view(windows, (side, side), (1, 2))


def _moments(pixels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean colour (N, 3), and the variance (N,), of windows (N, S, S, 3)."""
    weights = weights / weights.sum((1, 2), keepdims=True)
    mean = np.einsum("nyxc,nyx->nc", pixels, weights)
    return mean, np.einsum("nyxc,nyx->n", np.square(pixels - mean[:, None, None]), weights)
