"""Cuts square windows out of a photo around the pieces of a hole (section 3.1).

A window is a row `(y, x, side)`, int32 in pixels of the photo. It may reach over the photo's edges,
where the photo is continued by its mirror image. Boxes are those of `tfpaint.filling.holes`.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfpaint.filling.holes import SCALES, find_boxes
from tfpaint.maps.mask_cells import missing_cells


def find_windows(mask: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """Covers the missing pixels by windows, each with its piece of the hole in the centre half.

    Args:
        mask: bool (H, W), True = missing.
        scales: Sides of the windows in pixels, in ascending order. A window may have another side,
            see `window_around`, and is then shrunk to the scale below it.

    Returns:
        int32 (N, 3), rows `(y, x, side)`, the windows of the smallest pieces first.
    """
    return window_around(find_boxes(mask, scales), tf.shape(mask), scales)


def window_around(boxes: tf.Tensor, shape: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """The smallest window for each box, with the box in its centre.

    The longer side of a box takes 7/16 of the window's side. If such a window exceeds the photo's
    shorter side, it is reduced to that side, but not to less than twice the box: a larger window
    would only add mirrored margin. The side is then raised to the next scale. It is not raised, so
    that the window is shrunk later, if it exceeds every scale, or if it exceeds a scale by up to a
    quarter and twice that scale exceeds the photo's shorter side.

    Args:
        boxes: int32 (N, 4), rows `(top, left, bottom, right)`.
        shape: int32 (2,), the photo's `(H, W)`.
        scales: Sides of the windows in pixels, in ascending order.

    Returns:
        int32 (N, 3), rows `(y, x, side)`.
    """
    top, left, bottom, right = tf.unstack(boxes, axis=-1)
    longest = tf.maximum(bottom - top, right - left)
    least = tf.minimum(-(-longest * 16 // 7), tf.maximum(2 * longest, tf.reduce_min(shape)))
    side = least
    for scale in reversed(scales):
        shrunk = (4 * least <= 5 * scale) & (tf.reduce_min(shape) < 2 * scale)
        side = tf.where(least <= scale, scale, tf.where(shrunk, least, side))
    return tf.stack([(top + bottom) // 2 - side // 2, (left + right) // 2 - side // 2, side], -1)


def crop_mirrored(
    image: tf.Tensor, mask: tf.Tensor, window: tf.Tensor, size: int | tf.Tensor
) -> tf.Tensor:
    """Cuts a window out of photo and mask, mirrored beyond their edges, and shrinks it to `size`.

    Shrinking takes exact area means. A window of side `size` keeps every pixel as it is. Memory
    grows with `size` times the smaller of the window's and the photo's width.

    Args:
        image: uint8 or uint16 (H, W, 3).
        mask: bool (H, W), True = missing.
        window: int32 (3,) `(y, x, side)`, with a side of at least `size`.
        size: Side of the result in pixels.

    Returns:
        float32 (size, size, 5), means over the area of each new pixel: three channels of colours in
        the photo's range with missing pixels as 0, the share of known pixels, and the share of
        missing ones.
    """
    y, x, side = tf.unstack(window)
    columns = mirror(tf.range(x, x + side), tf.shape(image)[1])
    left, right = tf.reduce_min(columns), tf.reduce_max(columns) + 1
    image, mask = image[:, left:right], mask[:, left:right]

    def read_rows(start):
        rows = mirror(start, tf.shape(image)[0])
        missing = tf.cast(tf.gather(mask, rows), tf.float32)[..., None]
        colours = tf.cast(tf.gather(image, rows), tf.float32)
        return tf.concat([colours * (1 - missing), 1 - missing, missing], -1)

    rows = _area_means(lambda line: read_rows(y + line), side, size)  # (size, right - left, 5)
    rows = tf.transpose(rows, [1, 0, 2])
    cells = _area_means(lambda line: tf.gather(rows, tf.gather(columns, line) - left), side, size)
    return tf.transpose(cells, [1, 0, 2])


def at_scale(crop: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The photo and the mask of a window at a scale.

    Args:
        crop: float32 (S, S, 5), from `crop_mirrored`.
        size: Side of the result in pixels. S is a multiple of it.

    Returns:
        The photo, float32 (size, size, 3) in [0, 255]: means of the known pixels, 0 where there are
        none. And the mask, float32 (size, size, 1), 1 = missing, by
        `tfpaint.maps.mask_cells.missing_cells`.
    """
    times = tf.shape(crop)[0] // size
    cells = tf.reduce_mean(tf.reshape(crop, [size, times, size, times, 5]), [1, 3])
    colours, known, missing = tf.split(cells, [3, 1, 1], -1)
    return tf.math.divide_no_nan(colours, known), missing_cells(known, missing)


def read_mirrored(values: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Cuts a window `(y, x, side)` out of a map (H, W, ...): (side, side, ...) of its dtype.

    The map is mirrored beyond its edges.
    """
    y, x, side = tf.unstack(window)
    rows = mirror(tf.range(y, y + side), tf.shape(values)[0])
    columns = mirror(tf.range(x, x + side), tf.shape(values)[1])
    return tf.gather(tf.gather(values, rows), columns, axis=1)


def mirror(index: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Folds any index into [0, length), for a line that is continued by its mirror images.

    The edge itself is not repeated: ... 2 1 0 1 2 ... This is numpy's "reflect" padding at any
    distance.
    """
    last = tf.maximum(length - 1, 1)
    return tf.minimum(last - tf.abs(index % (2 * last) - last), length - 1)


def _area_means(
    read: Callable[[tf.Tensor], tf.Tensor], side: tf.Tensor, size: int | tf.Tensor
) -> tf.Tensor:
    """Shrinks lines to fewer by area means.

    The overlap of a line with a new one is computed in integers, in units of 1/size of a line, and
    so is exact.

    Args:
        read: Maps indices (size,) of lines, from 0 to side - 1, to the lines, (size, N, C).
        side: The number of lines.
        size: The number of lines wanted.

    Returns:
        float32 (size, N, C).
    """
    cell = tf.range(size)
    first = cell * side // size
    taps = side // size + tf.where(side % size > 0, 2, 0)

    def weighted(tap):
        line = first + tap
        end = tf.minimum((line + 1) * size, (cell + 1) * side)
        overlap = tf.maximum(end - tf.maximum(line * size, cell * side), 0)
        share = tf.cast(overlap, tf.float32) / tf.cast(side, tf.float32)
        return share[:, None, None] * read(tf.minimum(line, side - 1))

    return tf.while_loop(
        lambda tap, _: tap < taps,
        lambda tap, total: (tap + 1, total + weighted(tap)),
        (1, weighted(0)),
        parallel_iterations=1,
    )[1]
