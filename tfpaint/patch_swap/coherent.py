"""Makes neighbouring choices agree, so that whole pieces are copied into the hole.

Overlapping patches from different places are averaged, and the average is blurred. Here a query may
change its choice to continue the piece of a neighbour, where this costs little similarity.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.patch_swap.candidates import judge, neighbours
from tfpaint.patch_swap.patches import AROUND, Question

SWEEPS = 4


def agree(
    found: tf.Tensor, question: Question, coherence: float, product: Callable | None = None
) -> tf.Tensor:
    """Makes the choices of any engine agree, by `sweeps`.

    Args:
        found: int32 (hq, wq), the engine's choices, flat indices of source centres.
        question: The queries and sources.
        coherence: As for `sweeps`.
        product: As for `tfpaint.patch_swap.candidates.judge`.

    Returns:
        int32 (hq, wq), flat indices of source centres.
    """
    return sweeps(found, judge(question, product), question.sources, coherence)


def sweeps(first: tf.Tensor, compare: Callable, sources: tf.Tensor, coherence: float) -> tf.Tensor:
    """Sweeps over the queries, each of which maximises its cosine plus a bonus for agreement.

    The candidates of a query are its present and first choice, and what its eight neighbours
    suggest. A candidate's bonus is `coherence` times the share of the neighbours that suggest it.

    Args:
        first: int32 (hq, wq), the first choices, flat indices of source centres.
        compare: The function made by `tfpaint.patch_swap.candidates.judge`.
        sources: float32 (h', w', C).
        coherence: The bonus if all eight neighbours agree, in units of the cosine.

    Returns:
        int32 (hq, wq), flat indices of source centres.
    """
    width = tf.shape(sources)[1]
    parity = (tf.range(tf.shape(first)[0])[:, None] + tf.range(tf.shape(first)[1])) % 2

    def sweep(turn, found):
        suggested = neighbours(found, AROUND, width)
        own = tf.stack([found, first], -1)
        candidates, cosines = compare(tf.concat([own, suggested], -1))
        agreeing = candidates[..., None] == suggested[:, :, None]
        votes = tf.reduce_sum(tf.cast(agreeing, tf.float32), -1)
        best = tf.argmax(cosines + coherence / 8 * votes, axis=-1, output_type=tf.int32)
        better = tf.gather(candidates, best, batch_dims=2)
        # Update in a checkerboard pattern: two neighbours at once might merely swap their choices.
        return turn + 1, tf.where(parity == turn % 2, better, found)

    return tf.while_loop(
        lambda turn, _: turn < 2 * SWEEPS, sweep, (0, first), parallel_iterations=1
    )[1]
