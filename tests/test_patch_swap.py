import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference
from tfpaint.maps.mask_cells import hole_on_features
from tfpaint.patch_swap import PatchSwap, match, patch_swap
from tfpaint.patch_swap.pasting import paste


def random_case(seed, batch=2, height=8, width=9, channels=5):
    """Random features, and for every item a rectangle (perhaps empty) with ragged edges."""
    rng = np.random.default_rng(seed)
    hole = np.zeros((batch, height, width, 1), np.float32)
    for item in hole:
        top, left = rng.integers(height), rng.integers(width)
        box = item[top : top + rng.integers(height), left : left + rng.integers(width)]
        box[:] = rng.random(box.shape) < 0.8
    return rng.normal(size=(batch, height, width, channels)).astype(np.float32), hole


def centre_hole(side=8, hole_side=3, batch=1):
    hole = np.zeros((batch, side, side, 1), np.float32)
    start = (side - hole_side) // 2
    hole[:, start : start + hole_side, start : start + hole_side] = 1
    return hole


def expected(*case):
    return np.stack([reference.patch_swap(*item) for item in zip(*case, strict=True)])


def assert_close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-5)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    batch=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 6),
)
def test_agrees_with_the_reference(seed, batch, height, width, channels):
    features, hole = random_case(seed, batch, height, width, channels)
    swapped = patch_swap(features, hole).numpy()
    assert_close(swapped, expected(features, hole))
    known = np.broadcast_to(hole == 0, features.shape)
    np.testing.assert_array_equal(swapped[known], features[known])


@pytest.mark.parametrize("rows, columns", [((0, 3), (0, 3)), ((5, 8), (2, 6)), ((0, 8), (6, 9))])
def test_a_hole_at_the_edge(rows, columns):
    features, hole = random_case(1)
    hole[:] = 0
    hole[:, slice(*rows), slice(*columns)] = 1
    swapped = patch_swap(features, hole).numpy()
    assert_close(swapped, expected(features, hole))
    assert (swapped != features)[np.broadcast_to(hole == 1, features.shape)].all()


def test_each_item_has_its_own_hole():
    features, _ = random_case(2, batch=4, height=8, width=8)
    hole = centre_hole(batch=4)
    hole[1] = 0  # nothing to fill
    hole[2] = 1  # nothing to fill it from
    hole[3] = np.roll(hole[3], 2, axis=1)
    swapped = patch_swap(features, hole).numpy()
    assert_close(swapped, expected(features, hole))
    np.testing.assert_array_equal(swapped[1:3], features[1:3])


def test_no_source_patch_though_some_cells_are_known():
    features, hole = random_case(3, height=6, width=6)
    hole[:] = 1
    hole[:, :2] = 0  # two known rows: no room for a patch of three
    np.testing.assert_array_equal(patch_swap(features, hole), features)


def test_one_source_patch():
    features, _ = random_case(4, height=8, width=8)
    hole = np.ones((2, 8, 8, 1), np.float32)
    hole[:, 4:7, 1:4] = 0
    swapped = patch_swap(features, hole).numpy()
    assert_close(swapped, expected(features, hole))
    mean = features[:, 4:7, 1:4].mean(axis=(1, 2))  # in the middle all nine shifts overlap
    assert_close(swapped[:, 2, 5], mean)


def test_constant_features_stay():
    features = np.full((1, 8, 8, 4), 0.3, np.float32)
    assert_close(patch_swap(features, centre_hole()), features)
    np.testing.assert_array_equal(patch_swap(0 * features, centre_hole()), 0 * features)


def test_a_repeated_texture_is_restored():
    tile = np.random.default_rng(5).normal(size=(1, 4, 4, 6))
    features = np.tile(tile, (1, 4, 4, 1)).astype(np.float32)
    assert_close(patch_swap(features, centre_hole(16, 4)), features)


def test_keys_choose_and_features_are_pasted():
    keys, hole = random_case(6)
    features = random_case(7, channels=3)[0]
    assert_close(patch_swap(features, hole, keys), expected(features, hole, keys))
    assert_close(patch_swap(features, hole, 2 * features), patch_swap(features, hole))


@pytest.mark.parametrize("overlap", [1.0, 0.3])
def test_paste_from_a_map_of_another_size(overlap):
    rng = np.random.default_rng(8)
    features, hole = random_case(8, batch=1)
    source = rng.normal(size=(1, 5, 6, 5)).astype(np.float32)
    asks = (rng.random(hole.shape) < 0.3).astype(np.float32)  # so that some cells have no patch
    indices = match(features, source, asks, np.ones((1, 5, 6, 1), np.float32)).numpy()
    wanted = reference.paste(indices[0], source[0], features[0], hole[0], overlap)
    assert_close(paste(indices, source, features, hole, overlap)[0], wanted)


def test_gradient_flows_through_pasted_values():
    features, hole = random_case(9)
    weights = np.random.default_rng(9).normal(size=features.shape).astype(np.float32)
    variable = tf.Variable(features)

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights * patch_swap(variable, hole))
        return tape.gradient(loss, variable)

    actual = tf.convert_to_tensor(gradient()).numpy()
    # The choice held fixed, the swap is linear: its gradient along a direction is exact.
    direction = np.random.default_rng(10).normal(size=features.shape)
    touched = np.stack([reference.touching(item) for item in hole])
    indices = match(features, features, touched, ~touched).numpy()
    along = [
        reference.paste(*item) for item in zip(indices, direction, direction, hole, strict=True)
    ]
    np.testing.assert_allclose((actual * direction).sum(), (weights * along).sum(), rtol=1e-4)
    replaced = np.broadcast_to((hole == 1) & (indices >= 0)[..., None], features.shape)
    assert (actual[replaced] == 0).all()


def test_unknown_shapes():
    swap = tf.function(patch_swap, input_signature=[tf.TensorSpec([None] * 4)] * 2)
    for case in (random_case(11), random_case(12, batch=1, height=12, width=7, channels=2)):
        assert_close(swap(*case), expected(*case))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_in_and_out(dtype):
    features, hole = random_case(13)
    features = tf.cast(features, dtype)
    swapped = patch_swap(features, tf.cast(hole, dtype))
    assert swapped.dtype == dtype
    wanted = expected(tf.cast(features, tf.float32).numpy(), hole)
    np.testing.assert_allclose(tf.cast(swapped, tf.float32), wanted, rtol=2e-2, atol=2e-2)
    known = np.broadcast_to(hole == 0, features.shape)
    np.testing.assert_array_equal(swapped.numpy()[known], features.numpy()[known])


def test_hole_on_features():
    mask = np.zeros((1, 16, 12, 1), np.float32)
    mask[0, 3, 4] = mask[0, 8:12, 8:12] = 1
    cells = hole_on_features(mask).numpy()
    assert cells.shape == (1, 4, 3, 1)
    np.testing.assert_array_equal(np.argwhere(cells[0, ..., 0]), [[0, 1], [2, 2]])
    assert hole_on_features(mask, stride=2).shape == (1, 8, 6, 1)


def test_layer_survives_saving_and_trains(tmp_path):
    features, hole = keras.Input((8, 8, 5)), keras.Input((8, 8, 1))
    projected = keras.layers.Conv2D(4, 1)(features)
    model = keras.Model([features, hole], PatchSwap(name="swap")([projected, hole]))
    assert model.output_shape == (None, 8, 8, 4)
    model.save(tmp_path / "swap.keras")
    loaded = keras.saving.load_model(tmp_path / "swap.keras")
    case = list(random_case(14, batch=2, height=8, width=8))
    np.testing.assert_array_equal(loaded(case), model(case))
    loaded.compile("sgd", "mse")
    loaded.fit(case, np.zeros((2, 8, 8, 4)), verbose=0)
    assert (loaded(case).numpy() != model(case).numpy()).any()
