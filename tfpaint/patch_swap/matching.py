"""Matching: finds the source patch most similar to each query patch (section 3.3.2).

Similarity is the cosine of two patches. The norm of the query scales all its scores alike and does
not change its choice, so the engines normalise only the sources.
"""

from functools import cache

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.maps.traced import traced_once
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

    Scores are computed in float32 for inputs of any dtype, one item of the batch at a time. Let Q
    and R be the height and width of the queries' bounding box, and N the number of cells of a
    source map. Then `exact` needs about `4 * N * (C + 6 * R)` bytes of memory, and up to 512 MB
    more with `coherence`; `propagated` needs up to 512 MB; and `conv2d` needs
    `4 * N * (Q * R + 27 * C)` bytes.

    Args:
        query_features: (B, h, w, C), floating. Beyond the map's edges, patches see zeros.
        source_features: (B, h', w', C), floating.
        query_mask: (B, h, w, 1), non-zero where the patch centred there asks for a match.
        source_mask: (B, h', w', 1), non-zero where the patch centred there may be chosen. Patches
            centred on the map's border never are, since a source patch lies wholly inside the map.
        engine: "exact" compares all sources. "conv2d" is the paper's algorithm, slower and with the
            same choices. "propagated" searches near the choices in `start`, in time linear in the
            number of cells; its choices are good but not always the best.
        start: int32 (B, h / 2, w / 2), what `match` chose on maps of half the size. Only for the
            engine "propagated", which needs it.
        coherence: If positive, a choice may give up similarity to agree with its neighbours: up to
            this much of the cosine if all eight suggest the same source. The paper's value is 0.

    Returns:
        int32 (B, h, w): the flat index `y * w' + x` of the chosen source's centre. Of equal scores,
        the lowest index is chosen; a source patch of norm 0 scores 0. The value is `NO_MATCH` (-1)
        where the mask does not ask, and everywhere in an item without any source. A query patch
        with a NaN gets an arbitrary source, and a source patch with a NaN may be chosen by any
        query. Indices carry no gradient.

    Raises:
        InputError: There is no such engine, or the engine and `start` do not go together.
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
    if query_features.shape[0] == 1:  # starts faster without the loop of `map_fn`
        return _match_one(engine, coherence, *(item[0] for item in items))[None]
    return tf.map_fn(
        lambda item: _match_one(engine, coherence, *item),
        tuple(items),
        fn_output_signature=tf.TensorSpec(query_mask.shape[1:3], tf.int32),
        parallel_iterations=1,  # the scores of one item in memory; each operation uses every core
    )


@cache
def match_function(engine: str, coherence: float, channels: int):
    """`match` for batches of one and maps of any size, as a function that is traced only once.

    Its arguments are queries and sources, float32 (1, h, w, channels); the query and source masks,
    float32 (1, h, w, 1); and, for the engine "propagated", `start`.
    """

    def found(queries, sources, asks, may, start=None):
        return match(queries, sources, asks, may, engine, start, coherence)

    maps, masks = (tf.TensorSpec([1, None, None, depth]) for depth in (channels, 1))
    start = [tf.TensorSpec([1, None, None], tf.int32)] if engine == "propagated" else []
    return traced_once(found, input_signature=[maps, maps, masks, masks, *start])


def _match_one(engine, coherence, queries, sources, asks, may, start=None) -> tf.Tensor:
    """`match` for one item.

    Args:
        engine: Name of the engine.
        coherence: As for `match`.
        queries: float32 (h, w, C).
        sources: float32 (h', w', C).
        asks: bool (h, w), the query mask.
        may: bool (h', w'), the source mask.
        start: int32 (h / 2, w / 2), or None.

    Returns:
        int32 (h, w).
    """
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
    """The first index that is True in bool (n,), and one past the last."""
    true = tf.cast(tf.where(flags)[:, 0], tf.int32)
    return true[0], true[-1] + 1
