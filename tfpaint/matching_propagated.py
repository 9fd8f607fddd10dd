"""The engine `propagated`: a search that begins at a coarser scale's choices, linear in the cells.

Each query looks where the query of the coarser scale at its place found its match, and where that
one's neighbours found theirs; then, once, at what its own neighbours have found, as in PatchMatch
(Barnes et al., 2009), and beside its best so far. It looks nowhere else: pieces that the coarser
scale has laid stay whole, where the most similar patches would break them up.
"""

import tensorflow as tf

from tfpaint.matching_candidates import SQUARE, judge, neighbours
from tfpaint.matching_coherent import sweeps
from tfpaint.matching_exact import few, multiply

NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0))


def choose(
    queries: tf.Tensor,
    sources: tf.Tensor,
    asks: tf.Tensor,
    centres: tf.Tensor,
    guesses: tf.Tensor,
    coherence: float = 0.0,
) -> tf.Tensor:
    """As `matching_exact.choose`.

    Args:
        queries, sources, asks, centres: as there.
        guesses: int32 (hq, wq, K), flat source centres to begin with; any that is no source is
            passed over, and a query without another gets the first source.
        coherence: as for `matching_coherent.sweeps`, if positive.
    """
    width = tf.shape(sources)[1]

    def search(product):
        compare = judge(queries, sources, centres, product)

        def best_of(candidates):
            candidates, cosines = compare(candidates)
            best = tf.argmax(cosines, axis=-1, output_type=tf.int32)
            return tf.gather(candidates, best, batch_dims=2)

        found = best_of(guesses)
        own = found[..., None]
        beside = own + [dy * width + dx for dy, dx in NEIGHBOURS]
        found = best_of(tf.concat([own, neighbours(found, NEIGHBOURS, width), beside], -1))
        return sweeps(found, compare, sources, coherence) if coherence else found

    return tf.cond(
        few(queries, sources),
        lambda: search(multiply(queries, sources)[1]),
        lambda: search(None),
    )


def upsampled(start: tf.Tensor, shape: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """What the choices of a map of half the size suggest.

    Args:
        start: int32 (h / 2, w / 2), flat source centres at the coarser scale, or -1.
        shape: (h, w).
        width: w', of the source map.

    Returns:
        int32 (h, w, 9): each coarse cell's own choice and its neighbours', moved by their
        distance, all doubled; or -1.
    """
    around = tf.pad(start, [[1, 1], [1, 1]], constant_values=-1)
    rows, columns = tf.unstack(tf.shape(start))
    coarse_width = width // 2
    guesses = []
    for dy, dx in SQUARE:
        choice = around[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns]
        y, x = choice // coarse_width - dy, choice % coarse_width - dx
        guesses.append(tf.where(choice >= 0, 2 * y * width + 2 * x, -(2 * width + 2)))
    coarse = tf.stack(guesses, axis=-1)
    fine = tf.repeat(tf.repeat(coarse, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    odd_y, odd_x = tf.range(shape[0])[:, None] % 2, tf.range(shape[1]) % 2
    return fine + (odd_y * width + odd_x)[..., None]
