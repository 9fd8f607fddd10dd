"""The weave's index: a pattern of 4 px that a network with a stride of 4 draws over a fill."""

import numpy as np

PERIOD = 4  # pixels, across and down
RIM = 2  # pixels at the hole's edge that do not count: seams are no weave
NEAR, FAR = 2, 4  # steps of frequency from the pattern's to its neighbours'
LUMA = (0.299, 0.587, 0.114)


def weave_index(picture: np.ndarray, mask: np.ndarray) -> float:
    """Power of a pattern of 4x4 px in the hole, over that of its neighbours in frequency.

    Such a pattern is a line in the spectrum, at a quarter cycle per pixel across and down. Its
    neighbours are of the same orientation, on the diagonal. The luma is high-passed and
    weighted by a smooth window inside the hole; one spectrum spans the whole hole, because in
    shorter windows the line drowns. With S(u, v) the power, N the spectrum's side, and the mean
    over both diagonals s = 1, -1:

        sum of S(N / 4, s N / 4), over the sum of the means of S(N / 4 + j, s (N / 4 + i)), where
        |j - i| <= 1 and the larger of |j| and |i| is from 2 to 4

    1 is no weave. A single picture's value scatters widely, as two lines' power does; the mean over
    many photos tells.

    Args:
        picture: A filled picture, uint8 (H, W, 3) RGB.
        mask: bool (H, W), True = missing.

    Returns:
        The index, at least 0; NaN if the hole is too small or its spectrum is empty.
    """
    window = _window(mask)
    rows, columns = np.nonzero(window)
    if not rows.size or min(np.ptp(rows), np.ptp(columns)) < 4 * FAR:
        return float("nan")
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    detail = (_high_pass(picture @ np.array(LUMA)) * window)[box]
    height, width = (-(-side // PERIOD) * PERIOD for side in detail.shape)
    power = np.abs(np.fft.fft2(detail, (height, width))) ** 2

    steps = np.arange(-FAR, FAR + 1)
    down, across = np.meshgrid(steps, steps, indexing="ij")
    far = np.maximum(abs(down), abs(across))
    beside = (far >= NEAR) & (abs(down - across) <= 1)
    line = neighbours = 0.0
    for sign in (1, -1):
        around = power[
            (height // PERIOD + down) % height, sign * (width // PERIOD + across) % width
        ]
        line += around[FAR, FAR]
        neighbours += around[beside].mean()
    return float(line / neighbours) if neighbours > 1e-9 * window.sum() else float("nan")


def _window(mask: np.ndarray) -> np.ndarray:
    """1 in the middle of the hole, falling smoothly to 0 at its rim: (H, W) in [0, 1]."""
    inside = np.pad(mask, 1)
    depth = np.zeros(inside.shape)
    while inside.any():
        depth += inside
        across = inside[:, :-2] & inside[:, 1:-1] & inside[:, 2:]
        inside = np.pad(across[:-2] & across[1:-1] & across[2:], 1)
    depth = np.maximum(depth[1:-1, 1:-1] - RIM, 0)
    slope = max(4.0, depth.max() / 2)
    return np.sin(np.pi / 2 * np.minimum(depth / slope, 1)) ** 2


def _high_pass(luma: np.ndarray) -> np.ndarray:
    """Takes a Gaussian mean of sigma 1 off: (H, W) -> (H, W)."""
    weights = np.exp(-np.square(np.arange(-3, 4)) / 2)
    weights /= weights.sum()
    mean = luma
    for _ in range(2):
        padded = np.pad(mean, ((3, 3), (0, 0)), mode="edge")
        mean = sum(w * padded[i : i + len(mean)] for i, w in enumerate(weights)).T
    return luma - mean
