"""Matching: which source patch is most similar to which query patch (paper, section 3.3.2).

The query's own norm scales all its scores alike, so normalising the sources makes them cosines.
"""

from functools import cache

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.patch_swap import conv2d, exact, propagated
from tfpaint.patch_swap.patches import NO_MATCH, Engine, Question

ENGINES: dict[str, Engine] = {
    "exact": exact.choose,
    "conv2d": conv2d.choose,
    "propagated": propagated.choose,
}


def match(
    query_features: tf.Tensor,
    source_features: tf.Tensor,
    query_mask: tf.Tensor,
    source_mask: tf.Tensor,
    engine: str = "exact",
    start: tf.Tensor | None = None,
    coherence: float = 0.0,
) -> tf.Tensor:
    """Finds, for each 3x3 query patch, the 3x3 source patch of highest cosine similarity.

    Scores are computed in float32 whatever the input's dtype, one item at a time. Where (Q, R) are
    the height and width of the queries' bounding box and N the cells of a source map, `exact` needs
    `4 * N * (C + 6 * R)` bytes or so, up to 512 MB more if coherent, `propagated` up to 512 MB, and
    `conv2d` `4 * N * (Q * R + 27 * C)`.

    Args:
        query_features: (B, h, w, C), floating. Zero outside, for patches that reach over the edge.
        source_features: (B, h', w', C), floating.
        query_mask: (B, h, w, 1), non-zero where the patch centred there asks for a match.
        source_mask: (B, h', w', 1), non-zero where the patch centred there may be chosen. Centres
            on the map's border never are: a source patch lies wholly inside the map.
        engine: "exact"; "conv2d", the paper's recipe: the same choices, slower; or "propagated":
            good choices rather than the best, beside those of `start`, in time linear in the cells.
        start: int32 (B, h / 2, w / 2), for "propagated" alone: what `match` chose on maps of half
            the size.
        coherence: if positive, choices give up similarity to agree with their neighbours': up to
            this much of the cosine where all eight suggest the same. 0 is the paper's way.

    Returns:
        int32 (B, h, w): the flat index `y * w' + x` of the chosen centre. Equal scores go to the
        lowest index; a source patch of norm 0 scores 0. `NO_MATCH` (-1) where the mask does not
        ask, and everywhere in an item without any source. A NaN makes the choice of the patches
        it touches arbitrary, and a NaN in a source may be chosen by any query. Indices carry no
        gradient.

    Raises:
        InputError: There is no such engine.
    """
    if engine not in ENGINES:
        raise InputError(f"engine={engine!r} must be one of {', '.join(map(repr, ENGINES))}")
    if (engine == "propagated") != (start is not None):
        raise InputError('engine="propagated" needs start=, and no other engine takes it')
    items = [
        tf.stop_gradient(tf.cast(query_features, tf.float32)),
        tf.stop_gradient(tf.cast(source_features, tf.float32)),
        tf.cast(query_mask, tf.bool)[..., 0],
        tf.cast(source_mask, tf.bool)[..., 0],
    ]
    items = items if start is None else [*items, start]
    if query_features.shape[0] == 1:  # a loop less around the others: quicker to start
        return _match_one(engine, coherence, *(item[0] for item in items))[None]
    return tf.map_fn(
        lambda item: _match_one(engine, coherence, *item),
        tuple(items),
        fn_output_signature=tf.TensorSpec(query_mask.shape[1:3], tf.int32),
        parallel_iterations=1,  # the scores of one item in memory; each operation uses every core
    )


@cache
def match_function(engine: str, coherence: float, channels: int):
    """`match` for single items of any size, traced and prepared once for all its uses."""

    def found(queries, sources, asks, may, start=None):
        return match(queries, sources, asks, may, engine, start, coherence)

    maps, masks = (tf.TensorSpec([1, None, None, depth]) for depth in (channels, 1))
    start = [tf.TensorSpec([1, None, None], tf.int32)] if engine == "propagated" else []
    return tf.function(
        found,
        [maps, maps, masks, masks, *start],
        autograph=False,
        experimental_attributes={"_noinline": True},
    )


def _match_one(engine, coherence, queries, sources, asks, may, start=None) -> tf.Tensor:
    """(h, w, C), (h', w', C), bool (h, w), bool (h', w') -> int32 (h, w)."""
    inside = tf.pad(may[1:-1, 1:-1], [[1, 1], [1, 1]])
    centres = tf.cast(tf.where(tf.reshape(inside, [-1]))[:, 0], tf.int32)

    def chosen():
        top, bottom = _extent(tf.reduce_any(asks, axis=1))
        left, right = _extent(tf.reduce_any(asks, axis=0))
        padded = tf.pad(queries, [[1, 1], [1, 1], [0, 0]])
        cells = padded[top : bottom + 2, left : right + 2]  # the queries and one cell around them
        guesses = None
        if start is not None:
            guesses = propagated.upsampled(start, tf.shape(asks), tf.shape(sources)[1])
            guesses = guesses[top:bottom, left:right]
        question = Question(cells, sources, asks[top:bottom, left:right], centres, guesses)
        winners = ENGINES[engine](question, coherence)
        height, width = tf.unstack(tf.shape(asks))
        around = [[top, height - bottom], [left, width - right]]
        return tf.where(asks, tf.pad(winners, around), NO_MATCH)

    return tf.cond(
        tf.logical_and(tf.size(centres) > 0, tf.reduce_any(asks)),
        chosen,
        lambda: tf.fill(tf.shape(asks), NO_MATCH),
    )


def _extent(flags: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """First true index, and one past the last."""
    true = tf.cast(tf.where(flags)[:, 0], tf.int32)
    return true[0], true[-1] + 1
