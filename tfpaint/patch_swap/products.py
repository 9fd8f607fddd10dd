"""Inner products of 3x3 patches from those of cells: a ninth of the paper's multiplications.

The product of two 3x3 patches is the sum of nine products of cells, and each product of cells
occurs in nine pairs of patches. For query row y, a matrix product gives G_y[q, s], the products of
the row's cells q with all source cells s. The product of the patches centred at (y, q) and at s is

    sum over dy, dx of G_{y + dy}[q + dx, s + dy * width + dx],

where `width` is the length of a row of sources. The matrix is stored flat, with rows of length L.
So dx = 1 is a shift by L + 1 elements, and one row down in the sources is a shift by `width`. Both
are made multiples of 16 floats by padding. Then TensorFlow takes the shifted matrices as views,
without a copy, and each sum is a single pass.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.patch_swap.patches import SQUARE

MOST_PRODUCTS = 2**27  # the most products of cells to keep in memory: 512 MB
ALIGNED = 16  # floats, 64 bytes: slices aligned to it share memory in TensorFlow without a copy


def multiply(queries: tf.Tensor, sources: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Computes the products of all query cells with all source cells.

    Args:
        queries: float32 (hq + 2, wq + 2, C), as in `Question`.
        sources: float32 (h', w', C).

    Returns:
        The products, float32 (hq + 2, W), those of a row of queries flat in the layout above. And a
        function from int32 centres of query patches and of source patches, flat indices into
        `queries` and `sources` whose shapes broadcast, to the inner products of the patches.
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
    """Whether the products that `multiply` computes are few enough to keep: a bool scalar."""
    cells = [tf.cast(tf.reduce_prod(tf.shape(one)[:2]), tf.int64) for one in (queries, sources)]
    return cells[0] * cells[1] <= MOST_PRODUCTS


def inverse_norms(maps: tf.Tensor) -> tf.Tensor:
    """Inverse norms of the 3x3 patches whose first (top left) cell is each cell of a map.

    Maps (h, w, C) to a flat (h * w,); 0 for a patch of norm 0.
    """
    squares = tf.reduce_sum(tf.square(maps), axis=-1)
    squares = tf.pad(squares, [[0, 2], [0, 2]])
    squares = tf.add_n([squares[dy : dy - 2 or None] for dy in range(3)])
    squares = tf.add_n([squares[:, dx : dx - 2 or None] for dx in range(3)])
    return tf.reshape(tf.math.divide_no_nan(1.0, tf.sqrt(squares)), [-1])


def lay_out(sources: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Lays out sources (h', w', C) as (C, L), every row padded to an aligned length.

    Returns:
        The cells (C, L), and the padded length of a row of sources, a scalar.
    """
    height, width, channels = tf.unstack(tf.shape(sources))
    row = -(-width // ALIGNED) * ALIGNED
    sources = tf.pad(sources, [[0, 0], [0, row - width], [0, 0]])
    length = -(-(height * row + 1) // ALIGNED) * ALIGNED - 1
    cells = tf.transpose(tf.reshape(sources, [-1, channels]))
    return tf.pad(cells, [[0, 0], [0, length - height * row]]), row


def widen(queries: tf.Tensor) -> tf.Tensor:
    """Pads queries (h, w, C) with columns of zeros, at least one, to an aligned width.

    The shifted sums in `exact` read beyond the last query of a row.
    """
    columns = tf.shape(queries)[1]
    return tf.pad(queries, [[0, 0], [0, -(-(columns + 1) // ALIGNED) * ALIGNED - columns], [0, 0]])
