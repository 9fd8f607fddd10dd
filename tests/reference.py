"""Slow float64 versions of matching and patch-swap: loops over patches, for one item, in numpy."""

import numpy as np


def patch_at(padded, y, x):
    """The 3x3 patch centred at (y, x) of a map that was padded by one cell: (3, 3, C)."""
    return padded[y : y + 3, x : x + 3]


def similarities(query_features, source_features, query_mask, source_mask):
    """Yields (y, x), {source centre: cosine} for each query, centres ascending."""
    queries = np.pad(query_features.astype(np.float64), [(1, 1), (1, 1), (0, 0)])
    sources = np.pad(source_features.astype(np.float64), [(1, 1), (1, 1), (0, 0)])
    height, width = source_features.shape[:2]
    for y, x in np.argwhere(query_mask[..., 0] != 0):
        query = patch_at(queries, y, x)
        scores = {}
        for v in range(1, height - 1):
            for u in range(1, width - 1):
                if source_mask[v, u, 0]:
                    source = patch_at(sources, v, u)
                    norms = np.linalg.norm(query) * np.linalg.norm(source)
                    scores[v * width + u] = (query * source).sum() / norms if norms else 0.0
        yield (y, x), scores


def match(query_features, source_features, query_mask, source_mask):
    """(h, w, C), (h', w', C), (h, w, 1), (h', w', 1) -> int (h, w), -1 for none."""
    indices = np.full(query_features.shape[:2], -1)
    for centre, scores in similarities(query_features, source_features, query_mask, source_mask):
        if scores:
            indices[centre] = max(scores, key=scores.get)  # the first of equals
    return indices


def touching(hole):
    """(h, w, 1) -> bool (h, w, 1): centres of the 3x3 patches that touch the hole."""
    padded = np.pad(hole != 0, [(1, 1), (1, 1), (0, 0)])
    touched = np.zeros(hole.shape, bool)
    for y, x in np.ndindex(hole.shape[:2]):
        touched[y, x] = patch_at(padded, y, x).any()
    return touched


def paste(indices, source_features, features, hole, overlap=1.0):
    """int (h, w), (h', w', C), (h, w, C), (h, w, 1) -> float64 (h, w, C)."""
    height, width, channels = features.shape
    total = np.zeros((height + 2, width + 2, channels))
    count = np.zeros((height + 2, width + 2, 1))
    near = np.array([overlap, 1.0, overlap])
    weight = np.outer(near, near)[..., None]
    padded = np.pad(source_features.astype(np.float64), [(1, 1), (1, 1), (0, 0)])
    for y, x in np.argwhere(indices >= 0):
        v, u = divmod(indices[y, x], source_features.shape[1])
        total[y : y + 3, x : x + 3] += weight * patch_at(padded, v, u)
        count[y : y + 3, x : x + 3] += weight
    result = features.astype(np.float64).copy()
    for y, x in np.argwhere(hole[..., 0] != 0):
        if count[y + 1, x + 1] > 0:
            result[y, x] = total[y + 1, x + 1] / count[y + 1, x + 1]
    return result


def patch_swap(features, hole, keys=None):
    """(h, w, C), (h, w, 1) -> float64 (h, w, C)."""
    keys = features if keys is None else keys
    touched = touching(hole)
    return paste(match(keys, keys, touched, ~touched), features, features, hole)
