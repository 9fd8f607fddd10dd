"""Where the hole is filled from its boundary inwards: what is known counts most.

The patches most similar to a coarse prediction do not continue the lines that end at the hole.
As in exemplar-based inpainting (Criminisi et al. 2004), each ring of cells is therefore matched on
what is known around it, and is known to the next ring, with a little less confidence; beside it,
the coarse prediction counts for little.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.maps.mask_cells import boundary_ring

_DECAY = 0.9  # confidence in a ring over that in the one outside it


def queries(
    keys: tf.Tensor,
    hole: tf.Tensor,
    trust: float,
    swap: Callable[[tf.Tensor], tf.Tensor],
    unroll: bool = False,
) -> tf.Tensor:
    """The keys as they are after the hole was filled ring by ring, to match on.

    Args:
        keys: float32 (B, h, w, K), the features to match on, those of a coarse prediction in the
            hole.
        hole: float32 (B, h, w, 1), 1 = missing, in the centre square of half the side.
        trust: weight of the prediction's cells in a query, a known cell's being 1.
        swap: patch-swap of queries (B, h, w, K) on `keys`, giving the keys swapped.
        unroll: as many rings as there can be, without a loop; else only those that there are.

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
