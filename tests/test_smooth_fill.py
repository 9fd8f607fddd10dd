import numpy as np
import pytest
import tensorflow as tf

from tfpaint.evaluation.classical import harmonic as exact_harmonic
from tfpaint.maps.smooth_fill import pull_push, relax


def hole(size, low, high):
    known = np.ones((1, size, size, 1), np.float32)
    known[:, low:high, low:high] = 0
    return known


def harmonic(values, known, sweeps=800):
    """The slow reference: 3x3 means over the unknown pixels until nothing moves."""
    filled = np.where(known > 0, values, values[known[..., 0] > 0].mean(0)).astype(np.float64)
    height, width = values.shape[1:3]
    for _ in range(sweeps):
        padded = np.pad(filled, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
        mean = sum(padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9
        filled = np.where(known > 0, values, mean)
    return filled


def test_known_values_are_kept_bit_for_bit():
    values = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    known = (np.random.default_rng(1).random((2, 16, 16, 1)) > 0.6).astype(np.float32)
    filled = pull_push(values, known).numpy()
    where = np.broadcast_to(known > 0, values.shape)
    np.testing.assert_array_equal(filled[where], values[where])


def test_unknown_values_are_ignored_even_nan():
    values = np.random.default_rng(0).random((1, 16, 16, 3)).astype(np.float32)
    known = hole(16, 4, 12)
    poisoned = np.where(known > 0, values, np.nan).astype(np.float32)
    np.testing.assert_array_equal(pull_push(values, known), pull_push(poisoned, known))


def test_stays_within_the_known_range_and_keeps_a_constant():
    values = np.random.default_rng(0).random((1, 32, 32, 3)).astype(np.float32)
    filled = pull_push(values, hole(32, 8, 24)).numpy()
    assert 0 <= filled.min() and filled.max() <= 1
    constant = np.full((1, 32, 32, 2), 0.3, np.float32)
    np.testing.assert_allclose(pull_push(constant, hole(32, 3, 30)), constant, atol=1e-6)


def test_is_close_to_the_harmonic_fill():
    y, x = np.mgrid[0:32, 0:32] / 31.0
    values = np.stack([x, y * x, np.sin(3 * x + 2 * y)], -1)[None].astype(np.float32)
    known = hole(32, 8, 24)
    difference = np.abs(pull_push(values, known).numpy() - harmonic(values, known))
    assert difference.max() < 0.1 and difference.mean() < 0.005


def test_nothing_known_gives_zeros_and_leaves_the_other_items_alone():
    values = np.ones((2, 8, 8, 3), np.float32)
    known = np.concatenate([np.zeros((1, 8, 8, 1)), hole(8, 2, 6)]).astype(np.float32)
    filled = pull_push(values, known).numpy()
    assert not filled[0].any()
    np.testing.assert_allclose(filled[1], 1.0, atol=1e-6)


@pytest.mark.parametrize("size", [8, 32])
def test_a_dynamic_size_gives_the_same(size):
    values = np.random.default_rng(0).random((1, size, size, 3)).astype(np.float32)
    known = hole(size, size // 4, size * 3 // 4)
    spec = [tf.TensorSpec([None, None, None, c], tf.float32) for c in (3, 1)]
    dynamic = tf.function(pull_push, input_signature=spec)
    np.testing.assert_allclose(dynamic(values, known), pull_push(values, known), atol=0.02)


def test_relaxing_leads_to_the_harmonic_fill():
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    mask = np.zeros((24, 24), bool)
    mask[6:18, 5:17] = True
    exact = exact_harmonic(image, mask).astype(np.float32)
    known = tf.constant(~mask[None, ..., None], tf.float32)
    start = pull_push(tf.constant(image[None], tf.float32), known)
    errors = [
        float(np.abs(relax(start, known, 12, sweeps)[0] - exact)[mask].mean())
        for sweeps in (1, 16, 64)
    ]
    assert errors[0] > 5 > 1 > errors[1] > errors[2]
    assert errors[2] < 0.3, "rounding of the exact fill to whole grey levels"
    np.testing.assert_array_equal(relax(start, known, 12)[0][~mask], image[~mask])
