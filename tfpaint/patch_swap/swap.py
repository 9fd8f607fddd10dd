"""Patch-swap: textures carried from the known region into the hole (paper, section 3.3.2)."""

import keras
import tensorflow as tf

from tfpaint.maps.mask_cells import grow
from tfpaint.patch_swap.matching import match
from tfpaint.patch_swap.pasting import paste


def patch_swap(
    features: tf.Tensor,
    hole: tf.Tensor,
    keys: tf.Tensor | None = None,
    coherence: float = 0.0,
    overlap: float = 1.0,
) -> tf.Tensor:
    """Replaces each 3x3 patch that touches the hole by its best match from the known region.

    Sources are the patches wholly outside the hole and inside the map. Overlapping winners are
    averaged. Each item of the batch has its own hole.

    Args:
        features: (B, h, w, C), floating.
        hole: (B, h, w, 1), non-zero = missing.
        keys: (B, h, w, K), other features of the same cells to match on; `features` by default.
        coherence: as for `match`. 0 is the paper's way.
        overlap: as for `paste`. 1 is the paper's way.

    Returns:
        (B, h, w, C) of the dtype of `features`, which are unchanged outside the hole, and
        everywhere in an item whose hole is empty or leaves no source patch. Differentiable
        through the pasted values; the choice of patches carries no gradient.
    """
    keys = features if keys is None else keys
    touched = grow(tf.cast(tf.cast(hole, tf.bool), tf.float32))
    indices = match(keys, keys, touched, 1.0 - touched, coherence=coherence)
    return paste(indices, features, features, hole, overlap)


@keras.saving.register_keras_serializable(package="tfpaint")
class PatchSwap(keras.layers.Layer):
    """`patch_swap` as a layer without weights.

    Call it on `[features, hole]`, (B, h, w, C) and (B, h, w, 1), or on `[features, hole, keys]`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_jit = False  # the number of source patches varies with the hole

    def call(self, inputs):
        return patch_swap(*inputs)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])
