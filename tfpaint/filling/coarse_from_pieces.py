"""Rebuilds the coarse fill from large pieces of the photo itself, as far as they fit.

Image2Feature knows how photos continue in general, but not how this photo does, and blurs stripes
and facades. At half the size, a 3x3 patch of features is a large piece of the photo, and the hole
is only a few pieces wide. There the hole is matched from its boundary inwards (see
`tfpaint.filling.boundary_inwards`), and Feature2Image draws the result.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.filling import boundary_inwards
from tfpaint.filling.certainty import trust_in_cells
from tfpaint.filling.tone_ring import align_tone
from tfpaint.maps.mask_cells import centre, grow, hole_on_features
from tfpaint.patch_swap.backends import Backend

_TRUST = 0.3  # weight of the coarse fill's cells, relative to a known cell
# Mean cosines up to which the rebuilt fill is not used at all, and from which it is used alone;
# chosen on validation photos.
_APART, _TOGETHER = 0.71, 0.77


def recompose(
    encode: Callable[[tf.Tensor], tf.Tensor],
    draw: Callable[[tf.Tensor], tf.Tensor],
    coarse: tf.Tensor,
    mask: tf.Tensor,
    sure: tf.Tensor | None,
    backend: Backend,
) -> tf.Tensor:
    """Rebuilds the coarse fill, and mixes it with the given one.

    The more the rebuilt fill resembles the photo, the more it counts. Both are mixed at half the
    size and enlarged.

    Args:
        encode: Maps pictures (1, S, S, 3) in [-1, 1] to features (1, S / stride, S / stride, C).
        draw: Maps features to pictures: the Feature2Image of the smallest scale.
        coarse: float32 (1, s, s, 3) in [-1, 1], the photo with the coarse fill in its hole.
        mask: float32 (1, s, s, 1), 1 = missing.
        sure: As for `tfpaint.filling.feature_swap.swap_features`.
        backend: How to match and paste patches.

    Returns:
        float32 (1, s, s, 3), equal to `coarse` where the mask is 0.
    """
    half = tf.nn.avg_pool2d(coarse, 2, 2, "VALID")
    missing = hole_on_features(mask, 2)
    features = encode(half)
    stride = half.shape[1] // features.shape[1]
    hole = hole_on_features(missing, stride)
    hole *= centre(hole.shape[1])
    found, may = sources(encode, half, missing, stride)

    def swap(queries, overlap=1.0):
        chosen = backend.match(queries, found, grow(hole), may)
        return backend.paste(chosen, found, features, hole, overlap)

    trust = trust_in_cells(_TRUST, sure, hole)
    inwards = boundary_inwards.queries(features, hole, trust, swap, not backend.loops)
    drawn = draw(swap(inwards))
    drawn = align_tone(drawn, half, missing, 1 - missing, 2)
    drawn = tf.where(missing > 0, tf.clip_by_value(drawn, -1.0, 1.0), half)

    # Where the pieces did not fit, what was drawn resembles no known patch of the photo.
    seen = encode(drawn)
    alike = _cosines(seen, swap(seen, 0.02))
    alike = tf.math.divide_no_nan(tf.reduce_sum(alike * hole), tf.reduce_sum(hole))
    share = tf.clip_by_value((alike - _APART) / (_TOGETHER - _APART), 0.0, 1.0)
    made = tf.image.resize(half + share * (drawn - half), coarse.shape[1:3])
    return tf.where(mask > 0, made, coarse)


def sources(
    encode, image: tf.Tensor, missing: tf.Tensor, stride: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Encodes a picture and three copies shifted by half a cell, as sources to match with.

    The shifted copies, moved up, left and both, hold pieces that lie between the cells of the
    unshifted map.

    Args:
        encode: Maps images (1, S, S, 3) to features (1, S / stride, S / stride, C).
        image: float32 (1, S, S, 3) in [-1, 1].
        missing: float32 (1, S, S, 1), 1 = missing.
        stride: Stride of the encoder in pixels.

    Returns:
        The four maps stacked vertically, the unshifted one first: float32 (1, 4 S / stride,
        S / stride, C). And the source mask, float32 (1, 4 S / stride, S / stride, 1): 1 where the
        3x3 patch centred there is wholly known and lies within one map.
    """
    maps, chosen = [], []
    cells = image.shape[1] // stride
    inner = tf.pad(tf.ones([1, cells - 2, cells - 2, 1]), [[0, 0], [1, 1], [1, 1], [0, 0]])
    for dy in (0, stride // 2):
        for dx in (0, stride // 2):
            around = [[0, 0], [0, dy], [0, dx], [0, 0]]
            maps.append(encode(tf.pad(image[:, dy:, dx:], around)))
            moved = tf.pad(missing[:, dy:, dx:], around, constant_values=1.0)
            chosen.append(inner * (1 - grow(hole_on_features(moved, stride))))
    return tf.concat(maps, 1), tf.concat(chosen, 1)


def _cosines(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Cosines of two maps (B, h, w, C) at each cell: (B, h, w, 1), 0 where either map is 0."""
    squares = [tf.reduce_sum(tf.square(x), -1, keepdims=True) for x in (one, other)]
    product = tf.reduce_sum(one * other, -1, keepdims=True)
    return tf.math.divide_no_nan(product, tf.sqrt(squares[0] * squares[1]))
