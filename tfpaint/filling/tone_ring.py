"""Aligns tones on the ring of known pixels around the hole, where output and photo overlap."""

import tensorflow as tf

from tfpaint.maps.mask_cells import boundary_ring
from tfpaint.maps.smooth_fill import pull_push


def align_tone(
    output: tf.Tensor,
    photo: tf.Tensor,
    hole: tf.Tensor,
    known: tf.Tensor,
    width: int,
    longest: int | None = None,
) -> tf.Tensor:
    """Shifts the tones of a network's output to those of the photo around the hole (section 4.3).

    The difference between photo and output is taken on the ring, spread smoothly into the hole, and
    added to the output. Deep in the hole it is the mean difference on the whole ring. Near the
    boundary it is that of the nearest known pixels, so that the seam is feathered without changing
    a known pixel.

    Args:
        output: (B, S, S, 3), floats: the network's picture of the hole and its surroundings.
        photo: (B, S, S, 3), floats: the picture to agree with where `known` is 1.
        hole: (B, S, S, 1), floats, 1 in the hole to be filled.
        known: (B, S, S, 1), floats, 1 where `photo` is known, 0 in the hole. It may be 0 elsewhere.
        width: Width of the ring in pixels.
        longest: As for `tfpaint.maps.smooth_fill.pull_push`.

    Returns:
        (B, S, S, 3): `output` plus the spread difference, for use in the hole. If the ring holds
        no known pixel, `output` is unchanged.
    """
    ring = boundary_ring(hole, width) * known
    return output + pull_push(photo - output, ring, longest)
