"""3x3 patches, and the interface of the matching engines."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

SQUARE = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
"""Offsets `(dy, dx)` of the nine cells of a patch from its centre, row by row."""

AROUND = tuple(step for step in SQUARE if step != (0, 0))
"""Steps to the eight neighbours."""

NEIGHBOURS = tuple((dy, dx) for dy, dx in SQUARE if abs(dy) + abs(dx) == 1)
"""Steps to the four neighbours up, left, right and down."""

NO_MATCH = -1
"""The index for a patch that does not ask for a match, or that has no source to choose from."""


class Question(NamedTuple):
    """The input of an engine: the query patches of one item, and the sources to choose from.

    Attributes:
        queries: float32 (hq + 2, wq + 2, C), the cells of hq x wq query patches.
        sources: float32 (h', w', C), the map that holds the source patches.
        asks: bool (hq, wq), the query patches that need a match.
        centres: int32 (n,), n > 0, the centres of the sources: flat indices `y * w' + x` in
            ascending order, none on the map's border.
        guesses: int32 (hq, wq, K), flat indices of source centres to start from, for the engine
            "propagated". Guesses that are not sources are ignored. Other engines have no use for
            them.
    """

    queries: tf.Tensor
    sources: tf.Tensor
    asks: tf.Tensor
    centres: tf.Tensor
    guesses: tf.Tensor | None = None


Engine = Callable[[Question, float], tf.Tensor]
"""A function `choose(question, coherence)`, one in each engine's module.

It returns int32 (hq, wq), the flat index of a source centre for each query; the index is arbitrary
for a query that does not ask. `coherence` is as for `tfpaint.match`.
"""
