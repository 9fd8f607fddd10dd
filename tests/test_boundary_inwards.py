"""Filling from the boundary inwards: lines go on, whatever the coarse prediction hints at."""

import numpy as np
import pytest
import tensorflow as tf

from tfpaint.filling import boundary_inwards
from tfpaint.maps.mask_cells import grow
from tfpaint.patch_swap import match
from tfpaint.patch_swap.pasting import paste

SIDE = 32


def hole_of(boxes):
    hole = np.zeros((1, SIDE, SIDE, 1), np.float32)
    for top, left, bottom, right in boxes:
        hole[:, top:bottom, left:right] = 1
    return tf.constant(hole)


def stripes():
    """Diagonal stripes of random vectors: nothing but a continuation is similar."""
    rng = np.random.default_rng(0)
    colours = rng.normal(size=(8, 6)).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE]
    return tf.constant(colours[(x + y) % 8][None])


def swap_on(keys, hole):
    def swap(queries):
        chosen = match(queries, keys, grow(hole), 1 - grow(hole))
        return paste(chosen, keys, keys, hole, 0.02)

    return swap


@pytest.mark.parametrize("boxes", [[(9, 9, 23, 23)], [(8, 8, 24, 24)], [(9, 9, 11, 23)]])
def test_stripes_are_continued_through_a_wrong_prediction(boxes):
    truth, hole = stripes(), hole_of(boxes)
    keys = truth * (1 - hole) + tf.reduce_mean(truth, [1, 2], keepdims=True) * hole
    swap = swap_on(keys, hole)
    filled = boundary_inwards.queries(keys, hole, 0.2, swap)
    np.testing.assert_allclose(filled, truth, atol=0.1)  # overlapping patches are still averaged
    np.testing.assert_allclose(swap(filled), truth, atol=0.1)
    if boxes != [(9, 9, 11, 23)]:  # two cells wide, the prediction is not in the way
        assert np.abs(swap(keys) - truth).max() > 0.5
    np.testing.assert_array_equal(
        boundary_inwards.queries(keys, hole, 0.2, swap, unroll=True), filled
    )


def test_each_ring_is_matched_on_what_is_known_so_far():
    keys, hole = tf.ones((1, SIDE, SIDE, 1)), hole_of([(12, 12, 20, 18)])
    seen = []

    def swap(queries):
        seen.append(queries.numpy()[0, 15, 10:16, 0])
        return 5.0 * keys

    filled = boundary_inwards.queries(keys, hole, 0.3, swap)
    np.testing.assert_array_equal(filled, 1 + 4 * hole)
    np.testing.assert_allclose(seen[0], [1, 1, 0.3, 0.3, 0.3, 0.3])
    np.testing.assert_allclose(seen[1], [1, 1, 4.5, 0.3, 0.3, 0.3])
    np.testing.assert_allclose(seen[2], [1, 1, 4.5, 4.05, 0.3, 0.3])
    assert len(seen) == 3


def test_nothing_missing_leaves_the_keys():
    keys = stripes()
    assert boundary_inwards.queries(keys, hole_of([]), 0.5, lambda queries: 1 / 0) is keys


def test_each_cell_has_a_trust_of_its_own():
    keys, hole = tf.ones((1, SIDE, SIDE, 1)), hole_of([(12, 12, 20, 18)])
    trusts = np.random.default_rng(0).uniform(0, 1, hole.shape).astype(np.float32)
    seen = []

    def swap(queries):
        seen.append(queries)
        return keys

    boundary_inwards.queries(keys, hole, tf.constant(trusts), swap)
    np.testing.assert_allclose(seen[0], 1 - hole + trusts * hole, rtol=1e-6)
