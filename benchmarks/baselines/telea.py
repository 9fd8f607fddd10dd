"""Telea's fast marching fill ("An image inpainting technique...", 2004), as OpenCV has it."""

import cv2
import numpy as np


def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fills inwards from the boundary, looking five pixels around."""
    return cv2.inpaint(image, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)
