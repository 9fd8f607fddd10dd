"""The engine `propagated`: refines the choices of a coarser scale, in time linear in the cells.

The first candidates of a query are the choice of the coarser query at its place and what the eight
neighbours of that suggest. Then, once, the candidates are its best one so far, the four sources
beside that, and what its own four neighbours suggest, as in PatchMatch (Barnes et al., 2009). No
other sources are compared. In this way the pieces copied at the coarser scale stay whole; choosing
the most similar patches would break them up.
"""

import tensorflow as tf

from tfpaint.patch_swap import coherent
from tfpaint.patch_swap.candidates import judge, neighbours
from tfpaint.patch_swap.patches import NEIGHBOURS, SQUARE, Question
from tfpaint.patch_swap.products import few, multiply


def choose(question: Question, coherence: float) -> tf.Tensor:
    """Chooses the best source near the guesses. See `patches.Engine`.

    A query whose guesses are not sources starts from the first source.
    """
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
    """Turns the choices on a map of half the size into guesses.

    Args:
        start: int32 (h / 2, w / 2), flat indices of source centres at the coarser scale, or -1.
        shape: int32 (2,), the queries' (h, w).
        width: w', the width of the source map.

    Returns:
        int32 (h, w, 9), flat indices of source centres: what the coarse query at each place and its
        eight neighbours suggest, with coordinates doubled. Negative where one has no choice.
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
