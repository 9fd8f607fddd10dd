"""Matches the hole ring by ring, from its boundary inwards.

The patches most similar to the coarse prediction do not continue the lines that end at the hole.
Each ring of cells is therefore matched mainly on the known cells around it. Once it is filled, it
counts as known for the next ring, with a little less confidence, as in exemplar-based inpainting
(Criminisi et al. 2004). The coarse prediction has only a small weight.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.maps.mask_cells import boundary_ring

_DECAY = 0.9  # confidence in a ring, relative to the ring outside it


def queries(
    keys: tf.Tensor,
    hole: tf.Tensor,
    trust: float | tf.Tensor,
    swap: Callable[[tf.Tensor], tf.Tensor],
    unroll: bool = False,
) -> tf.Tensor:
    """Fills the hole of the keys ring by ring, and returns the result as the queries to match.

    In a query, a known cell has weight 1, a cell of the coarse prediction has weight `trust`, and a
    filled ring has 0.9 of the weight of the ring outside it.

    Args:
        keys: float32 (B, h, w, K), the features to match on. In the hole they are those of a coarse
            prediction.
        hole: float32 (B, h, w, 1), 1 = missing, within the centre square of half the side.
        trust: Weight of the coarse prediction's cells, relative to a known cell: a number, or
            float32 (B, h, w, 1).
        swap: Patch-swap. Maps queries (B, h, w, K) to `keys` with their hole replaced by the known
            patches most similar to the queries, (B, h, w, K).
        unroll: True puts the largest possible number of rings, h / 4, into the graph without a
            loop. False loops over the rings that the hole has.

    Returns:
        float32 (B, h, w, K): `keys`, with the hole's cells replaced.
    """

    def next_ring(filled, weights, known, confidence):
        ring = boundary_ring(known, 1)
        swapped = swap(filled * weights)
        confidence *= _DECAY
        return (
            tf.where(ring > 0, swapped, filled),
            tf.where(ring > 0, confidence, weights),
            known + ring,
            confidence,
        )

    known = 1.0 - hole
    state = keys, known + trust * hole, known, tf.constant(1.0)
    rings = keys.shape[1] // 4
    if unroll:
        for _ in range(rings):
            state = next_ring(*state)
    else:
        state = tf.while_loop(
            lambda *state: tf.reduce_any(state[2] < 1.0),
            next_ring,
            state,
            maximum_iterations=rings,
            parallel_iterations=1,
        )
    return state[0]
