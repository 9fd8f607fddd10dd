"""Classical fills to compare with: `fill(image, mask) -> image`, each a function of that form.

Pictures are uint8 (H, W, 3) RGB, masks bool (H, W), True = missing, with a known pixel at least.
Known pixels are returned as they are; what the photo holds in the hole is never looked at. The
packages behind them come with `pip install tfpaint[evaluate]`.
"""

from collections.abc import Callable

import numpy as np

from tfpaint.evaluation.exemplar import exemplar_based

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def mean_colour(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One colour for the whole hole: the mean of the known pixels.

    The others begin with it: some of them peek into a hole at the photo's edge.
    """
    result = image.copy()
    result[mask] = np.rint(image[~mask].mean(axis=0))
    return result


def harmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The smoothest membrane through the hole's boundary: Laplace's equation, solved exactly.

    The known pixels are the boundary values; the photo's own edge is free (zero gradient).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    if not mask.any():
        return image.copy()
    pixels = np.full(mask.shape, -1)
    pixels[mask] = np.arange(np.count_nonzero(mask))

    # Each pair of 4-neighbours (a, b) with a in the hole adds x[a] - x[b] = 0 to the row of a.
    flat = np.arange(mask.size).reshape(mask.shape)
    pairs = [(flat[:-1], flat[1:]), (flat[:, :-1], flat[:, 1:])]
    a = np.concatenate([side.ravel() for one, other in pairs for side in (one, other)])
    b = np.concatenate([side.ravel() for one, other in pairs for side in (other, one)])
    inside = mask.ravel()[a]
    a, b = a[inside], b[inside]
    row, column = pixels.ravel()[a], pixels.ravel()[b]

    colours = image.reshape(-1, 3).astype(np.float64)
    known = column < 0
    right_side = np.zeros((np.count_nonzero(mask), 3))
    np.add.at(right_side, row[known], colours[b[known]])
    entries = np.concatenate([np.ones(len(row)), -np.ones(np.count_nonzero(~known))])
    rows, columns = np.concatenate([row, row[~known]]), np.concatenate([row, column[~known]])
    laplacian = coo_array((entries, (rows, columns))).tocsc()  # (N, N), N = pixels of the hole
    return _paste(image, mask, splu(laplacian).solve(right_side))


def telea(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fast marching inwards, five pixels around (Telea 2004), as OpenCV has it."""
    import cv2

    return cv2.inpaint(mean_colour(image, mask), mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)


def navier_stokes(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Isophotes continued like a fluid's vorticity (Bertalmio 2001), as OpenCV has it."""
    import cv2

    return cv2.inpaint(mean_colour(image, mask), mask.astype(np.uint8), 5, cv2.INPAINT_NS)


def biharmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Thin plates: the biharmonic equation, as scikit-image has it."""
    from skimage.restoration import inpaint_biharmonic

    if not mask.any():
        return image.copy()
    hidden = mean_colour(image, mask)
    filled = inpaint_biharmonic(hidden, mask, split_into_regions=True, channel_axis=-1)
    return _paste(image, mask, 255 * filled[mask])


def patchmatch(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Patches of 5 pixels from coarse to fine (Wexler 2007, Barnes 2009), as pypatchmatch has it.

    Raises:
        ImportError: its library does not load on this machine.
    """
    from patchmatch import patch_match

    if not patch_match.patchmatch_available:
        raise ImportError("the library of pypatchmatch does not load on this machine")
    if not mask.any():
        return image.copy()
    hole = 255 * mask.astype(np.uint8)
    filled = patch_match.inpaint(mean_colour(image, mask), hole, patch_size=5)
    return _paste(image, mask, filled[mask])


FILLS: dict[str, Fill] = {
    "mean": mean_colour,
    "harmonic": harmonic,
    "telea": telea,
    "ns": navier_stokes,
    "biharmonic": biharmonic,
    "patchmatch": patchmatch,
    "exemplar": exemplar_based,
}


def _paste(image, mask, colours):
    result = image.copy()
    result[mask] = np.clip(np.rint(colours), 0, 255)
    return result
