"""The engine `conv2d`: the paper's recipe (section 3.3.2), kept as the reference.

The 3x3 source patches are stacked and normalised into the filters of a convolution, which then
scores every query against every source.
"""

import tensorflow as tf

TIE = 1e-6  # equal patches may differ by a few float32 roundings, by their place in the convolution


def choose(
    queries: tf.Tensor, sources: tf.Tensor, asks: tf.Tensor, centres: tf.Tensor
) -> tf.Tensor:
    """As `matching_exact.choose`."""
    scores = tf.nn.conv2d(queries[None], _filters(sources, centres), strides=1, padding="VALID")[0]
    best = tf.reduce_max(scores, axis=-1, keepdims=True)
    worse = scores < best - TIE * tf.abs(best)
    return tf.reduce_min(tf.where(worse, tf.int32.max, centres), axis=-1)


def _filters(sources: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
    """The 3x3 patches around n centres, each of norm 1 (or 0), as filters (3, 3, C, n)."""
    width, channels = tf.shape(sources)[1], tf.shape(sources)[2]
    steps = tf.range(-1, 2)
    offsets = tf.reshape(steps[:, None] * width + steps, [-1])  # (9,)
    cells = tf.reshape(sources, [-1, channels])
    patches = tf.gather(cells, centres[:, None] + offsets)  # (n, 9, C)
    norms = tf.sqrt(tf.reduce_sum(tf.square(patches), axis=[1, 2], keepdims=True))
    patches = tf.math.divide_no_nan(patches, norms)
    return tf.reshape(tf.transpose(patches, [1, 2, 0]), [3, 3, channels, -1])
