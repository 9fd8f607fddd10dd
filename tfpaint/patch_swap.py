"""Patch-swap: textures carried from the known region into the hole (paper, section 3.3.2)."""

import keras
import tensorflow as tf

from tfpaint.matching import match
from tfpaint.matching_candidates import SQUARE


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


def paste(
    indices: tf.Tensor,
    source_features: tf.Tensor,
    features: tf.Tensor,
    hole: tf.Tensor,
    overlap: float = 1.0,
) -> tf.Tensor:
    """Lays the chosen source patches over the hole, averaging where they overlap.

    Args:
        indices: int32 (B, h, w), as `match` gives them: a source centre `y * w' + x` for each
            patch centre, or -1 for none.
        source_features: (B, h', w', C), floating.
        features: (B, h, w, C), floating.
        hole: (B, h, w, 1), non-zero = the cells to write.
        overlap: weight, above 0, of a patch in the cells beside its centre, and its square in the
            corners, the centre's being 1. 1 is the paper's plain mean; less is sharper.

    Returns:
        (B, h, w, C) of the dtype of `features`: the weighted mean of the patches that cover a cell,
        where the cell is in the hole and at least one covers it; `features` elsewhere. Means are
        taken in float32.
    """
    around = tf.pad(indices, [[0, 0], [1, 1], [1, 1]], constant_values=-1)
    covered = tf.nn.max_pool2d(tf.cast(around >= 0, tf.float32)[..., None], 3, 1, "VALID") > 0
    written = tf.cast(hole, tf.bool) & covered
    cells = tf.cast(tf.where(written[..., 0]), tf.int32)  # (n, 3): item, y, x
    shape = tf.shape(source_features)
    source_cells = tf.reshape(source_features, [-1, shape[3]])  # (B h' w', C)
    # The patch centred (dy, dx) before a cell brings it the source (dy, dx) after its own.
    centres = tf.gather_nd(around, cells[:, None] + [[0, 1 - dy, 1 - dx] for dy, dx in SQUARE])
    covers = centres >= 0  # (n, 9)
    steps = tf.constant([dy for dy, _ in SQUARE]) * shape[2] + [dx for _, dx in SQUARE]
    place = tf.where(covers, cells[:, :1] * shape[1] * shape[2] + centres + steps, 0)
    found = tf.cast(tf.gather(source_cells, place), tf.float32)  # (n, 9, C)
    found = tf.where(covers[..., None], found, 0.0)
    weights = tf.cast(covers, tf.float32) * [overlap ** (dy * dy + dx * dx) for dy, dx in SQUARE]
    weights /= tf.reduce_sum(weights, 1, keepdims=True)
    mean = tf.matmul(weights[:, None], found)[:, 0]
    return tf.tensor_scatter_nd_update(features, cells, tf.cast(mean, features.dtype))


def hole_on_features(mask: tf.Tensor, stride: int = 4) -> tf.Tensor:
    """The hole on a feature map: every cell with at least one missing pixel.

    Args:
        mask: (B, H, W, 1), floating, 1 = missing.
        stride: pixels to a cell along each side; H and W are multiples of it.

    Returns:
        (B, H / stride, W / stride, 1) of the same dtype, 1 = missing.
    """
    return tf.nn.max_pool2d(mask, stride, stride, "VALID")


def grow(cells: tf.Tensor) -> tf.Tensor:
    """The centres of the 3x3 patches that touch the cells (B, h, w, 1), which are 1 and not 0."""
    return tf.nn.max_pool2d(cells, 3, 1, "SAME")


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
