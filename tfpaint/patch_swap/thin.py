"""Patch-swap in pixels for thin holes: at full resolution, from what lies beside them."""

from collections.abc import Sequence

import tensorflow as tf

from tfpaint.maps.mask_cells import grow
from tfpaint.maps.smooth_fill import pull_push
from tfpaint.maps.traced import traced_once
from tfpaint.patch_swap import pixels
from tfpaint.patch_swap.pixel_patches import (
    AROUND,
    NEVER,
    PLACES,
    RADIUS,
    describe_all,
    with_texture,
)

_STEPS = [(dy * step, dx * step) for step in (5, 9, 14, 22) for dy, dx in AROUND]
_GUIDE = 3.5  # weight of the smooth fill's colours
_JUMPS = (1, 2)
_STEP = tf.TensorSpec([], tf.int32)


def fill_thin(
    photo: tf.Tensor, missing: tf.Tensor, hole: tf.Tensor, rounds: Sequence[int]
) -> tf.Tensor:
    """Fills holes of a few pixels' width.

    Across so few pixels the smooth fill is nearly right, so it is where the search starts, and its
    colours guide every round.

    Args:
        photo: float32 (1, s, s, 3) in [0, 255].
        missing: float32 (1, s, s, 1), 1 = missing.
        hole: float32 (1, s, s, 1), 1 = missing and to be filled, at least 6 pixels from the edge at
            the first level.
        rounds: Rounds of search and average at each level. The last level is the full resolution,
            each one before is half as large.

    Returns:
        float32 (1, s, s, 3) in [0, 255]: the photo, painted in the hole and `RADIUS` pixels around
        it. If no patch is wholly known, the hole is smooth.
    """
    smooth, answers = pull_push(photo, 1 - missing), None
    for level, turns in enumerate(rounds):
        times = 2 ** (len(rounds) - 1 - level)
        small = pixels.shrink(smooth, times)
        gone, asks = (tf.cast(pixels.shrink(one, times) > 0, tf.float32) for one in (missing, hole))
        if answers is None:
            answers = _from_beside(small, gone, asks)
        else:
            answers = pixels.upsampled(answers, small.shape[1])
        none = tf.zeros(tf.shape(small)[1:3])
        painted, answers = pixels.level(
            small, gone, asks, answers, small, _GUIDE, none, turns, _JUMPS
        )
    return painted


@traced_once(input_signature=[pixels.PICTURE, pixels.MASK, pixels.MASK])
def _from_beside(smooth: tf.Tensor, missing: tf.Tensor, hole: tf.Tensor) -> tf.Tensor:
    """The best answer among a few places around each patch that asks, int32 (s * s,)."""
    side = tf.shape(smooth)[1]
    usable = tf.reshape(pixels.known_centres(missing), [-1])
    queries = pixels.places_of(grow(hole, RADIUS)[0, :, :, 0] > 0)
    patches = describe_all(with_texture(smooth[0]))
    wanted = tf.gather(patches, queries)
    found, far = tf.fill(tf.shape(queries), -1), tf.fill(tf.shape(queries), NEVER)
    y, x = queries // side, queries % side

    @traced_once(input_signature=[PLACES, tf.TensorSpec([None]), _STEP, _STEP])
    def nearer(found, far, dy, dx):
        v, u = y + dy, x + dx
        inside = (v >= 0) & (v < side) & (u >= 0) & (u < side)
        place = tf.where(inside, v * side + u, 0)
        distance = tf.reduce_sum(tf.math.squared_difference(tf.gather(patches, place), wanted), -1)
        better = inside & tf.gather(usable, place) & (distance < far)
        return tf.where(better, place, found), tf.where(better, distance, far)

    for dy, dx in _STEPS:
        found, far = nearer(found, far, dy, dx)
    return tf.scatter_nd(queries[:, None], found + 1, [side * side]) - 1
