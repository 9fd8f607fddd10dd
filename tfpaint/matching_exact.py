"""The engine `exact`: the choices of the paper's convolution from a ninth of its products.

The product of two 3x3 patches is a sum of nine products of pixels, and each product of pixels
serves nine pairs of patches. So all products of the pixels of one row of queries with all sources
are one matrix G[q, s]; the score of the patches after q and s is

    sum over dy, dx of G_row+dy[q + dx, s + dy * width + dx].

Laid out flat, with rows of length L, the step (q + 1, s + 1) is one of L + 1 elements, and a step
down in the sources one of `width`. Where both are multiples of 16 floats, the shifted matrices are
views of the same memory, and each sum is one pass.
"""

from collections.abc import Callable

import tensorflow as tf

MOST_PRODUCTS = 2**27  # of cells, to keep in memory: 512 MB
ALIGNED = 16  # floats in the 64 bytes at which TensorFlow shares memory rather than copying it


def choose(
    queries: tf.Tensor,
    sources: tf.Tensor,
    asks: tf.Tensor,
    centres: tf.Tensor,
    products: tf.Tensor | None = None,
) -> tf.Tensor:
    """The best source centre of every query patch of one item.

    Args:
        queries: float32 (hq + 2, wq + 2, C), the cells under hq x wq query patches.
        sources: float32 (h', w', C).
        asks: bool (hq, wq); the choice for others is arbitrary.
        centres: int32 (n,), the source centres: ascending flat indices, n > 0, none on the border.
        products: from `multiply`, if they are at hand; otherwise a row at a time is in memory.

    Returns:
        int32 (hq, wq), flat source centres.
    """
    width = tf.shape(sources)[1]
    pixels, row = _lay_out(sources)
    length = tf.shape(pixels)[1]

    # A patch goes by its first pixel, which lies `row + 1` before its centre.
    firsts = centres // width * row + centres % width - row - 1
    scales = _scatter(firsts, tf.gather(inverse_norms(sources), centres - width - 1), length)
    valid = _scatter(firsts, tf.ones_like(firsts), length) > 0

    rows, columns = tf.shape(asks)[0], tf.shape(asks)[1]
    queries = _widen(queries)

    def three_across(y):
        """Sums over dx of the products of row y of the queries, flat, and some more elements."""
        if products is None:
            flat = tf.reshape(tf.matmul(queries[y], pixels), [-1])
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


def multiply(queries: tf.Tensor, sources: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """The products of all cells of the queries with all cells of the sources.

    Args:
        queries, sources: as for `choose`.

    Returns:
        The products, float32 (hq + 2, W), for `choose`, and a function of int32 centres of query
        patches and of source patches, as flat indices of `queries` and `sources`: the products of
        the patches.
    """
    pixels, row = _lay_out(sources)
    rows, columns, channels = tf.unstack(tf.shape(queries))
    wide = _widen(queries)
    across, length, width = tf.shape(wide)[1], tf.shape(pixels)[1], tf.shape(sources)[1]
    products = tf.matmul(tf.reshape(wide, [-1, channels]), pixels)
    flat = tf.reshape(products, [-1])
    steps = [(dy * across + dx) * length + dy * row + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)]

    def of_patches(query, source):
        query = query // columns * across + query % columns
        place = query * length + (source // width * row + source % width)
        return tf.add_n([tf.gather(flat, place + step) for step in steps])

    return tf.reshape(products, [rows, across * length]), of_patches


def few(queries: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    """Whether the products of all cells, see `multiply`, are few enough to keep: bool ()."""
    cells = [tf.cast(tf.reduce_prod(tf.shape(one)[:2]), tf.int64) for one in (queries, sources)]
    return cells[0] * cells[1] <= MOST_PRODUCTS


def _lay_out(sources: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(h', w', C) -> (C, L) and the length of a row in L."""
    height, width, channels = tf.unstack(tf.shape(sources))
    row = -(-width // ALIGNED) * ALIGNED
    sources = tf.pad(sources, [[0, 0], [0, row - width], [0, 0]])
    length = -(-(height * row + 1) // ALIGNED) * ALIGNED - 1
    pixels = tf.transpose(tf.reshape(sources, [-1, channels]))
    return tf.pad(pixels, [[0, 0], [0, length - height * row]]), row


def _widen(queries: tf.Tensor) -> tf.Tensor:
    """Columns of zeros, since the sums read some elements past the end; all rows begin aligned."""
    columns = tf.shape(queries)[1]
    return tf.pad(queries, [[0, 0], [0, -(-(columns + 1) // ALIGNED) * ALIGNED - columns], [0, 0]])


def inverse_norms(sources: tf.Tensor) -> tf.Tensor:
    """1 / norm (or 0) of the 3x3 patch that begins at each pixel of (h, w, C): flat (h * w,)."""
    squares = tf.reduce_sum(tf.square(sources), axis=-1)
    squares = tf.pad(squares, [[0, 2], [0, 2]])
    squares = tf.add_n([squares[dy : dy - 2 or None] for dy in range(3)])
    squares = tf.add_n([squares[:, dx : dx - 2 or None] for dx in range(3)])
    return tf.reshape(tf.math.divide_no_nan(1.0, tf.sqrt(squares)), [-1])


def _scatter(indices: tf.Tensor, values: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """(length,): `values` at the ascending `indices`, 0 elsewhere."""
    return tf.scatter_nd(indices[:, None], values, [length])


def _best_of_valid(scores: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """(columns, L), bool (L,) -> int32 (columns,): the first of the best, a NaN being the worst."""
    scores = tf.where(tf.math.is_nan(scores), scores.dtype.min, scores)
    return tf.argmax(tf.where(valid, scores, float("-inf")), axis=1, output_type=tf.int32)
