"""The engine `propagated`: begins at a coarser scale's choices, in time linear in the cells.

Each query looks where the query at its place in the coarser scale found its match, and where that
one's neighbours found theirs. Then, once, it looks at what its own neighbours have found, as in
PatchMatch (Barnes et al., 2009), and beside its best so far. It looks nowhere else: the pieces that
the coarser scale has laid stay whole, where the most similar patches would break them up.
"""

import tensorflow as tf

from tfpaint.patch_swap import coherent
from tfpaint.patch_swap.candidates import judge, neighbours
from tfpaint.patch_swap.patches import SQUARE, Question
from tfpaint.patch_swap.products import few, multiply

NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0))


def choose(question: Question, coherence: float) -> tf.Tensor:
    """See `patches.Engine`; a query without a usable guess gets the first source."""
    queries, sources, *_, guesses = question
    width = tf.shape(sources)[1]

    def search(product):
        compare = judge(question, product)

        def best_of(candidates):
            candidates, cosines = compare(candidates)
            best = tf.argmax(cosines, axis=-1, output_type=tf.int32)
            return tf.gather(candidates, best, batch_dims=2)

        found = best_of(guesses)
        own = found[..., None]
        beside = own + [dy * width + dx for dy, dx in NEIGHBOURS]
        found = best_of(tf.concat([own, neighbours(found, NEIGHBOURS, width), beside], -1))
        return coherent.sweeps(found, compare, sources, coherence) if coherence else found

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
