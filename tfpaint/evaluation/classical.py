"""Classical inpainting methods to compare with, each a function `fill(image, mask) -> image`.

`image` and the result are uint8 (H, W, 3) RGB. `mask` is bool (H, W), True = missing, and at least
one pixel is known. Known pixels are returned unchanged, and the image's values in the hole are
ignored. The packages that these methods need come with `pip install 'tfpaint[evaluate]'`.
"""

from collections.abc import Callable

import numpy as np

from tfpaint.evaluation.exemplar import exemplar_based

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def mean_colour(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fills the hole with one colour, the mean of the known pixels.

    Other methods here start from it, because some implementations read values in the hole where it
    touches the photo's edge.
    """
    result = image.copy()
    result[mask] = np.rint(image[~mask].mean(axis=0))
    return result


def harmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Solves Laplace's equation in the hole, by a sparse direct solver.

    The known pixels around the hole are the boundary values (Dirichlet). At the photo's edge the
    gradient is zero (Neumann).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    if not mask.any():
        return image.copy()
    pixels = np.full(mask.shape, -1)
    pixels[mask] = np.arange(np.count_nonzero(mask))

    # For each pair of 4-neighbours (a, b) with a in the hole, add x[a] - x[b] = 0 to a's row.
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
    laplacian = coo_array((entries, (rows, columns))).tocsc()  # (N, N) for N missing pixels
    return _paste(image, mask, splu(laplacian).solve(right_side))


def telea(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """OpenCV's fast marching method, with a radius of 5 pixels.

    Reference: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
    """
    import cv2

    return cv2.inpaint(mean_colour(image, mask), mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)


def navier_stokes(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """OpenCV's Navier-Stokes method, which continues isophotes; with a radius of 5 pixels.

    Reference: Bertalmio, Bertozzi and Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video
    Inpainting", 2001.
    """
    import cv2

    return cv2.inpaint(mean_colour(image, mask), mask.astype(np.uint8), 5, cv2.INPAINT_NS)


def biharmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Solves the biharmonic equation in the hole, by scikit-image.

    Reference: Damelin and Hoang, "On Surface Completion and Image Inpainting by Biharmonic
    Functions: Numerical Aspects", 2018.
    """
    from skimage.restoration import inpaint_biharmonic

    if not mask.any():
        return image.copy()
    hidden = mean_colour(image, mask)
    filled = inpaint_biharmonic(hidden, mask, split_into_regions=True, channel_axis=-1)
    return _paste(image, mask, 255 * filled[mask])


def patchmatch(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Copies 5x5 patches, found by PatchMatch from coarse to fine, by pypatchmatch.

    Its random search differs from call to call.

    Raises:
        ImportError: pypatchmatch's native library does not load on this machine.

    Reference: Wexler, Shechtman and Irani, "Space-Time Completion of Video", 2007, and Barnes et
    al., "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing", 2009.
    """
    from patchmatch import patch_match

    if not patch_match.patchmatch_available:
        raise ImportError("pypatchmatch's native library does not load on this machine")
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
    """A copy of the image with colours (N, 3), rounded and clipped, in its N missing pixels."""
    result = image.copy()
    result[mask] = np.clip(np.rint(colours), 0, 255)
    return result
