"""Photos of more than 8 bits are filled in the range of values that they use around the hole."""

import tensorflow as tf


def stretch(crop: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Stretches the known values of a window to [0, 255], for which the networks were trained.

    The three channels are stretched alike, so that colours keep their hue.

    Args:
        crop: float32 (S, S, 5), from `tfpaint.filling.windows.crop_mirrored`, of any range.

    Returns:
        The stretched crop; the smallest known value; and the distance from it to the largest, at
        least 1, both float32 (). Where nothing is known they are 0 and 1.
    """
    colours, known, missing = tf.split(crop, [3, 1, 1], -1)
    values, seen = tf.math.divide_no_nan(colours, known), known > 0
    low = tf.reduce_min(tf.where(seen, values, values.dtype.max))
    high = tf.reduce_max(tf.where(seen, values, 0.0))
    low = tf.minimum(low, high)
    span = tf.maximum(high - low, 1.0)
    return tf.concat([(colours - low * known) * (255.0 / span), known, missing], -1), low, span
