"""Trains G1, the Image2Feature network (section 3.3.1, equations 1-4)."""

from typing import Any

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.maps.mask_cells import centre, hole_on_features
from tfpaint.networks.image2feature import split
from tfpaint.training import losses
from tfpaint.training.gan import GAN, Batch, Reconstruction


def compose(
    image2feature: keras.Model, incomplete: tf.Tensor, mask: tf.Tensor, training: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Pastes G1's prediction into the hole of I0, which gives I1.

    Args:
        image2feature: G1.
        incomplete: I0, float32 (B, S, S, 3) in [-1, 1].
        mask: float32 (B, S, S, 1), 1 = missing, within the centre square of side S/2.
        training: Whether G1 runs in training mode.

    Returns:
        I1, and the prediction I1R padded with zeros to its shape: float32 (B, S, S, 3) each.
    """
    border = incomplete.shape[1] // 4
    paddings = [[0, 0], [border, border], [border, border], [0, 0]]
    predicted, _ = split(image2feature([incomplete, mask], training=training))
    padded = tf.pad(predicted, paddings)
    return incomplete * (1.0 - mask) + padded * mask, padded


def compose_enlarged(
    image2feature: keras.Model, incomplete: tf.Tensor, mask: tf.Tensor
) -> tf.Tensor:
    """I1 as `compose` gives it, float32 (B, S, S, 3), with a G1 of this size or a smaller one.

    A smaller G1's picture is enlarged, as `Inpainter` does where a scale begins.

    Args:
        image2feature: G1, of a size that divides S.
        incomplete: I0, float32 (B, S, S, 3) in [-1, 1].
        mask: float32 (B, S, S, 1), 1 = missing, within the centre square of side S/2.
    """
    size = mask.shape[1]
    times = size // image2feature.input_shape[0][1]
    small_mask = hole_on_features(mask, times)
    small = tf.nn.avg_pool2d(incomplete, times, times, "VALID") * (1.0 - small_mask)
    predicted, _ = compose(image2feature, small, small_mask)
    return incomplete * (1.0 - mask) + tf.image.resize(predicted, (size, size)) * mask


class Image2FeatureGAN(GAN):
    """Trains G1 with the encoder and D1 (section 3.3.1, equations 1-4).

    The default weights of the three losses are the paper's.

    Args:
        image2feature: G1.
        encoder: Maps images to features. It is frozen.
        discriminator: D1, or None if `adversarial_weight` is 0.
        image_weight: Weight of the image loss (equation 2), a weighted mean over the hole and its
            ring, of pictures in [-1, 1].
        feature_weight: Weight of the feature loss (equation 3). The paper's value is for VGG19 with
            its original weights; the normalised and the distilled encoder need another.
        adversarial_weight: Weight of the adversarial loss (equation 4). 0 leaves D1 out.
        ring_weight: Weight of the known pixels within S/32 of the hole, relative to the hole.

    Raises:
        InputError: There is an adversarial weight, but no discriminator; or G1 has a second output,
            which only `train.coarse` trains.

    Examples:

    >>> gan = Image2FeatureGAN(Image2Feature(128), encoder, ImagePairDiscriminator())
    >>> gan.compile(keras.optimizers.Adam(2e-3, 0.5), keras.optimizers.Adam(2e-4, 0.5))
    >>> gan.fit(batches)
    """

    def __init__(
        self,
        image2feature: keras.Model,
        encoder: keras.Model,
        discriminator: keras.Model | None = None,
        image_weight: float = 1000.0,
        feature_weight: float = 0.001,
        adversarial_weight: float = 1.0,
        ring_weight: float = 2.0,
        **kwargs: Any,
    ):
        if len(image2feature.outputs) > 1:
            raise InputError(
                "uncertainty=True: the second output is trained by python -m train.coarse alone"
            )
        weights = {
            "image": image_weight,
            "feature": feature_weight,
            "adversarial": adversarial_weight,
        }
        super().__init__(image2feature, discriminator, weights, **kwargs)
        self.encoder = encoder
        self.encoder.trainable = False
        self.ring_weight = ring_weight

    def call(self, inputs):
        """Maps `[I0, mask]`, as for `compose`, to I1, float32 (B, S, S, 3) in [-1, 1]."""
        return compose(self.generator, *inputs)[0]

    def reconstruction(self, batch: Batch, training: bool) -> Reconstruction:
        """I1, with the image loss (equation 2) and the feature loss (equation 3)."""
        truth, mask = batch["truth"], batch["mask"]
        image, padded = compose(self.generator, batch["incomplete"], mask, training)
        size = truth.shape[1]
        # Outside the centre square, the ring has no prediction to compare.
        weights = losses.hole_weights(mask, size // 32, self.ring_weight) * centre(size)
        parts = {"image": losses.weighted_l1(padded, truth, weights)}
        if self.weights_of_losses["feature"]:
            cells = hole_on_features(mask, self.encoder.stride)
            cells = losses.hole_weights(cells, 1, self.ring_weight)
            features = self.encoder(image), tf.stop_gradient(self.encoder(truth))
            parts["feature"] = losses.weighted_l1(*features, cells)
        return Reconstruction(parts, image)

    @staticmethod
    def pair(batch: Batch, image: tf.Tensor) -> list[tf.Tensor]:
        """The incomplete image I0 and the image to judge (equation 4)."""
        return [batch["incomplete"], image]
