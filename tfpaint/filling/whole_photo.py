"""Fills a photo window by window: cut out, fill, paste (paper, sections 3.1 and 3.4)."""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from tfpaint.filling import blending, holes, tone_range, windows
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.own_size import at_own_size
from tfpaint.filling.thin_holes import fill_thin_parts
from tfpaint.maps.traced import traced_once


def fill_photo(
    filler: WindowFiller,
    image: tf.Tensor,
    mask: tf.Tensor,
    seed: tf.Tensor,
    unknown: tf.Tensor | None,
    scales: Sequence[int],
    count: int,
    progress: Callable[[tf.Tensor, tf.Tensor], None] | None = None,
    split: tuple[list[tf.Tensor], tf.Tensor] | None = None,
) -> tf.Tensor:
    """Fills the missing pixels of a photo of any size, as part of a graph.

    Args:
        filler: Fills each window.
        image: uint8 or uint16 (H, W, 3).
        mask: bool (H, W), True = missing.
        seed: int32 (), as for `tfpaint.Inpainter`.
        unknown: bool (H, W), True where the photo holds nothing, or None.
        scales: The first scales of the filler, up to that of the largest window.
        count: How many pictures to return.
        progress: Called with the number of each window that begins, from 0, and how many there
            are; once, where this becomes part of a graph.
        split: As for `fill_thin_parts`.

    Returns:
        (count, H, W, 3) of the dtype of `image`: the last of coarse fill and scales.
    """

    def unseen(missing):
        return missing if unknown is None else missing | unknown

    if filler.pixels:
        image, mask = fill_thin_parts(image, mask, unknown, split)
    boxes = holes.find_boxes(mask, filler.scales)
    around = windows.window_around(boxes, tf.shape(mask), filler.scales)
    pictures = tf.stack([image] * count)

    pieces = tf.shape(boxes)[0]

    # A function of its own: TensorFlow's optimizer of saved models breaks loops right in a branch
    # of a condition ("inputs from different frames").
    fill_piece = traced_once(partial(_fill_piece, filler, scales))

    def fill_next(index, queue, pictures, missing):
        if progress is not None:
            progress(index, tf.size(queue))
        box, window = boxes[queue[index]], around[queue[index]]
        rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
        start, end = tf.maximum(window[:2], 0), window[:2] + window[2]
        blind = tf.reduce_all(unseen(missing)[start[0] : end[0], start[1] : end[1]])
        later = blind & (index < pieces * pieces)  # until what is known has come near
        now = tf.reduce_any(missing[rows, columns]) & ~later
        filled = tf.cond(
            now,
            lambda: fill_piece(pictures, missing, unseen(missing), window, box, seed),
            lambda: pictures,
        )
        missing = tf.raw_ops.TensorStridedSliceUpdate(
            input=missing,
            begin=box[:2],
            end=box[2:],
            strides=[1, 1],
            value=missing[rows, columns] & later,
        )
        queue = tf.concat([queue, tf.repeat(queue[index], tf.cast(later, tf.int32))], 0)
        return index + 1, queue, tf.ensure_shape(filled, pictures.shape), missing

    return tf.while_loop(
        lambda index, queue, *_: index < tf.size(queue),
        fill_next,
        (0, tf.range(pieces), pictures, mask),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None]),
            pictures.shape,
            mask.shape,
        ),
        parallel_iterations=1,
    )[2]


def _fill_piece(filler, scales, pictures, missing, unseen, window, box, seed) -> tf.Tensor:
    """Fills the missing pixels in `box`, looking at `window`, in scales up to its own."""
    size = tf.reduce_max(tf.where(window[2] >= scales, scales, scales[0]))
    crop = windows.crop_mirrored(pictures[-1], unseen, window, size)
    low, span = 0.0, 255.0
    if pictures.dtype != tf.uint8:
        crop, low, span = tone_range.stretch(crop)
    states = filler.states(crop, len(scales), seed)[-pictures.shape[0] :]
    filled = [(low + (picture + 1.0) * (span / 2), window) for picture, _ in states]
    if filler.pixels:
        last, (answers, tones) = filled[-1][0], states[-1][1]
        filled[-1] = tf.cond(
            window[2] > size,
            lambda: at_own_size(pictures[-1], unseen, window, answers, last, tones * (span / 2)),
            lambda: (last, window),
        )
    return tf.concat(
        [
            blending.paste(pictures[i : i + 1], missing, one, place, box)
            for i, (one, place) in enumerate(filled)
        ],
        axis=0,
    )
