"""What the pixel levels painted takes on tones of the coarse fill, where that is sure of itself."""

import tensorflow as tf

from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.traced import traced_once

# Chosen on validation photos; lengths in pixels of the coarse fill.
_SIGMA = 2.0  # what is coarser has its tones
_SHARE = 0.6  # of the difference, where a fill is followed as usual
_FAR = 0.42  # a difference there, above which the coarse fill shows something else
_FINE, _WIDE = 1.5, 9.0  # contrast of what is coarser than the one, within the other
_CONTRAST = 28 / 127.5  # so much more of it shows several materials
_VEIL = 5 / 127.5  # texture finer than the one, in which half of a shift is hidden


def tone_shift(
    painted: tf.Tensor, coarse: tf.Tensor, hole: tf.Tensor, sure: tf.Tensor
) -> tf.Tensor:
    """What to add to a painted hole, so that its tones become more like those of the coarse fill.

    Copied material may be too bright or of another hue, and the coarse fill knows the mean better.
    Its tones would be a stain, and are not followed, where it differs by more than the error that
    it expects; and where it has less contrast, since it is a mean of several materials there. On
    flat material every stain is seen, and texture hides it.

    Args:
        painted: float32 (1, S, S, 3) in [-1, 1].
        coarse: float32 (1, s, s, 3) in [-1, 1], the coarse fill; s divides S.
        hole: float32 (1, S, S, 1), 1 in the hole.
        sure: float32 (1, s, s, 1), from `tfpaint.filling.certainty.sureness`.

    Returns:
        float32 (1, s, s, 3), a smooth picture, to be enlarged.
    """
    times = painted.shape[1] // coarse.shape[1]
    small, inside = (tf.nn.avg_pool2d(one, times, times, "VALID") for one in (painted, hole))
    return _shift(small, coarse, inside, sure)


@traced_once
def _shift(small: tf.Tensor, coarse: tf.Tensor, inside: tf.Tensor, sure: tf.Tensor) -> tf.Tensor:
    away = inside * (coarse - small)
    shift = low_pass(tf.minimum(_SHARE * sure, 1.0) * away, _SIGMA)
    distance = tf.reduce_mean(tf.square(low_pass(away, _SIGMA)), -1, keepdims=True)
    far = distance * tf.square(sure / _FAR)
    fine, mean = low_pass(small, _FINE), low_pass(coarse, _FINE)
    weight = tf.maximum(low_pass(inside, _WIDE), 1e-4)
    contrast, theirs = (_contrast(one, inside, weight) for one in (fine, mean))
    lost = tf.nn.relu(contrast - theirs) / _CONTRAST**2
    texture = tf.reduce_mean(tf.square(small - fine), -1, keepdims=True)
    texture = tf.sqrt(low_pass(texture, _SIGMA))
    hidden = texture / (texture + _VEIL)
    return shift * hidden / ((1 + far) * (1 + tf.square(lost)))


def _contrast(smooth: tf.Tensor, inside: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """The variance of a hole's colours around each pixel, their sum: float32 (1, s, s, 1).

    `weight` is the share of the hole around each pixel.
    """
    maps = inside * tf.concat([smooth, tf.square(smooth)], -1)
    mean, squares = tf.split(low_pass(maps, _WIDE) / weight, 2, -1)
    return tf.reduce_sum(squares - tf.square(mean), -1, keepdims=True)
