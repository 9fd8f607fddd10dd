"""What the trained baselines share: their loss, and results for photos larger than their own."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.evaluation.cases import square
from tfpaint.evaluation.classical import Fill


def weighted_l2(prediction, truth, weights):
    """Mean squared difference under a weight map.

    Args:
        prediction, truth: float32 (B, H, W, C).
        weights: float32 (B, H, W, 1).
    """
    difference = tf.reduce_mean(tf.math.squared_difference(prediction, truth), -1, keepdims=True)
    return tf.math.divide_no_nan(tf.reduce_sum(difference * weights), tf.reduce_sum(weights))


def at_side(predict: Callable, side: int) -> Fill:
    """A fill for square photos of any size, from a network for photos of one.

    Args:
        predict: (photo float32 (1, S, S, 3) in [-1, 1], mask float32 (1, S, S, 1), 1 = missing) to
            the filled photo.
        side: S.

    Returns:
        A function of uint8 (N, N, 3) and bool (N, N), the hole in its centre half, to uint8
        (N, N, 3): the photo is reduced to S and the result enlarged bilinearly into the hole.
    """
    predict = tf.function(predict, reduce_retracing=True)

    def fill(image, mask):
        height, width = mask.shape
        middle = np.zeros_like(mask)
        middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
        if height != width or (mask & ~middle).any():
            raise InputError("this baseline fills holes in the centre half of square photos only")
        hidden = np.where(mask[..., None], 0, image).astype(np.uint8)
        photo = square(hidden, side).astype(np.float32) / 127.5 - 1.0
        missing = square(255 * mask.astype(np.uint8), side)[..., None] > 0
        filled = predict(photo[None], missing[None].astype(np.float32))[0].numpy()
        small = np.rint(np.clip((filled + 1.0) * 127.5, 0, 255)).astype(np.uint8)
        large = np.asarray(Image.fromarray(small).resize(mask.shape, Image.Resampling.BILINEAR))
        return np.where(mask[..., None], large, image)

    return fill
