"""Fills scratches, wires, text and specks over the whole photo, before any window is cut out."""

from collections.abc import Sequence

import tensorflow as tf

from tfpaint.filling.tone_ring import align_tone
from tfpaint.filling.windows import read_mirrored
from tfpaint.maps.mask_cells import inner, widen
from tfpaint.patch_swap.pixel_patches import RADIUS
from tfpaint.patch_swap.pixels import shrink
from tfpaint.patch_swap.thin import fill_thin

ROUNDS = {12: (4,), 32: (6, 4), 48: (8, 6, 4)}
"""Holes that are at most so many pixels wide, thinner ones first, and the rounds of `fill_thin`."""

_COARSE = 4  # pixels of a cell at which areas are measured
_STROKE = 1.5  # times the square of its width is more than a compact hole covers

_TILE, _MARGIN = 512, 64  # pixels; the margin of a tile is seen, but not filled
_FIELD = _TILE - 2 * _MARGIN


def thin_parts(
    mask: tf.Tensor, unknown: tf.Tensor | None = None
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Splits a hole by its width.

    Args:
        mask: bool (H, W), True = missing.
        unknown: bool (H, W), True where the photo holds nothing; None if there is no such place.

    Returns:
        A part bool (H, W) for each width of `ROUNDS`, and the rest, which is wider.
    """
    parts = []
    for widest in ROUNDS:
        part = thin_part(mask if unknown is None else mask | unknown, widest) & mask
        parts.append(part)
        mask = mask & ~part
    return parts, mask


def fill_thin_parts(
    image: tf.Tensor,
    mask: tf.Tensor,
    unknown: tf.Tensor | None = None,
    split: tuple[list[tf.Tensor], tf.Tensor] | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Fills the thin parts of a hole, and returns the photo and what is missing still.

    Args:
        image: uint8 or uint16 (H, W, 3).
        mask, unknown: As for `thin_parts`.
        split: What `thin_parts` returned for them, if it is known already.
    """
    parts, rest = split or thin_parts(mask, unknown)
    for part, rounds in zip(parts, ROUNDS.values(), strict=True):
        unseen = mask if unknown is None else mask | unknown
        image, mask = fill_thin_part(image, unseen, part, rounds), mask & ~part
    return image, rest


def thin_part(mask: tf.Tensor, widest: int) -> tf.Tensor:
    """Where a hole is at most so wide: bool (H, W), for a mask bool (H, W), True = missing.

    What lies near a wider part, and so is only its rim or its corner, does not count.
    """

    def mark(tile, thin):
        gone = tf.cast(_read(mask, tile), tf.float32)[None, ..., None]
        reach = widest // 2
        core = 1 - widen(1 - gone, reach)
        alone = tf.nn.relu(gone - widen(core, 3 * reach))
        return _written(thin, (alone * _long(alone, widest))[0, ..., 0] > 0, tile)

    return _each_tile(mask, mark, tf.zeros_like(mask))


def _long(part: tf.Tensor, width: int) -> tf.Tensor:
    """Where a part of a hole is a piece of a stroke: float32 (1, s, s, 1), 1 or 0, as `part` is.

    A compact hole covers at most the square of its width; windows know what belongs there. Of a
    stroke there is more around each place but its ends, and these are not far from other places.
    """
    if width <= min(ROUNDS):  # specks
        return part
    small = shrink(part, _COARSE)
    around = 3 * width // _COARSE
    area = around**2 * tf.nn.avg_pool2d(small, around, 1, "SAME")
    long = tf.cast(area * small > _STROKE * (width / _COARSE) ** 2 * small, tf.float32)
    long = widen(long, around // 2)
    return tf.repeat(tf.repeat(long, _COARSE, 1), _COARSE, 2)


def fill_thin_part(
    image: tf.Tensor, mask: tf.Tensor, thin: tf.Tensor, rounds: Sequence[int]
) -> tf.Tensor:
    """Fills the thin part of a hole.

    Args:
        image: uint8 or uint16 (H, W, 3).
        mask: bool (H, W), True = not to be copied.
        thin: bool (H, W), from `thin_part`.
        rounds: As for `fill_thin`.

    Returns:
        (H, W, 3): `image`, changed only where `thin` is True.
    """

    image = tf.convert_to_tensor(image)
    levels = image.dtype.max / 255

    def fill(tile, image):
        photo = tf.cast(_read(image, tile), tf.float32)[None] / levels
        missing = tf.cast(_read(mask, tile), tf.float32)[None, ..., None]
        hole = tf.cast(_read(thin, tile), tf.float32)[None, ..., None] * inner(_TILE, _MARGIN)
        painted = fill_thin(photo, missing, hole, rounds)
        painted = align_tone(painted, photo, hole, 1 - missing, RADIUS)
        painted = tf.where(hole > 0, tf.clip_by_value(painted, 0.0, 255.0), photo)
        return _written(image, tf.cast(tf.round(painted[0] * levels), image.dtype), tile)

    return _each_tile(thin, fill, image)


def _each_tile(wanted: tf.Tensor, do, start: tf.Tensor) -> tf.Tensor:
    """Applies `do(tile, map)` for all tiles whose field holds a True; `tile` is int32 (y, x)."""
    height, width = tf.unstack(tf.shape(wanted))
    rows, columns = -(-height // _FIELD), -(-width // _FIELD)
    whole = tf.pad(wanted, [[0, rows * _FIELD - height], [0, columns * _FIELD - width]])
    whole = tf.reshape(whole, [rows, _FIELD, columns, _FIELD])
    tiles = tf.cast(tf.where(tf.reduce_any(whole, [1, 3])), tf.int32) * _FIELD
    return tf.while_loop(
        lambda number, _: number < tf.shape(tiles)[0],
        lambda number, found: (number + 1, do(tiles[number], found)),
        (0, start),
        shape_invariants=(tf.TensorShape([]), start.shape),
        parallel_iterations=1,
    )[1]


def _read(values: tf.Tensor, tile: tf.Tensor) -> tf.Tensor:
    """A tile with its margin, mirrored beyond the photo's edges: (512, 512, ...)."""
    found = read_mirrored(values, tf.concat([tile - _MARGIN, [_TILE]], 0))
    return tf.ensure_shape(found, [_TILE, _TILE, *values.shape[2:]])


def _written(values: tf.Tensor, tile_values: tf.Tensor, tile: tf.Tensor) -> tf.Tensor:
    """The map with a tile's field written into it."""
    end = tf.minimum(tile + _FIELD, tf.shape(values)[:2])
    height, width = tf.unstack(end - tile)
    field = tile_values[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]
    return tf.raw_ops.TensorStridedSliceUpdate(
        input=values, begin=tile, end=end, strides=[1, 1], value=field
    )
