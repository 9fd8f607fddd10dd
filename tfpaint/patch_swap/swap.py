"""Patch-swap: copies textures from the known region into the hole (section 3.3.2)."""

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

    The sources are the patches that lie wholly inside the map and outside the hole. Where chosen
    patches overlap, they are averaged. Each item of the batch has its own hole.

    Args:
        features: (B, h, w, C), floating.
        hole: (B, h, w, 1), non-zero = missing.
        keys: (B, h, w, K), floating, other features of the same cells to match on. None matches on
            `features`.
        coherence: As for `tfpaint.match`. The paper's value is 0.
        overlap: As for `tfpaint.patch_swap.paste`. The paper's value is 1.

    Returns:
        (B, h, w, C) in the dtype of `features`. Cells outside the hole are unchanged, and so are
        items whose hole is empty or leaves no source patch. Gradients flow through the pasted
        values, but not through the choice of patches.
    """
    keys = features if keys is None else keys
    touched = grow(tf.cast(tf.cast(hole, tf.bool), tf.float32))
    indices = match(keys, keys, touched, 1.0 - touched, coherence=coherence)
    return paste(indices, features, features, hole, overlap)


@keras.saving.register_keras_serializable(package="tfpaint")
class PatchSwap(keras.layers.Layer):
    """The function `patch_swap` as a layer without weights.

    Call it on `[features, hole]` or on `[features, hole, keys]`: (B, h, w, C), (B, h, w, 1) and
    (B, h, w, K). It returns (B, h, w, C).
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_jit = False  # the number of source patches varies with the hole

    def call(self, inputs):
        return patch_swap(*inputs)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])
