"""What Image2Feature learns here, as a Keras model for `compile` and `fit`."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from tfpaint.networks.image2feature import split
from train.coarse import holes, squares
from train.coarse.packed import Photos

NUMBERS = squares.NUMBERS + holes.NUMBERS


class CoarseFill(keras.Model):
    """Cuts squares with holes out of photos, fills them, and compares the fill with the truth.

    The loss is the mean absolute error in the hole. If the network has a second output, the
    negative log-likelihood of a Laplace distribution of that mean error is added, with a small
    weight; it does not reach the fill itself, which would then be learned less where it is hard.

    Its metrics, in % of the range of values, are `hole_l1`, the error in the hole, and `expected`,
    what the second output says of it.

    Args:
        network: Image2Feature, G1, of at most 144 px.
        uncertainty_weight: Weight of the second output's loss.
    """

    def __init__(self, network: keras.Model, uncertainty_weight: float = 0.02, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)  # the network keeps its own policy
        self.network = network
        self.size = network.input_shape[0][1]
        self.uncertainty_weight = uncertainty_weight
        self.hole_l1 = keras.metrics.Mean(name="hole_l1")
        self.expected = keras.metrics.Mean(name="expected")
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Fills the holes in a batch.

        Args:
            inputs: `pixels`, `widths` and `stood` of `packed.Photos`; `numbers`, float32 (B, 42),
                uniformly distributed in [0, 1).
            training: Whether the network runs in training mode.

        Returns:
            `truth` and `filled`, float32 (B, S/2, S/2, 3) in [-1, 1]; `hole`, float32 (B, S/2, S/2,
            1), 1 = missing; and, if the network has a second output, `error` of that shape, the
            expected absolute error of values in [-1, 1].
        """
        numbers = inputs["numbers"]
        about = inputs["pixels"], inputs["widths"], inputs["stood"]
        truth = squares.cut(*about, numbers[:, : squares.NUMBERS], self.size)
        hole = holes.draw(numbers[:, squares.NUMBERS :], self.size)
        filled, error = split(self.network([truth * (1 - hole), hole], training=training))
        border = self.size // 4
        middle = slice(border, self.size - border)
        found = {"truth": truth[:, middle, middle], "hole": hole[:, middle, middle]}
        found["filled"] = ops.cast(filled, "float32")
        return found if error is None else {**found, "error": error}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a batch, a scalar.

        Args:
            y_pred: What `call` returned for it. The other arguments, Keras's, are not used.
        """
        found = y_pred
        weights = found["hole"] / (ops.sum(found["hole"]) + 1e-6)
        error = ops.mean(ops.abs(found["filled"] - found["truth"]), -1, keepdims=True)
        loss = ops.sum(weights * error)
        self.hole_l1.update_state(50.0 * loss)  # % of the range
        if "error" in found:
            expected = found["error"]
            likelihood = ops.stop_gradient(error) / expected + ops.log(expected)
            self.expected.update_state(50.0 * ops.sum(weights * expected))
            loss = loss + self.uncertainty_weight * ops.sum(weights * likelihood)
        return loss


def batches(
    photos: Photos, batch: int, seed: int = 0, start: int = 0
) -> Iterator[tuple[dict[str, np.ndarray]]]:
    """Endless batches for `fit`; each depends on (seed, step) alone.

    Every photo is seen once before any is seen again. Keras may take batches in advance, as a
    resumed run asks for them by the number of its step.

    Args:
        photos: There may be fewer than a batch takes.
        batch: Photos in a batch.
        seed: Of the order, the squares and the holes.
        start: The step of the first batch.
    """
    count = len(photos)

    @lru_cache(maxsize=2)
    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng((seed, 1, epoch)).permutation(count)

    step = start
    while True:
        first, end = step * batch // count, (step * batch + batch - 1) // count + 1
        orders = [order(epoch) for epoch in range(first, end)]
        chosen = np.concatenate(orders)[step * batch - first * count :][:batch]
        numbers = np.random.default_rng((seed, 2, step)).random((batch, NUMBERS), np.float32)
        yield (_inputs(photos, chosen, numbers),)
        step += 1


def held_out(photos: Photos) -> dict[str, np.ndarray]:
    """The inputs of all photos: the centre squares in their own colours, always the same holes."""
    drawn = np.random.default_rng(5).random((len(photos), holes.NUMBERS), np.float32)
    numbers = np.concatenate([squares.neutral(len(photos)), drawn], 1)
    return _inputs(photos, np.arange(len(photos)), numbers)


def _inputs(photos: Photos, chosen: np.ndarray, numbers: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "pixels": photos.pixels[chosen],
        "widths": photos.widths[chosen],
        "stood": photos.stood[chosen],
        "numbers": numbers,
    }
