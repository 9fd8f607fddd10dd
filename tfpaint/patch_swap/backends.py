"""Two ways to run the same matching and pasting: for any graph, and for phones and browsers."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfpaint.patch_swap import static
from tfpaint.patch_swap.matching import match, match_function
from tfpaint.patch_swap.pasting import paste


class Backend(NamedTuple):
    """How patches are matched and pasted.

    Attributes:
        match: `(queries, sources, asks, may, start, coherence)` as for `tfpaint.match`, with its
            engine chosen by whether there is a `start`. The choices are those of all cells, or
            with the static backend those of the centre square and the cells beside it.
        paste: As `tfpaint.patch_swap.paste`, of such choices.
        loops: Whether the graph may hold loops.
    """

    match: Callable[..., tf.Tensor]
    paste: Callable[..., tf.Tensor]
    loops: bool


def _match(queries, sources, asks, may, start=None, coherence=0.0) -> tf.Tensor:
    engine, more = ("exact", ()) if start is None else ("propagated", (start,))
    if queries.shape[0] != 1:
        return match(queries, sources, asks, may, engine, start, coherence)
    return match_function(engine, coherence, queries.shape[-1])(queries, sources, asks, may, *more)


DYNAMIC = Backend(_match, paste, loops=True)
"""Any batch, hole and size, in time and memory of the cells that ask."""

STATIC = Backend(static.match, static.paste, loops=False)
"""One window of a size known when traced, its hole in the middle; no loops, branches or lists."""
