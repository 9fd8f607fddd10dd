"""Pastes the filled part of a window into the photo."""

import tensorflow as tf

_STRIP = 256  # rows pasted at once, which limits the memory of their float32 copies


def paste(
    pictures: tf.Tensor, missing: tf.Tensor, results: tf.Tensor, window: tf.Tensor, box: tf.Tensor
) -> tf.Tensor:
    """Writes the results of a window into the missing pixels of a box.

    Args:
        pictures: uint8 or uint16 (N, H, W, 3), N versions of the whole photo.
        missing: bool (H, W), True = missing, to be written.
        results: float32 (N, S, S, 3) in the range of `pictures`. They are enlarged bilinearly if
            the window's side is more than S.
        window: int32 (3,) `(y, x, side)`, the place of the results in the photo.
        box: int32 (4,) `(top, left, bottom, right)`, inside both the photo and the window.

    Returns:
        (N, H, W, 3): `pictures`, changed only where `missing` is True within the box.
    """
    top, left, bottom, right = tf.unstack(box)
    size = tf.shape(results)[1]
    columns = taps(tf.range(left, right) - window[1], window[2], size)

    def strip(first, pictures):
        last = tf.minimum(first + _STRIP, bottom)
        rows = taps(tf.range(first, last) - window[0], window[2], size)
        new = lerp(lerp(results, rows, 1), columns, 2)
        new = tf.clip_by_value(tf.round(new), 0.0, float(pictures.dtype.max))
        new = tf.cast(new, pictures.dtype)
        where = missing[first:last, left:right, None]
        new = tf.where(where, new, pictures[:, first:last, left:right])
        return last, tf.raw_ops.TensorStridedSliceUpdate(
            input=pictures,
            begin=tf.stack([0, first, left, 0]),
            end=tf.stack([tf.shape(pictures)[0], last, right, 3]),
            strides=[1, 1, 1, 1],
            value=new,
        )

    shapes = (tf.TensorShape([]), pictures.shape)
    return tf.while_loop(
        lambda first, _: first < bottom,
        strip,
        (top, pictures),
        shape_invariants=shapes,
        parallel_iterations=1,
    )[1]


def taps(
    pixels: tf.Tensor, side: tf.Tensor, size: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The bilinear samples, along one axis, for pixels of a window in its shrunken copy.

    Args:
        pixels: int32 (n,), positions in the window.
        side: int32 (), the window's side.
        size: int32 (), the side of the copy.

    Returns:
        Indices of the lower and the upper sample, int32 (n,), and the weight of the upper one,
        float32 (n,).
    """
    scale = tf.cast(size, tf.float32) / tf.cast(side, tf.float32)
    place = (tf.cast(pixels, tf.float32) + 0.5) * scale - 0.5
    low = tf.floor(place)
    index = tf.cast(low, tf.int32)
    return (
        tf.clip_by_value(index, 0, size - 1),
        tf.clip_by_value(index + 1, 0, size - 1),
        place - low,
    )


def lerp(x: tf.Tensor, taps: tuple[tf.Tensor, tf.Tensor, tf.Tensor], axis: int) -> tf.Tensor:
    """Interpolates linearly along an axis, at the samples from `taps`."""
    low, high, share = taps
    share = tf.reshape(share, [-1] + [1] * (x.shape.rank - 1 - axis))
    return tf.gather(x, low, axis=axis) * (1 - share) + tf.gather(x, high, axis=axis) * share
