"""The metrics against hand-made numbers and scikit-image."""

import numpy as np
import pytest
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tfpaint.errors import InputError
from tfpaint.evaluation import metrics


@pytest.fixture
def truth():
    return data.astronaut()[100:196, 150:270]


@pytest.fixture
def hole():
    mask = np.zeros((96, 120), bool)
    mask[20:60, 30:90] = True
    return mask


@pytest.fixture
def noisy(truth):
    noise = np.random.default_rng(0).normal(0, 20, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8)


def test_mean_l1_counts_the_hole_alone(truth, hole):
    result = truth.copy()
    result[~hole] = 0
    assert metrics.mean_l1(result, truth, hole) == 0
    result[hole] = truth[hole] // 2
    expected = (truth[hole] - (truth[hole] // 2)).mean() / 255 * 100
    assert metrics.mean_l1(result, truth, hole) == pytest.approx(expected)


def test_mean_l1_does_not_wrap_around():
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    everywhere = np.ones((4, 4), bool)
    assert metrics.mean_l1(black, white, everywhere) == pytest.approx(100)
    assert metrics.mean_l1(white, black, everywhere) == pytest.approx(100)


def test_psnr_is_scikit_images(truth, noisy):
    assert metrics.psnr(noisy, truth) == pytest.approx(peak_signal_noise_ratio(truth, noisy))
    assert metrics.psnr(truth, truth) == float("inf")


def test_ssim_is_scikit_images(truth, noisy):
    expected = structural_similarity(
        truth, noisy, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert 0.2 < expected < 0.9
    assert metrics.ssim(noisy, truth) == pytest.approx(expected, abs=1e-3)
    assert metrics.ssim(truth, truth) == pytest.approx(1)


def test_sharpness_tells_blur_and_noise(truth, noisy, hole):
    flat = np.where(hole[..., None], 128, truth).astype(np.uint8)
    assert metrics.sharpness(truth, truth, hole) == 1
    assert metrics.sharpness(flat, truth, hole) < 0.3  # what is left is the seam
    assert metrics.sharpness(noisy, truth, hole) > 1.2
    assert np.isnan(metrics.sharpness(truth, np.zeros_like(truth), hole))


@pytest.mark.parametrize(
    ("result", "mask", "message"),
    [
        (np.zeros((8, 9, 3), np.uint8), np.ones((8, 8), bool), "differ in size"),
        (np.zeros((8, 8, 3), np.float32), np.ones((8, 8), bool), "uint8"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool), "empty"),
        (np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.uint8), "must be bool"),
    ],
)
def test_bad_input_is_one_clear_error(result, mask, message):
    with pytest.raises(InputError, match=message):
        metrics.mean_l1(result, np.zeros((8, 8, 3), np.uint8), mask)


def test_ssim_refuses_tiny_pictures():
    tiny = np.zeros((10, 30, 3), np.uint8)
    with pytest.raises(InputError, match="11x11"):
        metrics.ssim(tiny, tiny)
