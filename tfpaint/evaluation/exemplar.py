"""Exemplar-based inpainting: copies known patches into the hole, from its boundary inwards.

The next patch to fill is the one with the highest priority: much of it is known, and a strong edge
runs into the hole there. An exhaustive search (OpenCV's template matching) finds the known patch
most similar to it. A hole of 128x128 pixels in a photo of 256x256 takes 2 to 6 seconds.

Reference: Criminisi, Perez and Toyama, "Region Filling and Object Removal by Exemplar-Based Image
Inpainting", 2004.
"""

import numpy as np

from tfpaint.errors import InputError


def exemplar_based(image: np.ndarray, mask: np.ndarray, patch: int = 9) -> np.ndarray:
    """Fills the hole with patches of the known region.

    Args:
        image: uint8 (H, W, 3) RGB. Its values in the hole are ignored.
        mask: bool (H, W), True = missing.
        patch: Side of the patches in pixels, odd.

    Returns:
        uint8 (H, W, 3), equal to `image` where `mask` is False.

    Raises:
        InputError: No patch of that size is wholly known.
    """
    import cv2

    half = patch // 2
    touched = cv2.boxFilter(mask.astype(np.float32), -1, (patch, patch), normalize=False) > 0.5
    inner = (slice(half, -half),) * 2  # the centres of patches that lie within the photo
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
    """The pixel on the fill front with the highest priority (equations 1 to 3 of the paper).

    Returns:
        Its confidence term, and its (row, column).
    """
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

    # The strongest known gradient in the patch. The isophote is perpendicular to it.
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
    """The derivatives downwards and to the right: (H, W) -> (H, W, 2)."""
    import cv2

    return np.stack([cv2.Sobel(values, -1, 0, 1), cv2.Sobel(values, -1, 1, 0)], -1)
