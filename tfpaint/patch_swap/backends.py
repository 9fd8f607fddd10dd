"""Two implementations of matching and pasting: the general one, and one for phones and browsers."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfpaint.patch_swap import static
from tfpaint.patch_swap.matching import match, match_function
from tfpaint.patch_swap.pasting import paste


class Backend(NamedTuple):
    """How patches are matched and pasted.

    Attributes:
        match: `match(queries, sources, asks, may, start, coherence)`, where `asks` is the query
            mask and `may` the source mask of `tfpaint.match`. Its engine is "exact" if `start` is
            None, and else "propagated". It returns the choices of all cells, or with the static
            backend only those of the centre square and of the cells next to it.
        paste: As `tfpaint.patch_swap.paste`, on the choices that `match` returns.
        loops: Whether the graph may contain loops.
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
"""For any batch, hole and size. Time and memory depend on the cells that ask for a match."""

STATIC = Backend(static.match, static.paste, loops=False)
"""For one window of static size with its hole in the centre. It uses no loops or branches."""
