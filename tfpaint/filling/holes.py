"""Cuts a hole of any shape into boxes that fit the centres of square windows (section 3.1).

A box is a row `(top, left, bottom, right)`, int32 in pixels of the photo; bottom and right are
exclusive. Masks are bool, True = missing. `tfpaint.filling.windows` places a window around each
box.
"""

from collections.abc import Sequence

import tensorflow as tf

SCALES = (128, 256, 512)
_GRID = 64  # cells a side, at most, of the grid on which holes are separated


def largest_box(size: int) -> int:
    """The longest side of a hole in a window of `size`: 7/16, as the paper's 224 in 512 pixels."""
    return size * 7 // 16


def find_boxes(mask: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """Boxes that together hold all missing pixels, one for each piece of the hole.

    A compact hole is one piece. A long thin one, such as a scratch, is cut into several, so that
    its windows need not be shrunk. Specks near each other are joined into one piece.

    Args:
        mask: bool (H, W), True = missing.
        scales: Sides of the windows in pixels, in ascending order.

    Returns:
        int32 (N, 4), sorted by the longer side, smallest first. Each box is tight around the
        missing pixels of its piece.
    """
    places, boxes, areas, cell = _occupied_cells(mask)
    hole = _groups(_labels(places))
    bounds = _union(boxes, hole)  # (M, 4), one row for each separate hole
    longest = _longest(bounds)
    area = tf.math.unsorted_segment_sum(areas, hole, tf.shape(bounds)[0])
    limit = largest_box(min(scales[-1], SCALES[-1]))  # a scratch needs no wider surroundings

    square = tf.cast(longest, tf.int64) ** 2  # 50,000 squared overflows int32
    thin = (longest > limit) & (4 * tf.cast(area, tf.int64) < square)
    piece_side = tf.maximum(limit // 2, 3 * area // tf.maximum(longest, 1))
    piece_side = tf.where(thin, tf.maximum(piece_side // cell, 1), _GRID)  # in cells
    piece = places // tf.gather(piece_side, hole)[:, None]
    piece = tf.where(tf.gather(thin, hole)[:, None], piece, 0)
    pieces = _union(boxes, _groups((hole * _GRID + piece[:, 0]) * _GRID + piece[:, 1]))

    reach = max(largest_box(scales[0]) // 2, 1)  # specks this small and this close fit a box
    block = pieces[:, 0] // reach * tf.shape(mask)[1] + pieces[:, 1] // reach
    speck = _longest(pieces) <= reach
    pieces = _union(pieces, _groups(tf.where(speck, -1 - block, tf.range(tf.shape(pieces)[0]))))
    return tf.gather(pieces, tf.argsort(_longest(pieces), stable=True))


def _occupied_cells(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Finds the grid cells with missing pixels. Only here is the mask read at its full size.

    Returns:
        int32 places (K, 2) as `(row, column)`; tight boxes (K, 4) around the missing pixels of each
        cell; their numbers (K,); and the side of a cell in pixels, a scalar.
    """
    height, width = tf.unstack(tf.shape(mask))
    cell = (tf.maximum(height, width) + _GRID - 1) // _GRID
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    mask = tf.pad(mask, [[0, rows * cell - height], [0, columns * cell - width]])
    mask = tf.reshape(mask, [rows, cell, columns, cell])
    across = tf.transpose(tf.reduce_any(mask, 3), [0, 2, 1])  # (rows, columns, cell)
    down = tf.reduce_any(mask, 1)  # (rows, columns, cell)
    area = tf.reduce_sum(tf.cast(mask, tf.uint16), 3)  # the count in one row of a cell fits uint16
    area = tf.reduce_sum(tf.cast(area, tf.int32), 1)

    places = tf.cast(tf.where(area > 0), tf.int32)
    across, down = tf.gather_nd(across, places), tf.gather_nd(down, places)  # (K, cell)
    line = tf.range(cell)
    first = [tf.reduce_min(tf.where(lines, line, cell), 1) for lines in (across, down)]
    last = [tf.reduce_max(tf.where(lines, line, -1), 1) for lines in (across, down)]
    boxes = tf.concat(
        [places * cell + tf.stack(first, -1), places * cell + tf.stack(last, -1) + 1], -1
    )
    return places, boxes, tf.gather_nd(area, places), cell


def _labels(places: tf.Tensor) -> tf.Tensor:
    """Labels (K,) of the occupied cells (K, 2), equal within a connected component.

    Cells that touch at a side or a corner are connected.
    """
    count = tf.shape(places)[0]
    seeds = tf.scatter_nd(places, tf.range(1, count + 1), [_GRID, _GRID])
    seeds = tf.cast(seeds, tf.float32)[None, :, :, None]

    def spread(labels, _):
        wider = tf.where(seeds > 0, tf.nn.max_pool2d(labels, 3, 1, "SAME"), 0.0)
        return wider, tf.reduce_any(wider > labels)

    labels, _ = tf.while_loop(lambda _, changed: changed, spread, (seeds, tf.constant(True)))
    return tf.cast(tf.gather_nd(labels[0, :, :, 0], places), tf.int32)


def _groups(keys: tf.Tensor) -> tf.Tensor:
    """Renumbers keys (K,) of any values as 0, 1, 2 and so on, equal keys alike."""
    return tf.unique(keys)[1]


def _union(boxes: tf.Tensor, groups: tf.Tensor) -> tf.Tensor:
    """The bounding box (M, 4) of each group of boxes (K, 4)."""
    count = tf.reduce_max(tf.concat([groups, [-1]], 0)) + 1
    return tf.concat(
        [
            tf.math.unsorted_segment_min(boxes[:, :2], groups, count),
            tf.math.unsorted_segment_max(boxes[:, 2:], groups, count),
        ],
        -1,
    )


def _longest(boxes: tf.Tensor) -> tf.Tensor:
    """The longer side (K,) of each box (K, 4)."""
    return tf.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
