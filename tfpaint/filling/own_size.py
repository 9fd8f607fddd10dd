"""Brings a filled window to its own size: the answers of the last level, at the photo's pixels."""

import tensorflow as tf

from tfpaint.filling.blending import lerp, taps
from tfpaint.filling.tone_ring import align_tone
from tfpaint.filling.windows import read_mirrored
from tfpaint.maps.mask_cells import inner
from tfpaint.maps.smooth_fill import ANY_SIZE
from tfpaint.patch_swap.pixel_patches import RADIUS

_POWER = 2.0  # of the bilinear weights of the four cells nearest to a pixel: sharper than 1
_LITTLE = 1e-6  # weight of the shrunken window's own colours
_STRIP = 128  # rows painted at once, which limits the memory


def at_own_size(
    image: tf.Tensor,
    mask: tf.Tensor,
    window: tf.Tensor,
    answers: tf.Tensor,
    small: tf.Tensor,
    tones: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Fills a window that was shrunk with the photo's pixels at their full resolution.

    Each pixel is copied from where its cell of the shrunken window is, as many times further away
    as the window is larger. The four nearest cells are blended, or their edges would show.

    Args:
        image: uint8 or uint16 (H, W, 3).
        mask: bool (H, W), True = not to be copied.
        window: int32 (3,) `(y, x, side)`, the hole in its centre half.
        answers: int32 (s * s,), from the last of `tfpaint.patch_swap.pixels`; s is at most `side`.
        small: float32 (1, s, s, 3) in the range of `image`, the window as filled at that level.
            Pixels that no known one answers are taken from it.
        tones: float32 (1, t, t, 3) in the range of `image`: what is added to the whole window,
            when it agrees with what is around the hole.

    Returns:
        float32 (1, r, r, 3) in the range of `image`, the window's centre with a margin, and its
        place in the photo, a window int32 (3,).
    """
    y, x, side = tf.unstack(window)
    photo, missing = (read_mirrored(one, window) for one in (image, mask))
    first = side // 4 - 2 * RADIUS
    size = side - 2 * first
    flat = tf.concat([photo, tf.cast(missing, photo.dtype)[..., None]], -1)
    flat = tf.reshape(flat, [-1, 4])
    steps = _displacements(answers, side)
    cells = tf.shape(small)[1]
    across = tf.range(first, first + size)

    def paint(strip, done):
        down = tf.range(strip, tf.minimum(strip + _STRIP, first + size))
        total = weight = 0.0
        for row, high in _cells(down, side, cells):
            for column, wide in _cells(across, side, cells):
                step = tf.gather(tf.gather(steps, row), column, axis=1)
                v, u = down[:, None] + step[..., 0], across + step[..., 1]
                inside = (v >= 0) & (v < side) & (u >= 0) & (u < side) & (step[..., 2] > 0)
                theirs = tf.cast(tf.gather(flat, tf.where(inside, v * side + u, 0)), tf.float32)
                share = tf.cast(inside, tf.float32) * (1 - theirs[..., 3]) * high[:, None] * wide
                otherwise = tf.gather(tf.gather(small[0], row), column, axis=1)
                total += share[..., None] * theirs[..., :3] + _LITTLE * otherwise
                weight += share[..., None] + _LITTLE
        return strip + _STRIP, tf.concat([done, total / weight], 0)

    _, painted = tf.while_loop(
        lambda strip, _: strip < first + size,
        paint,
        (first, tf.zeros([0, size, 3])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None, 3])),
        parallel_iterations=1,
    )
    near = slice(first, first + size)
    around = tf.cast(photo[near, near], tf.float32)[None]
    known = 1 - tf.cast(missing[near, near], tf.float32)[None, ..., None]
    hole = (1 - known) * inner(size, 2 * RADIUS)
    painted = align_tone(painted[None], around, hole, known, RADIUS, ANY_SIZE)
    places = taps(across, side, tf.shape(tones)[1])
    painted += lerp(lerp(tones, places, 1), places, 2)
    return painted, tf.stack([y + first, x + first, size])


def _displacements(answers: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """How far away each cell's answer lies, in pixels of the window: int32 (s, s, 3).

    The third number is 1 where there is an answer, else 0.
    """
    cells = tf.cast(tf.round(tf.sqrt(tf.cast(tf.size(answers), tf.float32))), tf.int32)
    line = tf.range(cells)
    own = tf.reshape(answers, [cells, cells])
    away = tf.stack([own // cells - line[:, None], own % cells - line], -1)
    times = tf.cast(side, tf.float32) / tf.cast(cells, tf.float32)
    away = tf.cast(tf.round(tf.cast(away, tf.float32) * times), tf.int32)
    return tf.concat([away, tf.cast(own >= 0, tf.int32)[..., None]], -1)


def _cells(
    line: tf.Tensor, side: tf.Tensor, cells: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """The two cells nearest to each pixel along one axis, and their weights, all (n,)."""
    low, high, share = taps(line, side, cells)
    return (low, (1 - share) ** _POWER), (high, share**_POWER)
