"""How good a filled photo is, given the truth. Pictures are uint8 (H, W, 3); numpy in, floats out.

A mask is bool (H, W), True = missing. What is wrong with them is an InputError.
"""

import numpy as np

from tfpaint.errors import InputError


def mean_l1(result: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute difference in the hole, in % of 255."""
    _check(result, truth, mask)
    difference = result[mask].astype(np.float64) - truth[mask]
    return float(np.abs(difference).mean() / 2.55)


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio of the whole picture in dB; infinite when nothing differs."""
    _check(result, truth)
    error = np.mean((result.astype(np.float64) - truth) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(result: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity of the whole picture, at most 1: 11x11 Gaussian windows, sigma 1.5.

    Both sides must have at least 11 pixels. Each colour channel counts the same.
    """
    import tensorflow as tf  # late, so that the other metrics stay instant

    _check(result, truth)
    if min(truth.shape[:2]) < 11:
        raise InputError(f"SSIM needs at least 11x11 pixels, not {truth.shape[:2]}")
    return float(tf.image.ssim(result, truth, max_val=255, filter_size=11, filter_sigma=1.5))


def sharpness(result: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
    """Mean gradient magnitude in the hole, relative to the truth's: 1 is as sharp, 0 is flat.

    NaN where the truth itself is flat.
    """
    _check(result, truth, mask)
    reference = _mean_gradient(truth, mask)
    return _mean_gradient(result, mask) / reference if reference else float("nan")


def _mean_gradient(image: np.ndarray, mask: np.ndarray) -> float:
    down, right = np.gradient(image.astype(np.float64), axis=(0, 1))  # (H, W, 3) each
    return float(np.hypot(down, right)[mask].mean())


def _check(result: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> None:
    for image in (result, truth):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
            raise InputError(f"a picture is uint8 (H, W, 3), not {image.dtype} {image.shape}")
    if result.shape != truth.shape:
        raise InputError(f"the pictures differ in size: {result.shape} and {truth.shape}")
    if mask is None:
        return
    if mask.dtype != bool or mask.shape != truth.shape[:2]:
        raise InputError(f"the mask must be bool {truth.shape[:2]}, not {mask.dtype} {mask.shape}")
    if not mask.any():
        raise InputError("the mask is empty: there is no hole to measure")
