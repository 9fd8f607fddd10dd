"""3x3 patches, and the question that every matching engine answers."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

SQUARE = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
"""Steps from the centre of a patch to its nine cells, row by row."""

NO_MATCH = -1
"""The choice of a patch that does not ask, or has nothing to choose from."""


class Question(NamedTuple):
    """Which source patch is most similar to each query patch of one item?

    Attributes:
        queries: float32 (hq + 2, wq + 2, C), the cells under hq x wq query patches.
        sources: float32 (h', w', C), the map to choose from.
        asks: bool (hq, wq), the patches that need an answer.
        centres: int32 (n,), where the sources are centred: flat indices `y * w' + x` in ascending
            order, n > 0, none on the map's border.
        guesses: int32 (hq, wq, K), flat source centres to begin with, for the engine "propagated";
            others are ignored. Those that are no source are passed over.
    """

    queries: tf.Tensor
    sources: tf.Tensor
    asks: tf.Tensor
    centres: tf.Tensor
    guesses: tf.Tensor | None = None


Engine = Callable[[Question, float], tf.Tensor]
"""`choose(question, coherence)` of a module: int32 (hq, wq), a flat source centre for each query.

Where nobody asks, the answer is arbitrary. `coherence` is as in `tfpaint.match`.
"""
