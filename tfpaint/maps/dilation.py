"""Widens masks by a disc, as part of a graph."""

import tensorflow as tf

from tfpaint.maps.traced import traced_once


@traced_once
def dilate(mask: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Widens a mask by a disc, as `tfpaint.pictures.tight_masks.grow` does.

    Args:
        mask: bool (H, W), True = missing.
        radius: int32 (), of the disc, in pixels, from 0.

    Returns:
        bool (H, W), True where a missing pixel is at most `radius` away, as the crow flies.
    """
    height, width = tf.unstack(tf.shape(mask))
    columns = tf.range(width)
    before = tf.pad(tf.cumsum(tf.cast(mask, tf.int32), 1), [[0, 0], [1, 0]])  # missing left of x

    def add_rows(rows, grown):
        reach = tf.cast(tf.sqrt(tf.cast(radius**2 - rows**2, tf.float64)), tf.int32)
        first, last = tf.maximum(columns - reach, 0), tf.minimum(columns + reach + 1, width)
        wide = tf.gather(before, last, axis=1) > tf.gather(before, first, axis=1)
        below = tf.pad(wide, [[rows, 0], [0, 0]])[:height]
        above = tf.pad(wide, [[0, rows], [0, 0]])[rows:]
        return rows + 1, grown | tf.ensure_shape(below | above, mask.shape)

    return tf.while_loop(
        lambda rows, _: rows <= radius, add_rows, (0, mask), parallel_iterations=1
    )[1]
