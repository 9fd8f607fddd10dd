"""Masks as maps of cells, (B, h, w, 1) with 1 = missing."""

import tensorflow as tf


def hole_on_features(mask: tf.Tensor, stride: int = 4) -> tf.Tensor:
    """The hole on a feature map: every cell with at least one missing pixel.

    Args:
        mask: (B, H, W, 1), floating, 1 = missing.
        stride: pixels to a cell along each side; H and W are multiples of it.

    Returns:
        (B, H / stride, W / stride, 1) of the same dtype, 1 = missing.
    """
    return tf.nn.max_pool2d(mask, stride, stride, "VALID")


def grow(cells: tf.Tensor) -> tf.Tensor:
    """The centres of the 3x3 patches that touch the cells (B, h, w, 1), which are 1 and not 0."""
    return tf.nn.max_pool2d(cells, 3, 1, "SAME")


def boundary_ring(hole: tf.Tensor, width: int) -> tf.Tensor:
    """The pixels outside a hole (B, S, S, 1), 1 = missing, at most `width` away from it."""
    wide = tf.nn.max_pool2d(hole, (2 * width + 1, 1), 1, "SAME")
    return tf.nn.max_pool2d(wide, (1, 2 * width + 1), 1, "SAME") - hole


def centre(side: int) -> tf.Tensor:
    """1 in the centre square of half the side: float32 (1, side, side, 1)."""
    margin = [side // 4, side // 4]
    return tf.pad(tf.ones([1, side // 2, side // 2, 1]), [[0, 0], margin, margin, [0, 0]])


def missing_cells(known: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Which cells are missing, given the shares of known and missing pixels in each.

    A cell is missing if any of its pixels is. But if that leaves next to nothing of what is
    known, as with a thin rim around a huge hole, then only cells without any known pixel are.
    """
    strict = tf.cast(missing > 0, tf.float32)
    lenient = tf.cast(known <= 0, tf.float32)
    enough = 4 * tf.reduce_sum(1 - strict) >= tf.reduce_sum(1 - lenient)
    return tf.where(enough, strict, lenient)
