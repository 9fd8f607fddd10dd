"""The engine `conv2d`: the paper's algorithm (section 3.3.2), kept as the reference.

The 3x3 source patches are normalised and stacked as the filters of a convolution. It gives the
score of every query with every source: the paper's d(p, p'), times the norm of the query p.
"""

import tensorflow as tf

from tfpaint.patch_swap import coherent
from tfpaint.patch_swap.patches import SQUARE, Question

TIE = 1e-6  # relative; the scores of equal patches may differ by a few float32 rounding errors


def choose(question: Question, coherence: float) -> tf.Tensor:
    """Chooses the most similar source, the first of equals. See `patches.Engine`."""
    queries, sources, _, centres, _ = question
    scores = tf.nn.conv2d(queries[None], _filters(sources, centres), strides=1, padding="VALID")[0]
    best = tf.reduce_max(scores, axis=-1, keepdims=True)
    worse = scores < best - TIE * tf.abs(best)
    found = tf.reduce_min(tf.where(worse, tf.int32.max, centres), axis=-1)
    return coherent.agree(found, question, coherence) if coherence else found


def _filters(sources: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
    """The 3x3 patches around n centres, normalised (0 stays 0), as filters (3, 3, C, n)."""
    width, channels = tf.shape(sources)[1], tf.shape(sources)[2]
    steps = tf.stack([dy * width + dx for dy, dx in SQUARE])
    cells = tf.reshape(sources, [-1, channels])
    patches = tf.gather(cells, centres[:, None] + steps)  # (n, 9, C)
    norms = tf.sqrt(tf.reduce_sum(tf.square(patches), axis=[1, 2], keepdims=True))
    patches = tf.math.divide_no_nan(patches, norms)
    return tf.reshape(tf.transpose(patches, [1, 2, 0]), [3, 3, channels, -1])
