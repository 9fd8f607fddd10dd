"""From a mask of any shape to square windows with a hole in the middle (paper, section 3.1).

Missing pixels are True. A box is a row `(top, left, bottom, right)`, a window a row
`(y, x, side)`, both int32 in pixels of the photo. A window may hang over the photo's edges: there
the photo is continued by its mirror image.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

SCALES = (128, 256, 512)
_GRID = 64  # separate holes are told apart on a grid of at most this many cells a side


def largest_box(size: int) -> int:
    """Longest side of a hole in a window of `size`: 7/16, as 224 at 512 in the paper."""
    return size * 7 // 16


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


def find_boxes(mask: tf.Tensor, scales: Sequence[int] = SCALES) -> tf.Tensor:
    """Boxes that together hold all missing pixels, one for each piece to be filled at once.

    A compact hole is one piece. A long thin one, such as a scratch, is cut into several, so that
    it need not be shrunk to fit a window. Specks near each other are one piece.

    Args:
        mask: (H, W) bool, True where the photo is missing.
        scales: As in `find_windows`.

    Returns:
        int32 (N, 4), by ascending longest side. Each box is tight around its missing pixels.
    """
    places, boxes, areas, cell = _occupied_cells(mask)
    hole = _groups(_labels(places))
    bounds = _union(boxes, hole)  # (M, 4), a row for each separate hole
    longest = _longest(bounds)
    area = tf.math.unsorted_segment_sum(areas, hole, tf.shape(bounds)[0])
    limit = largest_box(min(scales[-1], SCALES[-1]))  # a scratch needs no wider surroundings

    square = tf.cast(longest, tf.int64) ** 2  # a scratch of 50,000 px has more than an int32
    thin = (longest > limit) & (4 * tf.cast(area, tf.int64) < square)
    piece_side = tf.maximum(limit // 2, 3 * area // tf.maximum(longest, 1))
    piece_side = tf.where(thin, tf.maximum(piece_side // cell, 1), _GRID)  # in cells
    piece = places // tf.gather(piece_side, hole)[:, None]
    piece = tf.where(tf.gather(thin, hole)[:, None], piece, 0)
    pieces = _union(boxes, _groups((hole * _GRID + piece[:, 0]) * _GRID + piece[:, 1]))

    reach = max(largest_box(scales[0]) // 2, 1)  # two specks of this side within it fit one box
    block = pieces[:, 0] // reach * tf.shape(mask)[1] + pieces[:, 1] // reach
    speck = _longest(pieces) <= reach
    pieces = _union(pieces, _groups(tf.where(speck, -1 - block, tf.range(tf.shape(pieces)[0]))))
    return tf.gather(pieces, tf.argsort(_longest(pieces), stable=True))


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


def missing_cells(known: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Which cells are missing, given the shares of known and missing pixels in each.

    A cell is missing if any of its pixels is. But if that leaves next to nothing of what is
    known, as with a thin rim around a huge hole, then only cells without any known pixel are.
    """
    strict = tf.cast(missing > 0, tf.float32)
    lenient = tf.cast(known <= 0, tf.float32)
    enough = 4 * tf.reduce_sum(1 - strict) >= tf.reduce_sum(1 - lenient)
    return tf.where(enough, strict, lenient)


def boundary_ring(hole: tf.Tensor, width: int) -> tf.Tensor:
    """The pixels outside a hole (B, S, S, 1), 1 = missing, at most `width` away from it."""
    wide = tf.nn.max_pool2d(hole, (2 * width + 1, 1), 1, "SAME")
    return tf.nn.max_pool2d(wide, (1, 2 * width + 1), 1, "SAME") - hole


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


def _occupied_cells(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """The grid cells with missing pixels: places (K, 2), tight boxes (K, 4), areas (K,); cell side.

    The mask is the one thing here that is as large as the photo, and it is read in place.
    """
    height, width = tf.unstack(tf.shape(mask))
    cell = (tf.maximum(height, width) + _GRID - 1) // _GRID
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    mask = tf.pad(mask, [[0, rows * cell - height], [0, columns * cell - width]])
    mask = tf.reshape(mask, [rows, cell, columns, cell])
    across = tf.transpose(tf.reduce_any(mask, 3), [0, 2, 1])  # (rows, columns, cell)
    down = tf.reduce_any(mask, 1)  # (rows, columns, cell)
    area = tf.reduce_sum(tf.cast(mask, tf.uint16), 3)  # a row of a cell fits uint16
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
    """A number (K,) for each occupied cell (K, 2), equal in cells that touch, also by a corner."""
    count = tf.shape(places)[0]
    seeds = tf.scatter_nd(places, tf.range(1, count + 1), [_GRID, _GRID])
    seeds = tf.cast(seeds, tf.float32)[None, :, :, None]

    def spread(labels, _):
        wider = tf.where(seeds > 0, tf.nn.max_pool2d(labels, 3, 1, "SAME"), 0.0)
        return wider, tf.reduce_any(wider > labels)

    labels, _ = tf.while_loop(lambda _, changed: changed, spread, (seeds, tf.constant(True)))
    return tf.cast(tf.gather_nd(labels[0, :, :, 0], places), tf.int32)


def _groups(keys: tf.Tensor) -> tf.Tensor:
    """Keys (K,) of any value as group numbers 0, 1, 2 ..."""
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
    return tf.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])


def centre(side: int) -> tf.Tensor:
    """1 in the centre square of half the side: float32 (1, side, side, 1)."""
    margin = [side // 4, side // 4]
    return tf.pad(tf.ones([1, side // 2, side // 2, 1]), [[0, 0], margin, margin, [0, 0]])
