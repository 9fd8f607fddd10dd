"""Harmonic fill: the smoothest membrane through the hole's boundary, solved exactly."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu


def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Solves Laplace's equation in the hole, channel by channel.

    The known pixels are the boundary values; the photo's own edge is free (zero gradient).
    """
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

    result = image.copy()
    result[mask] = np.clip(np.rint(splu(laplacian).solve(right_side)), 0, 255)
    return result
