"""The paper's loss terms (equations 2-6) as pure functions on tensors.

Equations 1 and 5 are their weighted sums, which `tfpaint.training.gan.GAN` computes.
"""

import tensorflow as tf

from tfpaint.maps.mask_cells import boundary_ring


def hole_weights(mask, width, ring_weight):
    """M of equation 2: 1 on the hole, `ring_weight` on the ring around it, 0 elsewhere.

    Args:
        mask: float32 (B, H, W, 1), 1 = missing.
        width: Width of the ring in pixels.
        ring_weight: The "higher weight to the overlapping pixels between the hole and the
            boundary" (section 3.3.1).

    Returns:
        float32 (B, H, W, 1).
    """
    return mask + ring_weight * boundary_ring(mask, width)


def weighted_l1(prediction, truth, weights):
    """Weighted mean of the absolute differences (equations 2 and 3).

    The paper writes an L1 norm. Here it is divided by the sum of the weights and by C.

    Args:
        prediction: float32 (B, H, W, C).
        truth: float32 (B, H, W, C).
        weights: float32 (B, H, W, 1), at least 0.

    Returns:
        float32 scalar, 0 if all weights are 0.
    """
    difference = tf.reduce_mean(tf.abs(prediction - truth), -1, keepdims=True)
    total = tf.reduce_sum(weights)
    context = tf.distribute.get_replica_context()
    if context and context.num_replicas_in_sync > 1:  # so that their mean is the global one
        total = context.all_reduce(tf.distribute.ReduceOp.MEAN, total)
    return tf.math.divide_no_nan(tf.reduce_sum(difference * weights), total)


def l1(prediction, truth):
    """Mean absolute difference of two tensors (B, H, W, C) (equation 6): a float32 scalar."""
    return tf.reduce_mean(tf.abs(prediction - truth))


def discriminator_loss(real_logits, fake_logits):
    """What D minimises: -log D(real) - log(1 - D(fake)), averaged over the patches (equation 4).

    The logits are float32 (B, h, w, 1), and D is their sigmoid.
    """
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
        tf.nn.softplus(fake_logits)
    )


def generator_loss(fake_logits):
    """What G minimises: -log D(fake), averaged; the non-saturating form of equation 4."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))
