"""Encodes a coarse picture to F1, and swaps the patches of its hole to F1' (section 3.3.2)."""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.filling import boundary_inwards
from tfpaint.filling.certainty import trust_in_cells
from tfpaint.filling.options import Options
from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.mask_cells import centre, grow, hole_on_features
from tfpaint.patch_swap.backends import DYNAMIC, Backend


def swap_features(
    encode: Callable[[tf.Tensor], tf.Tensor],
    picture: tf.Tensor,
    mask: tf.Tensor,
    options: Options,
    scale: int = 0,
    start: tf.Tensor | None = None,
    sure: tf.Tensor | None = None,
    backend: Backend = DYNAMIC,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Encodes pictures, and replaces the patches of their holes by the most similar known ones.

    Args:
        encode: Maps pictures (B, S, S, 3) in [-1, 1] to features (B, s, s, C), s = S / stride.
        picture: float32 (B, S, S, 3) in [-1, 1], S static, with the hole filled coarsely.
        mask: float32 (B, S, S, 1), 1 = missing. Patches are swapped only in the centre square of
            half the side. What is missing outside it stays as it is, but is never copied.
        options: The options key_blur, coherence, overlap and trust are used.
        scale: Index of the scale, 0 being the smallest. Blurs are wider by 2**scale.
        start: The matches of the previous scale to continue from, in the shape in which `backend`
            returns them: int32 (B, s / 2, s / 2) by default. None matches without them.
        sure: float32 (B, S, S, 1), by which `trust` is multiplied at each pixel; None for 1. Only
            the smallest scale heeds it, as it does `trust` itself.
        backend: How to match and paste patches.

    Returns:
        F1 and F1', float32 (B, s, s, C), and the matches: int32 (B, s, s) by default, or
        (s / 2 + 2, s / 2 + 2) from the static backend.
    """
    features, keys = encode_with_keys(encode, picture, options, scale)
    missing = hole_on_features(mask, mask.shape[1] // features.shape[1])
    hole = missing * centre(missing.shape[1])
    asks, may = grow(hole), 1 - grow(missing)

    def swap_keys(queries):
        chosen = backend.match(queries, keys, asks, may)
        return backend.paste(chosen, keys, keys, hole, options.overlap)

    queries = keys
    if _inwards(options, scale):
        trust = trust_in_cells(options.trust, sure, hole)
        queries = boundary_inwards.queries(keys, hole, trust, swap_keys, not backend.loops)
    chosen = backend.match(queries, keys, asks, may, start, options.coherence)
    return features, backend.paste(chosen, features, features, hole, options.overlap), chosen


def encode_with_keys(
    encode: Callable[[tf.Tensor], tf.Tensor], picture: tf.Tensor, options: Options, scale: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Encodes pictures to F1, and to the keys, the features on which its patches are matched.

    Args:
        encode, picture, options, scale: As for `swap_features`.

    Returns:
        F1 and the keys, float32 (B, s, s, C) each. The keys are those of a blurred picture if
        `options.key_blur` is positive, except where the scale is matched from the boundary inwards.
        Otherwise they are F1 itself.
    """
    features = encode(picture)
    if not options.key_blur or _inwards(options, scale):
        return features, features
    return features, encode(low_pass(picture, options.key_blur * 2**scale))


def _inwards(options: Options, scale: int) -> bool:
    """Whether a scale is matched from the hole's boundary inwards."""
    return options.trust < 1 and scale == 0
