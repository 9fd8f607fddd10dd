"""Photos whose opposite edges meet, as those of a 360-degree panorama or of a tile.

A fill looks at the mirror image beyond an edge. So the photo is rolled until its edges lie where no
hole is near, filled, and rolled back. If there is no such place, the first fill leaves a seam; the
part of the hole beside it is then filled again, with the seam rolled to the middle.
"""

from collections.abc import Callable
from itertools import product

import numpy as np
import tensorflow as tf

_REACH = 48  # pixels: how far from a seam the hole is filled again; at most an eighth of the photo
_AXES = (0, 1)

MEETING = {"none": (False, False), "x": (False, True), "y": (True, False), "both": (True, True)}
"""Whether top and bottom, and left and right, meet."""


def passes(mask: tf.Tensor, meeting: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What to fill, one after the other, and by how much to roll the photo for it.

    Args:
        mask: bool (H, W), True = missing, at least one pixel.
        meeting: bool (2,), whether top and bottom, and left and right, meet.

    Returns:
        int32 (N, 2), shifts down and to the right, as for `tf.roll`; and bool (N, H) and (N, W), in
        which rows and columns, not rolled, the missing pixels are to be filled. N is 1, 2 or 4. The
        first pass fills all of them; a later one may have none.
    """
    lengths = tf.unstack(tf.shape(mask))
    cuts, seams, near = zip(*(_cut(mask, axis, meeting[axis]) for axis in _AXES), strict=True)
    shifts, lines, used = [], [], []
    for again in product((False, True), repeat=2):
        shifts.append([lengths[i] // 2 * again[i] - cuts[i] for i in _AXES])
        lines.append([near[i] | (not again[i]) for i in _AXES])
        used.append(tf.reduce_all([seams[i] | (not again[i]) for i in _AXES]))
    rows, columns = (tf.stack(both) for both in zip(*lines, strict=True))
    shifts, rows, columns = (tf.boolean_mask(one, used) for one in (shifts, rows, columns))
    return shifts, rows, columns


def fill_in_passes(
    fill: Callable[..., list[np.ndarray]],
    image: np.ndarray,
    mask: np.ndarray,
    unknown: np.ndarray | None,
    wrap: str,
) -> list[np.ndarray]:
    """Fills a photo whose opposite edges meet.

    Args:
        fill: Maps the three arrays that follow to pictures, the last of which is the filled photo.
        image: (H, W, 3).
        mask: bool (H, W), True = missing.
        unknown: bool (H, W), True where the photo holds nothing, or None.
        wrap: A key of `MEETING`.

    Returns:
        The pictures, each (H, W, 3) and equal to `image` wherever `mask` is False.
    """
    pictures: list[np.ndarray] = []
    unknown = None if unknown is None else unknown & ~mask  # what is filled is known to the next
    for shift, rows, columns in zip(*map(np.asarray, passes(mask, MEETING[wrap])), strict=True):
        hole = mask & rows[:, None] & columns
        if not hole.any():
            continue
        given = [pictures[-1] if pictures else image, hole, unknown]
        rolled = [one if one is None else np.roll(one, shift, _AXES) for one in given]
        filled = [np.roll(picture, -shift, _AXES) for picture in fill(*rolled)]
        before = pictures or [image] * len(filled)
        pictures = [
            np.where(hole[..., None], new, old) for new, old in zip(filled, before, strict=True)
        ]
    return pictures


def fill_in_graph(
    fill: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    image: tf.Tensor,
    mask: tf.Tensor,
    meeting: tf.Tensor,
) -> tf.Tensor:
    """`fill_in_passes` of a single picture, as part of a graph.

    Args:
        fill: Maps image and mask to the filled photo.
        image: (H, W, 3).
        mask: bool (H, W), True = missing, at least one pixel.
        meeting: As for `passes`.

    Returns:
        (H, W, 3) of the dtype of `image`.
    """
    shifts, rows, columns = passes(mask, meeting)

    def rolled(picture, shift):
        return tf.cond(
            tf.reduce_any(shift != 0),  # else it need not be copied
            lambda: tf.roll(picture, shift, _AXES),
            lambda: picture,
        )

    def fill_next(index, image):
        shift, hole = shifts[index], mask & rows[index][:, None] & columns[index]
        filled = fill(rolled(image, shift), rolled(hole, shift))
        return index + 1, tf.ensure_shape(rolled(filled, -shift), image.shape)

    count = tf.shape(shifts)[0]
    return tf.while_loop(
        lambda index, _: index < count, fill_next, (0, image), parallel_iterations=1
    )[1]


def _cut(mask: tf.Tensor, axis: int, meets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Where to cut a photo that is a loop along an axis: in the middle of the widest gap.

    Returns:
        The line before which to cut, int32 (); whether a seam is left there, bool (); and the lines
        near it, bool (L,). Without `meets` there is neither cut nor seam.
    """
    counts = tf.math.count_nonzero(mask, 1 - axis, dtype=tf.int32)
    length = tf.size(counts)
    reach = tf.clip_by_value(length // 8, 1, _REACH)
    taken = tf.cast(tf.where(counts > 0)[:, 0], tf.int32)
    gaps = tf.concat([taken[1:], taken[:1] + length], 0) - taken - 1
    widest = tf.reduce_max(gaps)
    middle = (taken[tf.argmax(gaps)] + 1 + widest // 2) % length
    fewest = tf.argmin(counts + tf.roll(counts, 1, 0), output_type=tf.int32)
    cut = tf.where(meets, tf.where(widest > 1, middle, fewest), 0)
    near = (tf.range(length) - cut + reach) % length < 2 * reach
    return cut, meets & (widest < reach), near
