"""What the pixel levels painted takes on tones of the coarse fill, where that is sure of itself."""

import tensorflow as tf

from tfpaint.maps.low_pass import low_pass

# Chosen on validation photos.
_SIGMA = 3.0  # pixels of the coarse fill: what is coarser has its tones
_SHARE = 0.6  # of the difference, where a fill is followed as usual
_FAR = 20 / 127.5  # a difference above which the coarse fill shows something else


def tone_shift(
    painted: tf.Tensor, coarse: tf.Tensor, hole: tf.Tensor, sure: tf.Tensor
) -> tf.Tensor:
    """What to add to a painted hole, so that its tones become more like those of the coarse fill.

    Copied material may be too bright or of another hue, and the coarse fill knows the mean better.
    But where the two differ widely, it is a mean of several materials: its tones would be a stain,
    and are not followed.

    Args:
        painted: float32 (1, S, S, 3) in [-1, 1].
        coarse: float32 (1, s, s, 3) in [-1, 1], the coarse fill; s divides S.
        hole: float32 (1, S, S, 1), 1 in the hole.
        sure: float32 (1, s, s, 1), from `tfpaint.filling.certainty.sureness`.

    Returns:
        float32 (1, s, s, 3), a smooth picture, to be enlarged.
    """
    side = coarse.shape[1]
    times = painted.shape[1] // side
    small, inside = (tf.nn.avg_pool2d(one, times, times, "VALID") for one in (painted, hole))
    away = inside * (coarse - small)
    shift = low_pass(tf.minimum(_SHARE * sure, 1.0) * away, _SIGMA)
    distance = tf.norm(low_pass(away, _SIGMA), axis=-1, keepdims=True)
    return shift / (1 + tf.square(distance / _FAR))
