"""Masks at the resolution of feature cells: (B, h, w, 1), 1 = missing."""

import tensorflow as tf


def hole_on_features(mask: tf.Tensor, stride: int = 4) -> tf.Tensor:
    """The hole on a feature map: a cell is missing if any of its pixels is.

    Args:
        mask: (B, H, W, 1), floating, 1 = missing.
        stride: Stride of the feature map in pixels. H and W are multiples of it.

    Returns:
        (B, H / stride, W / stride, 1) in the dtype of `mask`, 1 = missing.
    """
    return tf.nn.max_pool2d(mask, stride, stride, "VALID")


def grow(cells: tf.Tensor, radius: int = 1) -> tf.Tensor:
    """Dilates cells (B, h, w, 1): 1 where the patch centred there holds a 1, else 0.

    A patch reaches `radius` cells to each side of its centre; that of features has 3x3 cells.
    """
    return tf.nn.max_pool2d(cells, 2 * radius + 1, 1, "SAME")


def boundary_ring(hole: tf.Tensor, width: int) -> tf.Tensor:
    """The square ring around a hole: 1 on pixels outside it at most `width` away, else 0.

    `hole` and the result are floating, (B, S, S, 1); the hole is 1.
    """
    return widen(hole, width) - hole


def widen(cells: tf.Tensor, radius: int) -> tf.Tensor:
    """Dilates as `grow`, in a time that hardly depends on the radius.

    Along each axis, the maxima over 2, 4, 8, ... cells are those of two overlapping windows of half
    the length.
    """
    length = 2 * radius + 1
    for axis in (1, 2):
        around = [[radius, radius] if i == axis else [0, 0] for i in range(4)]
        cells, reached = tf.pad(cells, around), 1
        while reached < length:
            step = min(reached, length - reached)
            if axis == 1:
                cells = tf.maximum(cells[:, :-step], cells[:, step:])
            else:
                cells = tf.maximum(cells[:, :, :-step], cells[:, :, step:])
            reached += step
    return cells


def centre(side: int) -> tf.Tensor:
    """Marks the centre square of half the side by 1: float32 (1, side, side, 1)."""
    return inner(side, side // 4)


def inner(side: int | tf.Tensor, margin: int) -> tf.Tensor:
    """Marks by 1 what is at least `margin` cells from the edge: float32 (1, side, side, 1)."""
    width = side - 2 * margin
    around = [[0, 0], [margin, margin], [margin, margin], [0, 0]]
    return tf.pad(tf.ones([1, width, width, 1]), around)


def missing_cells(known: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Decides which cells are missing, from the shares of known and missing pixels in each.

    A cell is missing if any of its pixels is. But around a huge hole, a thin rim of known pixels
    may fill hardly any cell completely. So if less than a quarter of the cells with a known pixel
    are wholly known, only the cells without any known pixel are missing.

    Args:
        known: float32 (..., 1), the share of known pixels in each cell.
        missing: float32 (..., 1), the share of missing pixels in each cell.

    Returns:
        float32 (..., 1), 1 = missing.
    """
    strict = tf.cast(missing > 0, tf.float32)
    lenient = tf.cast(known <= 0, tf.float32)
    enough = 4 * tf.reduce_sum(1 - strict) >= tf.reduce_sum(1 - lenient)
    return tf.where(enough, strict, lenient)
