"""Metrics that compare a filled photo with the original, which is called the truth here.

Every function takes numpy arrays and returns a float. Pictures are uint8 (H, W, 3) RGB. A mask is
bool (H, W), True = missing, and not empty. Arrays of another type or shape raise an InputError.
"""

import numpy as np

from tfpaint.errors import InputError


def mean_l1(result: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute difference over the hole's pixels and channels, in % of 255; 0 is best."""
    _check(result, truth, mask)
    difference = result[mask].astype(np.float64) - truth[mask]
    return float(np.abs(difference).mean() / 2.55)


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio of the whole picture, in dB; infinite for equal pictures."""
    _check(result, truth)
    error = np.mean((result.astype(np.float64) - truth) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(result: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity of the whole picture; 1 is best.

    Windows are Gaussian, 11x11 pixels with a sigma of 1.5. The result is the mean over windows and
    colour channels.

    Raises:
        InputError: A side has fewer than 11 pixels.

    Reference: Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity", 2004.
    """
    import tensorflow as tf  # takes seconds, and the other metrics do not need it

    _check(result, truth)
    if min(truth.shape[:2]) < 11:
        raise InputError(f"SSIM needs at least 11x11 pixels, not {truth.shape[:2]}")
    return float(tf.image.ssim(result, truth, max_val=255, filter_size=11, filter_sigma=1.5))


def sharpness(result: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
    """Mean gradient magnitude in the hole, divided by the truth's there.

    1 is as sharp as the truth, 0 is flat, and more than 1 is sharper or noisier. The result is NaN
    where the truth itself is flat.
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
            raise InputError(f"a picture must be uint8 (H, W, 3), not {image.dtype} {image.shape}")
    if result.shape != truth.shape:
        raise InputError(f"the pictures differ in size: {result.shape} and {truth.shape}")
    if mask is None:
        return
    if mask.dtype != bool or mask.shape != truth.shape[:2]:
        raise InputError(f"the mask must be bool {truth.shape[:2]}, not {mask.dtype} {mask.shape}")
    if not mask.any():
        raise InputError("the mask is empty: there is no hole to measure")
