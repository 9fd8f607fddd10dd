"""Choices that agree with their neighbours', so that whole pieces are carried into the hole.

Overlapping patches that come from different places are averaged, and blur. Here each query may
change to what its neighbours suggest, that is to continue their pieces, where this costs little
similarity.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.patch_swap.candidates import judge, neighbours
from tfpaint.patch_swap.patches import SQUARE, Question

SWEEPS = 4
AROUND = tuple(place for place in SQUARE if place != (0, 0))


def agree(
    found: tf.Tensor, question: Question, coherence: float, product: Callable | None = None
) -> tf.Tensor:
    """Makes the choices of any engine agree.

    Args:
        found: int32 (hq, wq), flat source centres.
        question: What the engine was asked.
        coherence: As for `sweeps`.
        product: Of patches, see `products.multiply`, if all products are at hand.

    Returns:
        int32 (hq, wq).
    """
    return sweeps(found, judge(question, product), question.sources, coherence)


def sweeps(first: tf.Tensor, compare: Callable, sources: tf.Tensor, coherence: float) -> tf.Tensor:
    """Sweeps over the choices; each maximises cosine + coherence * share of agreeing neighbours.

    Args:
        first: int32 (hq, wq), the choices to begin with.
        compare: of `judge`.
        sources: float32 (h', w', C).
        coherence: what the agreement of all eight neighbours is worth, in units of the cosine.

    Returns:
        int32 (hq, wq).
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
        # Every other query, so that two neighbours do not swap their opinions.
        return turn + 1, tf.where(parity == turn % 2, better, found)

    return tf.while_loop(
        lambda turn, _: turn < 2 * SWEEPS, sweep, (0, first), parallel_iterations=1
    )[1]
