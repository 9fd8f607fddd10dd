"""The engine `exact`: compares all source patches, and makes the same choices as `conv2d`."""

import tensorflow as tf

from tfpaint.maps.traced import traced_outside
from tfpaint.patch_swap import coherent
from tfpaint.patch_swap.patches import Question
from tfpaint.patch_swap.products import few, inverse_norms, lay_out, multiply, widen


def choose(question: Question, coherence: float) -> tf.Tensor:
    """Chooses the most similar source, the first of equals. See `patches.Engine`."""
    if not coherence:
        return _best(question)
    queries, sources, *_ = question

    def remembering():
        products, product = multiply(queries, sources)
        return coherent.agree(_best(question, products), question, coherence, product)

    return tf.cond(
        few(queries, sources),
        remembering,
        lambda: coherent.agree(_best(question), question, coherence),
    )


def _best(question: Question, products: tf.Tensor | None = None) -> tf.Tensor:
    """The best source of each query: int32 (hq, wq), flat indices of source centres.

    `products` are those of `multiply`. Without them, they are computed for a row of queries at a
    time.
    """
    queries, sources, asks, centres, _ = question
    width = tf.shape(sources)[1]
    cells, row = lay_out(sources)
    length = tf.shape(cells)[1]

    # In the layout, a patch is indexed by its first cell, `row + 1` places before its centre.
    firsts = centres // width * row + centres % width - row - 1
    scales = _scatter(firsts, tf.gather(inverse_norms(sources), centres - width - 1), length)
    valid = _scatter(firsts, tf.ones_like(firsts), length) > 0

    shape = tf.shape(asks)
    if products is None:
        found = _by_rows_of_cells(widen(queries), cells, scales, valid, shape, row)
    else:
        found = _by_rows_of_products(products, scales, valid, shape, row)
    found = tf.reshape(found, shape)
    return (found // row + 1) * width + found % row + 1


_MATRIX = tf.TensorSpec([None, None])
_ABOUT = (
    tf.TensorSpec([None]),
    tf.TensorSpec([None], tf.bool),
    tf.TensorSpec([2], tf.int32),
    tf.TensorSpec([], tf.int32),
)


@traced_outside(input_signature=[tf.TensorSpec([None, None, None]), _MATRIX, *_ABOUT])
def _by_rows_of_cells(queries, cells, *about):
    return _by_rows(lambda y: tf.reshape(queries[y] @ cells, [-1]), *about)


@traced_outside(input_signature=[_MATRIX, *_ABOUT])
def _by_rows_of_products(products, *about):
    return _by_rows(lambda y: products[y], *about)


def _by_rows(products_of, scales, valid, shape, row):
    """The best source of each query, in the layout: int32, flat, row after row."""
    rows, columns = tf.unstack(shape)
    length = tf.size(scales)

    def next_row(y, first, second, found):
        third = _three_across(products_of(y + 2), row, columns, length)
        best = _best_of_row(first, second, third, scales, valid, row, columns)
        return y + 1, second, third, tf.concat([found, best], 0)

    before = [_three_across(products_of(y), row, columns, length) for y in range(2)]
    # Rows are concatenated, because LiteRT's TensorArray needs rows of a static length.
    return tf.while_loop(
        lambda y, *_: y < rows,
        next_row,
        (0, *before, tf.zeros([0], tf.int32)),
        shape_invariants=(tf.TensorShape([]), *[tf.TensorShape([None])] * 3),
        parallel_iterations=1,
    )[-1]


def _three_across(products, row, columns, length):
    """The products of a row of queries, summed over dx: flat, and `2 * row` longer for the dy."""
    size, step = columns * length + 2 * row, length + 1
    return tf.add_n([tf.slice(products, [dx * step], [size]) for dx in range(3)])


def _best_of_row(first, second, third, scales, valid, row, columns):
    """The best source of each query of a row, in the layout, from the products of three rows."""
    length = tf.size(scales)
    size = columns * length
    slabs = (first, second, third)
    scores = tf.add_n([tf.slice(slab, [dy * row], [size]) for dy, slab in enumerate(slabs)])
    scores = tf.reshape(scores, [columns, length]) * scales
    best = tf.argmax(scores, axis=1, output_type=tf.int32)
    # A patch that is not a source scores 0 here. If a query has no better score, or a NaN, the row
    # is searched again among the sources alone.
    beaten = tf.reduce_all(tf.gather(scores, best, batch_dims=1) > 0)
    return tf.cond(beaten, lambda: best, lambda: _best_of_valid(scores, valid))


def _scatter(indices: tf.Tensor, values: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """A vector (length,) with `values` at the ascending `indices` and 0 elsewhere."""
    return tf.scatter_nd(indices[:, None], values, [length])


def _best_of_valid(scores: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """The first of the best valid scores: (columns, L), bool (L,) -> int32 (columns,).

    A NaN counts as the lowest score.
    """
    scores = tf.where(tf.math.is_nan(scores), scores.dtype.min, scores)
    return tf.argmax(tf.where(valid, scores, float("-inf")), axis=1, output_type=tf.int32)
