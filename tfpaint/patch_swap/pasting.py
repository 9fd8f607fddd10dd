"""Patch-swap: textures carried from the known region into the hole (paper, section 3.3.2)."""

import tensorflow as tf

from tfpaint.patch_swap.patches import SQUARE


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
