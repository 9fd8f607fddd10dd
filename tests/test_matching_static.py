"""Matching in static shapes chooses and pastes as the engine `exact` does."""

import numpy as np
import pytest
import tensorflow as tf

from tfpaint.maps.mask_cells import grow
from tfpaint.patch_swap import match, static
from tfpaint.patch_swap.pasting import paste

HOLES = [[(5, 6, 9, 9)], [(4, 4, 12, 12)], [(4, 5, 5, 6), (9, 9, 11, 12)], []]


def maps(seed, boxes, side=16):
    features = np.random.default_rng(seed).normal(size=(1, side, side, 6)).astype(np.float32)
    features = np.maximum(features, 0)
    hole = np.zeros((1, side, side, 1), np.float32)
    for top, left, bottom, right in boxes:
        hole[:, top:bottom, left:right] = 1
    return tf.constant(features), tf.constant(hole)


@pytest.mark.parametrize("coherence", [0.0, 0.3])
@pytest.mark.parametrize("boxes", HOLES)
@pytest.mark.parametrize("rows", [64, 0])  # all queries at once; in tiles
def test_it_chooses_as_the_exact_engine(monkeypatch, boxes, coherence, rows):
    monkeypatch.setattr(static, "_ALL_AT_ONCE", rows)
    features, hole = maps(len(boxes), boxes)
    missing = tf.tensor_scatter_nd_update(hole, [[0, 1, 2, 0]], [1.0])  # another hole, not filled
    asks, may = grow(hole), 1 - grow(missing)
    queries = features + 2 * hole * maps(9, [])[0]
    wanted = match(queries, features, asks, may, coherence=coherence)
    found = static.match(queries, features, asks, may, coherence=coherence)
    np.testing.assert_array_equal(found, wanted[0, 3:13, 3:13])
    if coherence and boxes:
        assert (found != static.match(queries, features, asks, may)).numpy().any()
    for overlap in (1.0, 0.5):
        np.testing.assert_allclose(
            static.paste(found, features, features, hole, overlap),
            paste(wanted, features, features, hole, overlap),
            atol=1e-6,
        )


def test_ties_empty_patches_and_no_source():
    features, hole = maps(0, HOLES[0])
    for same in (tf.ones_like(features), tf.zeros_like(features)):
        asks, may = grow(hole), 1 - grow(hole)
        found = static.match(same, same, asks, may)
        np.testing.assert_array_equal(found, match(same, same, asks, may)[0, 3:13, 3:13])
    found = static.match(features, features, grow(hole), tf.zeros_like(hole))
    assert (found.numpy() == -1).all()
    pasted = static.paste(found, features, features, hole, 1.0)
    np.testing.assert_array_equal(pasted, features)


def test_sources_of_another_size():
    queries, hole = maps(0, HOLES[0])
    generator = np.random.default_rng(5)
    sources = tf.constant(generator.uniform(size=(1, 40, 12, 6)).astype(np.float32))
    may = tf.cast(tf.constant(generator.uniform(size=(1, 40, 12, 1))) < 0.5, tf.float32)
    wanted = match(queries, sources, grow(hole), may, coherence=0.2)
    found = static.match(queries, sources, grow(hole), may, coherence=0.2)
    np.testing.assert_array_equal(found, wanted[0, 3:13, 3:13])
    np.testing.assert_allclose(
        static.paste(found, sources, queries, hole, 0.5),
        paste(wanted, sources, queries, hole, 0.5),
        atol=1e-6,
    )


@pytest.mark.parametrize("coherence", [0.0, 0.3])
@pytest.mark.parametrize("boxes", HOLES)
def test_it_begins_where_the_scale_before_ended(boxes, coherence):
    features, hole = maps(len(boxes), [[2 * side for side in box] for box in boxes], side=32)
    features = tf.nn.avg_pool2d(features, 3, 1, "SAME")
    small, small_hole = tf.nn.avg_pool2d(features, 2, 2, "VALID"), maps(0, boxes)[1]
    start = match(small, small, grow(small_hole), 1 - grow(small_hole))
    asks, may = grow(hole), 1 - grow(hole)
    wanted = match(features, features, asks, may, "propagated", start, coherence)
    found = static.match(features, features, asks, may, start[0, 3:13, 3:13], coherence=coherence)
    np.testing.assert_array_equal(found, wanted[0, 7:25, 7:25])
    if boxes:
        exact = static.match(features, features, asks, may, coherence=coherence)
        assert (found != exact).numpy().any()
