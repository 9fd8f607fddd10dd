"""Compares a few candidate sources for each query, for searches that do not compare all sources."""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.patch_swap.patches import SQUARE, Question
from tfpaint.patch_swap.products import inverse_norms


def judge(
    question: Question, product: Callable | None = None
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Makes a function that computes the cosines of candidates with their queries.

    Args:
        question: The queries and sources.
        product: The inner product of patches from `products.multiply`, if all products of cells are
            in memory; else None.

    Returns:
        A function of candidates, int32 (hq, wq, K), flat indices of source centres. It returns the
        candidates, with the first source in place of any that is not a source, and their cosines
        with the query, float32 (hq, wq, K).
    """
    queries, sources, _, centres, _ = question
    height, width, channels = tf.unstack(tf.shape(sources))
    cells = tf.reshape(sources, [-1, channels])
    valid = tf.scatter_nd(centres[:, None], tf.ones_like(centres), [height * width]) > 0
    # `inverse_norms` indexes patches by their first cells; here they are indexed by their centres.
    scales = tf.reshape(inverse_norms(sources), [height, width])
    scales = tf.reshape(tf.pad(scales[:-2, :-2], [[1, 1], [1, 1]]), [-1])
    rows, columns = tf.shape(queries)[0] - 2, tf.shape(queries)[1] - 2
    own_scales = tf.reshape(inverse_norms(queries), tf.shape(queries)[:2])[:rows, :columns]

    def compare(candidates):
        usable = (candidates >= 0) & (candidates < height * width)
        usable &= tf.gather(valid, tf.where(usable, candidates, 0))
        candidates = tf.where(usable, candidates, centres[0])

        dots = by_products(candidates, product) if product else by_rows(candidates)
        return candidates, dots * tf.gather(scales, candidates) * tf.expand_dims(own_scales, -1)

    def by_products(candidates, product):
        own = (tf.range(rows)[:, None] + 1) * (columns + 2) + tf.range(columns) + 1
        return product(tf.expand_dims(own, -1), candidates)

    def by_rows(candidates):
        def next_row(y, found):
            dots = []
            for dy, dx in SQUARE:
                theirs = tf.gather(cells, candidates[y] + (dy * width + dx))  # (wq, K, C)
                own = queries[y + 1 + dy, 1 + dx : 1 + dx + columns]
                dots.append(tf.matmul(theirs, tf.expand_dims(own, -1))[..., 0])
            return y + 1, tf.concat([found, tf.add_n(dots)], 0)

        # A loop and not `tf.map_fn`: in LiteRT that needs rows of a static length.
        dots = tf.while_loop(
            lambda y, _: y < rows,
            next_row,
            (0, tf.zeros([0, candidates.shape[-1]])),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, candidates.shape[-1]])),
            parallel_iterations=1,
        )[1]
        return tf.reshape(dots, tf.shape(candidates))

    return compare


def neighbours(
    found: tf.Tensor, places: tuple[tuple[int, int], ...], width: tf.Tensor
) -> tf.Tensor:
    """The sources that a query would choose to continue the pieces of its neighbours.

    A neighbour at `(dy, dx)` that chose the source s suggests s moved by `(-dy, -dx)`.

    Args:
        found: int32 (hq, wq), the choices, flat indices of source centres, or -1.
        places: K steps `(dy, dx)` from a query to its neighbours.
        width: Width of the source map.

    Returns:
        int32 (hq, wq, K), flat indices that need not be those of sources; -1 where there is no
        neighbour, or where it has no choice.
    """
    rows, columns = tf.unstack(tf.shape(found))
    around = tf.pad(found, [[1, 1], [1, 1]], constant_values=-1)
    down, right = map(tf.constant, zip(*places, strict=True))
    y, x = tf.range(1, rows + 1)[:, None, None] + down, tf.range(1, columns + 1)[:, None] + right
    theirs = tf.gather(tf.reshape(around, [-1]), y * (columns + 2) + x)
    return tf.where(theirs < 0, -1, theirs - down * width - right)
