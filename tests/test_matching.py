from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference
from tfpaint.errors import InputError
from tfpaint.patch_swap import matching
from tfpaint.patch_swap.matching import NO_MATCH


@pytest.fixture(params=("exact", "conv2d"))
def match(request):
    return partial(matching.match, engine=request.param)


def random_case(seed, batch=2, query=(7, 9), source=(8, 6), channels=5, density=0.5):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(batch, *query, channels)).astype(np.float32),
        rng.normal(size=(batch, *source, channels)).astype(np.float32),
        (rng.random((batch, *query, 1)) < density).astype(np.float32),
        (rng.random((batch, *source, 1)) < density).astype(np.float32),
    )


def expected(*case):
    return np.stack([reference.match(*item) for item in zip(*case, strict=True)])


@pytest.mark.parametrize("engine", ("exact", "conv2d"))
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    batch=st.integers(1, 3),
    query=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    source=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    channels=st.integers(1, 6),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
def test_agrees_with_the_reference(engine, seed, batch, query, source, channels, density):
    case = random_case(seed, batch, query, source, channels, density)
    np.testing.assert_array_equal(matching.match(*case, engine=engine), expected(*case))


def test_each_item_has_its_own_masks(match):
    queries, sources, asks, may = random_case(1, batch=4)
    queries, sources = np.repeat(queries[:1], 4, 0), np.repeat(sources[:1], 4, 0)
    asks[2], may[3] = 0, 0
    found = match(queries, sources, asks, may).numpy()
    np.testing.assert_array_equal(found, expected(queries, sources, asks, may))
    assert (found[2] == NO_MATCH).all() and (found[3] == NO_MATCH).all()
    assert (found[0] != found[1]).any()


def test_a_map_finds_itself(match):
    features = random_case(2, query=(8, 8))[0]
    inside = np.zeros((2, 8, 8, 1), np.float32)
    inside[:, 1:-1, 1:-1] = 1
    own = np.arange(64).reshape(8, 8)
    found = match(features, features, inside, np.ones_like(inside)).numpy()
    np.testing.assert_array_equal(found[:, 1:-1, 1:-1], np.stack([own[1:-1, 1:-1]] * 2))


def test_the_scale_of_a_source_does_not_matter(match):
    queries, sources, asks, may = random_case(3)
    np.testing.assert_array_equal(
        match(queries, sources * 1e3, asks, may), match(queries * 1e-2, sources, asks, may)
    )


@pytest.mark.parametrize("channels", [1, 3, 16, 64])
@pytest.mark.parametrize("side", [5, 12, 23])
def test_ties_go_to_the_lowest_index(match, side, channels):
    rng = np.random.default_rng(side)
    flat = np.broadcast_to(rng.random(channels), (1, side, side, channels)).astype(np.float32)
    may = np.ones((1, side, side, 1), np.float32)
    may[:, :2] = 0
    found = match(flat, flat, np.ones_like(may), may).numpy()
    assert (found == 2 * side + 1).all()


def test_equal_patches_far_apart_tie(match):
    rng = np.random.default_rng(5)
    tile = rng.normal(size=(1, 6, 6, 32))
    features = np.tile(tile, (1, 4, 4, 1)).astype(np.float32)  # every patch is there 9 times or so
    ones = np.ones((1, 24, 24, 1), np.float32)
    inside = np.pad(ones[:, 1:-1, 1:-1], [(0, 0), (1, 1), (1, 1), (0, 0)])
    found = match(features, features, inside, ones).numpy()
    y, x = np.divmod(found[inside[..., 0] > 0], 24)
    assert y.max() <= 6 and x.max() <= 6


def test_a_source_of_norm_zero_scores_zero(match):
    queries = np.ones((1, 3, 3, 2), np.float32)
    asks = np.zeros((1, 3, 3, 1), np.float32)
    asks[:, 1, 1] = 1
    sources = np.full((1, 3, 8, 2), -1, np.float32)
    sources[:, :, :3] = 0  # the patch centred at column 1 is 0, those to its right score below 0
    may = np.ones((1, 3, 8, 1), np.float32)
    assert match(queries, sources, asks, may)[0, 1, 1] == 8 + 1
    sources[:, :, 5:] = 1
    assert match(queries, sources, asks, may)[0, 1, 1] == 8 + 6
    assert match(0 * queries, sources, asks, may)[0, 1, 1] == 8 + 1  # all score 0: the lowest


def test_a_nan_leaves_a_valid_choice(match):
    queries, sources, asks, may = random_case(12)
    queries[0, 3, 3], sources[1, 4, 2] = np.nan, np.nan
    found = match(queries, sources, asks, may).numpy()
    for item in range(2):
        centres = np.flatnonzero(np.pad(may[item, 1:-1, 1:-1, 0], 1))
        assert np.isin(found[item][asks[item, ..., 0] > 0], centres).all()


def test_one_source_answers_all(match):
    queries, sources, asks, may = random_case(6, batch=1)
    may[:] = 0
    may[:, 3, 4] = 1
    found = match(queries, sources, asks, may).numpy()
    np.testing.assert_array_equal(found, np.where(asks[..., 0] > 0, 3 * 6 + 4, NO_MATCH))


def test_sources_lie_inside_the_map(match):
    queries, sources, asks, may = random_case(7)
    may[:] = 1
    may[:, 1:-1, 1:-1] = 0
    assert (match(queries, sources, asks, may).numpy() == NO_MATCH).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_scored_in_float32(match, dtype):
    queries, sources, asks, may = random_case(8)
    queries, sources = tf.cast(queries, dtype), tf.cast(sources, dtype)
    full = tf.cast(queries, tf.float32).numpy(), tf.cast(sources, tf.float32).numpy()
    found = match(queries, sources, tf.cast(asks, dtype), tf.cast(may, dtype))
    assert found.dtype == tf.int32
    np.testing.assert_array_equal(found, expected(*full, asks, may))


def test_unknown_shapes_inside_a_loop(match):
    @tf.function(input_signature=[tf.TensorSpec([None] * 4)] * 4)
    def twice(*case):
        indices = tf.zeros(tf.shape(case[0])[:3], tf.int32)
        for _ in tf.range(2):
            indices = tf.map_fn(
                lambda item: match(*(part[None] for part in item))[0],
                case,
                fn_output_signature=tf.int32,
            )
        return indices

    for case in (random_case(9), random_case(10, batch=1, query=(4, 4), source=(9, 5), channels=2)):
        np.testing.assert_array_equal(twice(*case), expected(*case))


def test_known_shapes_are_kept(match):
    case = random_case(11)
    graph = tf.function(match).get_concrete_function(*map(tf.constant, case))
    assert graph.outputs[0].shape.as_list()[1:] == [7, 9]


def test_an_unknown_engine_is_refused():
    with pytest.raises(InputError, match="'exact'"):
        matching.match(*random_case(0), engine="fast")
