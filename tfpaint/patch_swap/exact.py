"""The engine `exact`: compares every source patch, and chooses as the convolution of the paper."""

import tensorflow as tf

from tfpaint.patch_swap import coherent
from tfpaint.patch_swap.patches import Question
from tfpaint.patch_swap.products import few, inverse_norms, lay_out, multiply, widen


def choose(question: Question, coherence: float) -> tf.Tensor:
    """See `patches.Engine`: the most similar source, the first of equals."""
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
    """The best sources, from the products of `multiply` or, without them, from a row at a time."""
    queries, sources, asks, centres, _ = question
    width = tf.shape(sources)[1]
    cells, row = lay_out(sources)
    length = tf.shape(cells)[1]

    # A patch goes by its first cell, which lies `row + 1` before its centre.
    firsts = centres // width * row + centres % width - row - 1
    scales = _scatter(firsts, tf.gather(inverse_norms(sources), centres - width - 1), length)
    valid = _scatter(firsts, tf.ones_like(firsts), length) > 0

    rows, columns = tf.shape(asks)[0], tf.shape(asks)[1]
    queries = widen(queries)

    def three_across(y):
        """Sums over dx of the products of row y of the queries, flat, and some more elements."""
        if products is None:
            flat = tf.reshape(tf.matmul(queries[y], cells), [-1])
        else:
            flat = products[y]
        size, step = columns * length + 2 * row, length + 1
        return tf.add_n([tf.slice(flat, [dx * step], [size]) for dx in range(3)])

    def next_row(y, first, second, found):
        third = three_across(y + 2)
        slabs = (first, second, third)
        size = columns * length
        scores = tf.add_n([tf.slice(slab, [dy * row], [size]) for dy, slab in enumerate(slabs)])
        scores = tf.reshape(scores, [columns, length]) * scales
        best = tf.argmax(scores, axis=1, output_type=tf.int32)
        # What is no source scores 0 here; where nothing beats that (or a NaN is about), look again.
        beaten = tf.reduce_all(tf.gather(scores, best, batch_dims=1) > 0)
        best = tf.cond(beaten, lambda: best, lambda: _best_of_valid(scores, valid))
        return y + 1, second, third, tf.concat([found, best], 0)

    # Not a TensorArray: LiteRT has none with rows of a length that is not known beforehand.
    found = tf.while_loop(
        lambda y, *_: y < rows,
        next_row,
        (0, three_across(0), three_across(1), tf.zeros([0], tf.int32)),
        shape_invariants=(tf.TensorShape([]), *[tf.TensorShape([None])] * 3),
        parallel_iterations=1,
    )[-1]
    found = tf.reshape(found, [rows, columns])
    return (found // row + 1) * width + found % row + 1


def _scatter(indices: tf.Tensor, values: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """(length,): `values` at the ascending `indices`, 0 elsewhere."""
    return tf.scatter_nd(indices[:, None], values, [length])


def _best_of_valid(scores: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """(columns, L), bool (L,) -> int32 (columns,): the first of the best, a NaN being the worst."""
    scores = tf.where(tf.math.is_nan(scores), scores.dtype.min, scores)
    return tf.argmax(tf.where(valid, scores, float("-inf")), axis=1, output_type=tf.int32)
