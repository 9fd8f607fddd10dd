"""The mean colour of all known pixels."""

import numpy as np


def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fills the hole with one colour."""
    result = image.copy()
    result[mask] = np.rint(image[~mask].mean(axis=0))
    return result
