"""Square windows cut out of a photo around the pieces of a hole (paper, section 3.1)."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfpaint.filling.holes import SCALES, find_boxes
from tfpaint.maps.mask_cells import missing_cells


def find_windows(mask: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """Covers the missing pixels by windows, each with its piece of the hole in the centre half.

    Args:
        mask: (H, W) bool, True where the photo is missing.
        scales: Sides of the windows in ascending order. A window of another side, see
            `window_around`, has to be shrunk to the scale before it.

    Returns:
        int32 (N, 3) rows `(y, x, side)`, the windows of the smallest pieces first.
    """
    return window_around(find_boxes(mask, scales), tf.shape(mask), scales)


def window_around(boxes: tf.Tensor, shape: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """The smallest window (N, 3) that holds each box (N, 4) in its centre.

    A box gets 7/16 of its window, but where the photo (shape `(H, W)`) has no more to show, up to
    a half rather than a wider mirrored margin. For the same reason, a window that exceeds a scale
    by up to a quarter is shrunk to it if the next scale is larger than the photo.
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
    """Cuts a window out of photo and mask, mirrored past the edges, and shrinks it to `size`.

    Shrinking takes exact area means; of a window of side `size` every pixel is kept as it is.
    Memory grows with `size` times the window's width, or the photo's if that is less.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) bool, True where the photo is missing.
        window: int32 (3,) `(y, x, side)`, side at least `size`.
        size: Side of the result.

    Returns:
        (size, size, 5) float32, means over a cell: the colours in [0, 255] with missing pixels as
        zero, the share of known pixels, the share of missing ones. See `at_scale`.
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
        crop: (S, S, 5), from `crop_mirrored`.
        size: Side of the result, of which S is a multiple.

    Returns:
        (size, size, 3) float32, means of the known pixels in [0, 255], zero where nothing is known,
        and (size, size, 1) float32, 1 where the photo is missing, as `missing_cells` has it.
    """
    times = tf.shape(crop)[0] // size
    cells = tf.reduce_mean(tf.reshape(crop, [size, times, size, times, 5]), [1, 3])
    colours, known, missing = tf.split(cells, [3, 1, 1], -1)
    return tf.math.divide_no_nan(colours, known), missing_cells(known, missing)


def mirror(index: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Folds any index into [0, length) as if the line were continued by its mirror images.

    The edge itself is not repeated: ... 2 1 0 1 2 ..., numpy's "reflect" without its limits.
    """
    last = tf.maximum(length - 1, 1)
    return tf.minimum(last - tf.abs(index % (2 * last) - last), length - 1)


def _area_means(
    read: Callable[[tf.Tensor], tf.Tensor], side: tf.Tensor, size: int | tf.Tensor
) -> tf.Tensor:
    """Means of the lines 0 ... side, as `size` lines (size, N, C).

    A line's share in a mean is reckoned in integers, in units of 1/size of a line: exact.
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
