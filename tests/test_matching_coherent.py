import numpy as np
import pytest
import tensorflow as tf

from tfpaint.patch_swap import match


def case(side=24, channels=6, seed=0):
    """Smooth random features with a centre hole."""
    noise = np.random.default_rng(seed).normal(size=(1, side, side, channels)).astype(np.float32)
    features = tf.nn.avg_pool2d(noise, 3, 1, "SAME").numpy()
    hole = np.zeros((1, side, side, 1), np.float32)
    hole[:, side // 3 : side * 2 // 3, side // 3 : side * 2 // 3] = 1
    asks = tf.nn.max_pool2d(hole, 3, 1, "SAME").numpy()
    return features, asks, 1 - asks


def agreement(chosen, asks):
    """Share of neighbouring queries, across and down, that continue each other's piece."""
    side = chosen.shape[1]
    across = (chosen[:, :, 1:] - chosen[:, :, :-1] == 1) & (
        asks[:, :, 1:, 0] * asks[:, :, :-1, 0] > 0
    )
    down = (chosen[:, 1:] - chosen[:, :-1] == side) & (asks[:, 1:, :, 0] * asks[:, :-1, :, 0] > 0)
    return (across.sum() + down.sum()) / (2 * asks.sum())


def mean_cosine(features, chosen, asks):
    patches = tf.image.extract_patches(features, [1, 3, 3, 1], [1] * 4, [1] * 4, "SAME").numpy()
    patches = patches.reshape(-1, patches.shape[-1])
    patches /= np.linalg.norm(patches, axis=1, keepdims=True)
    queries = np.flatnonzero(asks)
    return (patches[queries] * patches[chosen.reshape(-1)[queries]]).sum(1).mean()


@pytest.mark.parametrize("engine", ["exact", "conv2d"])
def test_neighbours_agree_more_at_little_cost(engine):
    features, asks, may = case()
    free = match(features, features, asks, may, engine).numpy()
    bound = match(features, features, asks, may, engine, coherence=0.2).numpy()
    assert agreement(bound, asks) > agreement(free, asks) + 0.1
    lost = mean_cosine(features, free, asks) - mean_cosine(features, bound, asks)
    assert 0 <= lost < 0.2
    sources = np.flatnonzero(np.pad(may[0, 1:-1, 1:-1, 0], 1))
    assert np.isin(bound[asks[..., 0] > 0], sources).all()
    assert (bound[asks[..., 0] == 0] == -1).all()


@pytest.mark.parametrize("side", [24, 37])
def test_products_kept_or_computed_anew_give_the_same(side, monkeypatch):
    features, asks, may = case(side, seed=3)
    kept = match(features, features, asks, may, coherence=0.2).numpy()
    monkeypatch.setattr("tfpaint.patch_swap.products.MOST_PRODUCTS", 0)
    np.testing.assert_array_equal(match(features, features, asks, may, coherence=0.2), kept)


def test_a_negligible_coherence_changes_nothing():
    features, asks, may = case(seed=1)
    free = match(features, features, asks, may).numpy()
    np.testing.assert_array_equal(match(features, features, asks, may, coherence=1e-7), free)


def test_what_agrees_already_stays():
    """A texture of period 12 in 36 cells: every query's best lies one period away."""
    tile = np.random.default_rng(2).normal(size=(1, 12, 12, 5))
    features = np.tile(tile, (1, 3, 3, 1)).astype(np.float32)
    asks = np.zeros((1, 36, 36, 1), np.float32)
    asks[:, 14:20, 14:20] = 1
    free = match(features, features, asks, 1 - asks).numpy()
    assert agreement(free, asks) > 0.8
    np.testing.assert_array_equal(match(features, features, asks, 1 - asks, coherence=0.5), free)
