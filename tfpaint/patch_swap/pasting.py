"""Pasting: copies the chosen source patches into the hole (section 3.3.2)."""

import tensorflow as tf

from tfpaint.patch_swap.patches import SQUARE


def paste(
    indices: tf.Tensor,
    source_features: tf.Tensor,
    features: tf.Tensor,
    hole: tf.Tensor,
    overlap: float = 1.0,
) -> tf.Tensor:
    """Pastes the chosen source patches into the hole, and averages them where they overlap.

    Args:
        indices: int32 (B, h, w), as returned by `match`: for each patch centre the flat index
            `y * w' + x` of a source centre, or -1 for none.
        source_features: (B, h', w', C), floating.
        features: (B, h, w, C), floating.
        hole: (B, h, w, 1), non-zero = a cell to write.
        overlap: Above 0. In the mean, a patch has weight 1 at its centre, `overlap` in the four
            cells beside it, and `overlap` squared in its corners. 1 gives the paper's plain mean; a
            smaller value is sharper.

    Returns:
        (B, h, w, C) in the dtype of `features`. A cell of the hole holds the weighted mean, taken
        in float32, of the patches that cover it. All other cells, and cells of the hole that no
        patch covers, keep `features`.
    """
    around = tf.pad(indices, [[0, 0], [1, 1], [1, 1]], constant_values=-1)
    covered = tf.nn.max_pool2d(tf.cast(around >= 0, tf.float32)[..., None], 3, 1, "VALID") > 0
    written = tf.cast(hole, tf.bool) & covered
    cells = tf.cast(tf.where(written[..., 0]), tf.int32)  # (n, 3): item, y, x
    shape = tf.shape(source_features)
    source_cells = tf.reshape(source_features, [-1, shape[3]])  # (B h' w', C)
    # A patch centred at a cell minus (dy, dx) writes into the cell its source centre plus (dy, dx).
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
