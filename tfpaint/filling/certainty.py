"""How much the coarse fill is followed, by the error that Image2Feature itself expects."""

import tensorflow as tf

# Chosen on validation photos: where an error of 15 % of the range is expected, a fill is followed
# like that of a network without that output.
_USUAL = 0.3
_LEAST, _MOST = 1 / 3, 2.5


def sureness(error: tf.Tensor) -> tf.Tensor:
    """How much more than usual the coarse fill is followed at each pixel.

    Args:
        error: float32, above 0: the absolute error to be expected of values in [-1, 1].

    Returns:
        float32 from 1/3 to 2.5, of the same shape, inverse to the error.
    """
    return tf.clip_by_value(_USUAL / error, _LEAST, _MOST)


def trust_in_cells(trust: float, sure: tf.Tensor | None, cells: tf.Tensor) -> float | tf.Tensor:
    """The weight of the coarse fill in cells of features, relative to a known cell: at most 1.

    Args:
        trust: The weight of a coarse fill of usual certainty.
        sure: float32 (B, S, S, 1), from `sureness`; None if nothing is known of it.
        cells: (B, S / stride, S / stride, 1), for its shape alone.

    Returns:
        float32, of the shape of `cells`; or `trust` itself.
    """
    if sure is None:
        return trust
    stride = sure.shape[1] // cells.shape[1]
    return tf.minimum(trust * tf.nn.avg_pool2d(sure, stride, stride, "VALID"), 1.0)
