"""Products of 3x3 patches from products of cells: a ninth of the paper's multiplications.

The product of two 3x3 patches is a sum of nine products of cells, and each product of cells serves
nine pairs of patches. So all products of one row of query cells with all source cells are one
matrix G[q, s]; the product of the patches around q and s is

    sum over dy, dx of G_row+dy[q + dx, s + dy * width + dx].

The matrix is laid out flat, with rows of length L. Then the step (q + 1, s + 1) is one of L + 1
elements, and a step down in the sources one of `width`. Where both are multiples of 16 floats, the
shifted matrices are views of the same memory, and each sum is one pass.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.patch_swap.patches import SQUARE

MOST_PRODUCTS = 2**27  # of cells, to keep in memory: 512 MB
ALIGNED = 16  # floats in the 64 bytes at which TensorFlow shares memory rather than copying it


def multiply(queries: tf.Tensor, sources: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """The products of all cells of the queries with all cells of the sources.

    Args:
        queries: float32 (hq + 2, wq + 2, C), as in `Question`.
        sources: float32 (h', w', C).

    Returns:
        The products, float32 (hq + 2, W), each row flat, and a function of int32 centres of query
        patches and of source patches, as flat indices of `queries` and `sources`: the products of
        the patches.
    """
    cells, row = lay_out(sources)
    rows, columns, channels = tf.unstack(tf.shape(queries))
    wide = widen(queries)
    across, length, width = tf.shape(wide)[1], tf.shape(cells)[1], tf.shape(sources)[1]
    products = tf.matmul(tf.reshape(wide, [-1, channels]), cells)
    flat = tf.reshape(products, [-1])
    steps = [(dy * across + dx) * length + dy * row + dx for dy, dx in SQUARE]

    def of_patches(query, source):
        query = query // columns * across + query % columns
        place = query * length + (source // width * row + source % width)
        return tf.add_n([tf.gather(flat, place + step) for step in steps])

    return tf.reshape(products, [rows, across * length]), of_patches


def few(queries: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    """Whether the products of all cells, see `multiply`, are few enough to keep: bool ()."""
    cells = [tf.cast(tf.reduce_prod(tf.shape(one)[:2]), tf.int64) for one in (queries, sources)]
    return cells[0] * cells[1] <= MOST_PRODUCTS


def inverse_norms(maps: tf.Tensor) -> tf.Tensor:
    """1 / norm (or 0) of the 3x3 patch that begins at each cell of (h, w, C): flat (h * w,)."""
    squares = tf.reduce_sum(tf.square(maps), axis=-1)
    squares = tf.pad(squares, [[0, 2], [0, 2]])
    squares = tf.add_n([squares[dy : dy - 2 or None] for dy in range(3)])
    squares = tf.add_n([squares[:, dx : dx - 2 or None] for dx in range(3)])
    return tf.reshape(tf.math.divide_no_nan(1.0, tf.sqrt(squares)), [-1])


def lay_out(sources: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(h', w', C) -> (C, L), every row aligned, and the length of a row in L."""
    height, width, channels = tf.unstack(tf.shape(sources))
    row = -(-width // ALIGNED) * ALIGNED
    sources = tf.pad(sources, [[0, 0], [0, row - width], [0, 0]])
    length = -(-(height * row + 1) // ALIGNED) * ALIGNED - 1
    cells = tf.transpose(tf.reshape(sources, [-1, channels]))
    return tf.pad(cells, [[0, 0], [0, length - height * row]]), row


def widen(queries: tf.Tensor) -> tf.Tensor:
    """(h, w, C) -> (h, w', C) with columns of zeros: sums read past the end; rows are aligned."""
    columns = tf.shape(queries)[1]
    return tf.pad(queries, [[0, 0], [0, -(-(columns + 1) // ALIGNED) * ALIGNED - columns], [0, 0]])
