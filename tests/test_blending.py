import numpy as np
import pytest
import tensorflow as tf

from tfpaint.filling.blending import paste
from tfpaint.filling.tone_ring import align_tone


def square_hole(size):
    hole = np.zeros((1, size, size, 1), np.float32)
    hole[:, size // 4 : -size // 4, size // 4 : -size // 4] = 1
    return hole


def test_a_cast_of_colour_is_taken_off_the_filled_part():
    photo = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 64, 64, 3)).astype(np.float32)
    hole = square_hole(64)
    aligned = align_tone(photo + np.float32([0.2, -0.1, 0.3]), photo, hole, 1 - hole, 1)
    np.testing.assert_allclose(aligned * hole, photo * hole, atol=1e-5)


def test_a_gradual_difference_is_taken_off_too_and_leaves_no_seam():
    y, x = np.mgrid[0:64, 0:64].astype(np.float32) / 64
    photo = np.zeros((1, 64, 64, 1), np.float32)
    hole = square_hole(64)
    output = (0.3 * x - 0.2 * y)[None, ..., None]
    aligned = align_tone(output, photo, hole, 1 - hole, 1) * hole
    assert np.abs(aligned).max() < 0.05 and np.abs(output * hole).max() > 0.15
    row = aligned.numpy()[0, 32, :, 0]
    assert np.abs(np.diff(row))[[15, 47]].max() < 0.01


def test_only_the_ring_counts_and_only_where_known():
    photo = np.zeros((1, 64, 64, 3), np.float32)
    hole = square_hole(64)
    output = np.full_like(photo, 0.1)
    output[:, :13], output[:, :, :13] = 9, 9  # out of reach
    known = 1 - hole
    known[:, 14:16, 20:30] = 0  # another hole at the boundary
    output[:, 14:16, 20:30] = 9
    np.testing.assert_allclose(align_tone(output, photo, hole, known, 1) * hole, 0, atol=1e-6)


def test_nothing_known_within_reach_changes_nothing():
    output = np.random.default_rng(0).uniform(size=(1, 32, 32, 3)).astype(np.float32)
    hole = np.ones((1, 32, 32, 1), np.float32)
    np.testing.assert_array_equal(align_tone(output, output * 0, hole, 1 - hole, 1), output)


def test_paste_writes_missing_pixels_of_the_box_only():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 40, 30, 3), np.uint8)
    missing = rng.random((40, 30)) < 0.5
    results = rng.integers(0, 256, (2, 16, 16, 3)).astype(np.float32)
    window, box = (-3, 10, 16), (0, 12, 9, 25)
    expected = pictures.copy()
    for y in range(0, 9):
        for x in range(12, 25):
            if missing[y, x]:
                expected[:, y, x] = results[:, y + 3, x - 10]
    pasted = paste(*map(tf.constant, (pictures, missing, results, window, box)))
    np.testing.assert_array_equal(pasted, expected)


@pytest.mark.parametrize("side", [32, 75])
def test_paste_enlarges_bilinearly(side):
    ramp = (np.arange(16) + 0.5) * 8
    results = np.broadcast_to(ramp[None, None, :, None], (1, 16, 16, 3)).astype(np.float32)
    pictures = np.zeros((1, 600, 80, 3), np.uint8)  # more rows than a strip
    pasted = paste(
        tf.constant(pictures),
        tf.ones((600, 80), tf.bool),
        tf.constant(results),
        tf.constant([0, 0, side]),
        tf.constant([0, 0, side, side]),
    ).numpy()[0]
    expected = np.clip((np.arange(side) + 0.5) * 128 / side, 4, 124)
    assert np.abs(pasted[:side, :side] - expected[None, :, None]).max() <= 0.51
    assert not pasted[side:].any() and not pasted[:, side:].any()


def test_paste_clips_and_rounds():
    results = np.float32([-5, 300, 41.6]) * np.ones((1, 16, 16, 3), np.float32)
    pasted = paste(
        tf.zeros((1, 16, 16, 3), tf.uint8),
        tf.ones((16, 16), tf.bool),
        tf.constant(results),
        tf.constant([0, 0, 16]),
        tf.constant([0, 0, 16, 16]),
    )
    np.testing.assert_array_equal(pasted[0, 3, 4], [0, 255, 42])
