"""The tone ring: the known pixels around the hole, where prediction and photo overlap."""

import tensorflow as tf

from tfpaint.maps.mask_cells import boundary_ring
from tfpaint.maps.smooth_fill import pull_push


def align_tone(
    output: tf.Tensor, photo: tf.Tensor, hole: tf.Tensor, known: tf.Tensor, width: int
) -> tf.Tensor:
    """Shifts a network's picture towards the photo around the hole.

    The difference between both on the known ring around the hole is spread smoothly into the hole
    and added there. Deep inside, that is the mean difference in tone of the whole ring; next to the
    boundary it is the difference of the nearest known pixels, which feathers the filled part into
    the photo without touching a known pixel.

    Args:
        output: (B, S, S, 3) floats, a picture of the hole and what is around it.
        photo: (B, S, S, 3), the picture to agree with wherever `known` is 1.
        hole: (B, S, S, 1), 1 in the hole to be filled.
        known: (B, S, S, 1), 1 where `photo` is known; 0 in the hole and maybe elsewhere.
        width: of the ring, in pixels.

    Returns:
        (B, S, S, 3): `output` plus the difference; of use in the hole. `output` itself if nothing
        is known within reach.
    """
    ring = boundary_ring(hole, width) * known
    return output + pull_push(photo - output, ring)
