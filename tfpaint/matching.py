"""Matching neural patches: which source patch answers which query patch (paper, section 3.3.2).

The paper's recipe, one item of the batch at a time: the 3x3 source patches are stacked and
normalised into the filters of a convolution, which then scores every query against every source.
A query's own norm scales all its scores alike, so normalising the sources makes it the cosine.
"""

import tensorflow as tf

NO_MATCH = -1
TIE = 1e-6  # equal patches may differ by a few float32 roundings, by their place in the convolution


def match(
    query_features: tf.Tensor,
    source_features: tf.Tensor,
    query_mask: tf.Tensor,
    source_mask: tf.Tensor,
) -> tf.Tensor:
    """Finds, for each 3x3 query patch, the 3x3 source patch of highest cosine similarity.

    Scores are computed in float32 whatever the input's dtype, in the memory of one item at a time:
    `4 * sources * (queries' bounding box + 18 * C)` bytes or so. Indices carry no gradient.

    Args:
        query_features: (B, h, w, C), floating. Zero outside, for patches that reach over the edge.
        source_features: (B, h', w', C), floating.
        query_mask: (B, h, w, 1), non-zero where the patch centred there asks for a match.
        source_mask: (B, h', w', 1), non-zero where the patch centred there may be chosen. Centres
            on the map's border never are: a source patch lies wholly inside the map.

    Returns:
        int32 (B, h, w): the flat index `y * w' + x` of the chosen centre. Equal scores go to the
        lowest index; a source patch of norm 0 scores 0. `NO_MATCH` (-1) where the mask does not
        ask, and everywhere in an item without any source. A NaN makes the choice of the patches
        it touches arbitrary, and a NaN in a source may be chosen by any query.
    """
    return tf.map_fn(
        lambda item: _match_one(*item),
        (
            tf.stop_gradient(tf.cast(query_features, tf.float32)),
            tf.stop_gradient(tf.cast(source_features, tf.float32)),
            tf.cast(query_mask, tf.bool)[..., 0],
            tf.cast(source_mask, tf.bool)[..., 0],
        ),
        fn_output_signature=tf.TensorSpec(query_mask.shape[1:3], tf.int32),
        parallel_iterations=1,  # one stack of patches in memory; the convolution uses every core
    )


def _match_one(queries: tf.Tensor, sources: tf.Tensor, asks: tf.Tensor, may: tf.Tensor):
    """(h, w, C), (h', w', C), bool (h, w), bool (h', w') -> int32 (h, w)."""
    centres = _centres(may)
    possible = tf.logical_and(tf.size(centres) > 0, tf.reduce_any(asks))
    return tf.cond(
        possible,
        lambda: _choose(queries, sources, asks, centres),
        lambda: tf.fill(tf.shape(asks), NO_MATCH),
    )


def _centres(may: tf.Tensor) -> tf.Tensor:
    """Flat indices, ascending, of the true cells of (h', w') that are not on the border: (n,)."""
    inside = tf.pad(may[1:-1, 1:-1], [[1, 1], [1, 1]])
    return tf.cast(tf.where(tf.reshape(inside, [-1]))[:, 0], tf.int32)


def _choose(queries: tf.Tensor, sources: tf.Tensor, asks: tf.Tensor, centres: tf.Tensor):
    """As `_match_one`, when there is at least one query and one source."""
    top, bottom = _extent(tf.reduce_any(asks, axis=1))
    left, right = _extent(tf.reduce_any(asks, axis=0))
    padded = tf.pad(queries, [[1, 1], [1, 1], [0, 0]])
    box = padded[top : bottom + 2, left : right + 2]  # the queries and one cell around them
    scores = tf.nn.conv2d(box[None], _filters(sources, centres), strides=1, padding="VALID")[0]
    best = tf.reduce_max(scores, axis=-1, keepdims=True)
    worse = scores < best - TIE * tf.abs(best)
    winners = tf.reduce_min(tf.where(worse, tf.int32.max, centres), axis=-1)
    height, width = tf.unstack(tf.shape(asks))
    around = [[top, height - bottom], [left, width - right]]
    return tf.where(asks, tf.pad(winners, around, constant_values=NO_MATCH), NO_MATCH)


def _extent(flags: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """First true index, and one past the last."""
    true = tf.cast(tf.where(flags)[:, 0], tf.int32)
    return true[0], true[-1] + 1


def _filters(sources: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
    """The 3x3 patches around n centres, each of norm 1 (or 0), as filters (3, 3, C, n)."""
    width, channels = tf.shape(sources)[1], tf.shape(sources)[2]
    steps = tf.range(-1, 2)
    offsets = tf.reshape(steps[:, None] * width + steps, [-1])  # (9,)
    cells = tf.reshape(sources, [-1, channels])
    patches = tf.gather(cells, centres[:, None] + offsets)  # (n, 9, C)
    norms = tf.sqrt(tf.reduce_sum(tf.square(patches), axis=[1, 2], keepdims=True))
    patches = tf.math.divide_no_nan(patches, norms)
    return tf.reshape(tf.transpose(patches, [1, 2, 0]), [3, 3, channels, -1])
