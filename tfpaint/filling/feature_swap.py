"""From F1 to F1' (section 3.3.2): encodes a coarse picture, and swaps the patches of its hole."""

from collections.abc import Callable

import tensorflow as tf

from tfpaint.filling import boundary_inwards
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
    backend: Backend = DYNAMIC,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Encodes pictures and replaces the patches of their holes by the most similar known ones.

    Args:
        encode: Pictures (B, S, S, 3) in [-1, 1] to features (B, s, s, C), s = S / stride.
        picture: float32 (B, S, S, 3) in [-1, 1], S known when traced, the hole filled coarsely.
        mask: float32 (B, S, S, 1), 1 = missing. Patches are swapped in the centre square of half
            the side; what is missing elsewhere is only never copied.
        options: Of these key_blur, coherence, overlap and trust.
        scale: How often the smallest scale was doubled; blurs are wider in proportion.
        start: int32 (B, s / 2, s / 2), the matches of the scale before, to continue from; None to
            match anew.
        backend: How to match and paste.

    Returns:
        F1 and F1', float32 (B, s, s, C), and the matches, int32 (B, s, s) or as the backend has
        them.
    """
    inwards = options.trust < 1 and scale == 0
    features = keys = encode(picture)
    if options.key_blur and not inwards:
        keys = encode(low_pass(picture, options.key_blur * 2**scale))
    missing = hole_on_features(mask, mask.shape[1] // features.shape[1])
    hole = missing * centre(missing.shape[1])
    asks, may = grow(hole), 1 - grow(missing)

    def swap_keys(queries):
        chosen = backend.match(queries, keys, asks, may)
        return backend.paste(chosen, keys, keys, hole, options.overlap)

    queries = keys
    if inwards:
        queries = boundary_inwards.queries(keys, hole, options.trust, swap_keys, not backend.loops)
    chosen = backend.match(queries, keys, asks, may, start, options.coherence)
    return features, backend.paste(chosen, features, features, hole, options.overlap), chosen
