import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfpaint.networks import tiles


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(tiles, "TILE", 96)
    monkeypatch.setattr(tiles, "HALO", 16)
    monkeypatch.setattr(tiles, "GRID", 8)
    tf.config.run_functions_eagerly(True)  # so that every call of a network is seen
    yield
    tf.config.run_functions_eagerly(False)


def down():
    """(H, W, 3) -> (H / 4, W / 4, 5); sees 9 pixels around a cell."""
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(4),
            layers.Conv2D(5, 3, padding="same"),
        ]
    )


def up():
    return keras.Sequential(
        [
            keras.Input((None, None, 5)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.UpSampling2D(4),
            layers.Conv2D(3, 3, padding="same"),
        ]
    )


@pytest.mark.parametrize("side", [64, 96, 104, 160, 224, 232])
@pytest.mark.parametrize("network, stride, channels", [(down, 1, 3), (up, 4, 5)])
def test_tiles_give_what_the_whole_gives(side, network, stride, channels):
    network = network()
    inputs = np.random.default_rng(0).normal(size=(1, side // stride, side // stride, channels))
    whole = network(inputs.astype(np.float32))
    tiled, seen, call = tiles.Tiled(network, stride), [], network.call
    network.call = lambda part, **rest: seen.append(part.shape[1]) or call(part, **rest)
    result = tiled(inputs.astype(np.float32))
    assert len(seen) > 1 if side > 96 else seen == [side // stride]
    assert max(seen) <= 96 // stride
    np.testing.assert_allclose(result, whole, atol=1e-5)
