"""Exemplar-based inpainting: whole patches copied in, the most certain edges first.

Criminisi, Perez and Toyama, "Region Filling and Object Removal by Exemplar-Based Image
Inpainting", 2004. The search compares every place (OpenCV's template matching): 2-6 seconds for a
hole of 128 x 128 pixels in a photo of 256 x 256.
"""

import numpy as np

from tfpaint.errors import InputError


def exemplar_based(image: np.ndarray, mask: np.ndarray, patch: int = 9) -> np.ndarray:
    """Fills the hole with patches of the known region.

    Args:
        image: uint8 (H, W, 3) RGB.
        mask: bool (H, W), True = missing.
        patch: side of the patches in pixels, odd.

    Returns:
        uint8 (H, W, 3), equal to `image` where `mask` is False.

    Raises:
        InputError: no patch of that size is wholly known.
    """
    import cv2

    half = patch // 2
    touched = cv2.boxFilter(mask.astype(np.float32), -1, (patch, patch), normalize=False) > 0.5
    inner = (slice(half, -half),) * 2  # by the patch's centre
    unusable = touched[inner]
    if min(mask.shape) < patch or unusable.all():
        raise InputError(f"no known patch of {patch}x{patch} pixels to copy; take a smaller hole")

    result = np.where(mask[..., None], 0, image).astype(np.uint8)
    missing = mask.copy()
    confidence = (~mask).astype(np.float32)
    while missing.any():
        certainty, place = _most_urgent(result, missing, confidence, patch)
        row, column = np.clip(place, half, np.array(mask.shape) - half - 1)
        here = np.s_[row - half : row + half + 1, column - half : column + half + 1]
        known = np.repeat(~missing[here][..., None], 3, 2).astype(np.uint8)
        distance = cv2.matchTemplate(result, result[here], cv2.TM_SQDIFF, mask=known)
        distance[unusable | ~np.isfinite(distance)] = np.inf
        top, left = np.unravel_index(np.argmin(distance), distance.shape)
        gap = missing[here]
        result[here][gap] = result[top : top + patch, left : left + patch][gap]
        confidence[here][gap] = certainty
        missing[here] = False
    return result


def _most_urgent(result, missing, confidence, patch):
    """The place on the front with the highest priority, and its confidence (equations 1-3)."""
    import cv2

    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    front = missing & cv2.dilate((~missing).astype(np.uint8), cross).astype(bool)
    rows, columns = np.nonzero(front)
    certainty = cv2.boxFilter(confidence, -1, (patch, patch), borderType=cv2.BORDER_CONSTANT)
    certainty = certainty[rows, columns]

    grey = cv2.cvtColor(result, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inside = cv2.erode((~missing).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    gradient = _gradient(grey) * inside[..., None]
    normal = _gradient(missing.astype(np.float32))[rows, columns]
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-6

    # The strongest known gradient in the patch; its isophote is at right angles to it.
    half = patch // 2
    padded = np.pad(gradient, ((half, half), (half, half), (0, 0)))
    around = np.arange(patch)
    near = padded[rows[:, None, None] + around[:, None], columns[:, None, None] + around].reshape(
        len(rows), -1, 2
    )
    strongest = near[np.arange(len(rows)), np.square(near).sum(-1).argmax(1)]
    flow = np.abs(strongest[:, 0] * normal[:, 1] - strongest[:, 1] * normal[:, 0]) / 255
    best = np.argmax(certainty * (flow + 1e-3))
    return certainty[best], (rows[best], columns[best])


def _gradient(values):
    """(H, W) -> (H, W, 2): the derivatives down and to the right."""
    import cv2

    return np.stack([cv2.Sobel(values, -1, 0, 1), cv2.Sobel(values, -1, 1, 0)], -1)
