"""Trains G2, the Feature2Image network (section 3.3.3, equations 5 and 6)."""

from typing import Any

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.feature_swap import swap_features
from tfpaint.filling.options import PAPER, Options
from tfpaint.training import losses
from tfpaint.training.gan import GAN, Batch, Reconstruction
from tfpaint.training.image2feature_gan import compose_enlarged

SOURCES = ("truth", "prediction", "mixture")


class Feature2ImageGAN(GAN):
    """Trains G2 on swapped features, with D2 (section 3.3.3, equations 5 and 6).

    The default weights of the losses are the paper's.

    Args:
        feature2image: G2.
        encoder: Maps pictures to features. It is frozen.
        discriminator: D2, or None if `adversarial_weight` is 0.
        image2feature: G1 of the same or a smaller size, needed unless `source` is "truth". It is
            frozen.
        source: The image whose features are swapped and given to G2: "truth" for the photo itself,
            as in the paper; "prediction" for G1's; or "mixture" for one of both, chosen at random
            with equal chances for each item.
        options: How patches are swapped. Sigmas are in pixels of the training size.
        crop: The part of the side, around the centre, that G2 draws and D2 sees. Holes lie in the
            centre half, and only they are used in the end. The paper's value is 1.
        image_weight: Weight of the image loss (equation 6), a mean over the whole picture in
            [-1, 1].
        feature_weight: Weight of the L1 distance between the features of output and truth, which is
            0 in the paper. Both pictures are first shifted by the same random part of the stride.
            Otherwise patterns arise that the encoder does not see on its grid.
        adversarial_weight: Weight of the adversarial loss. 0 leaves D2 out.
        critic: None for the paper's D2 on images and swapped features. Or a frozen encoder such as
            VGG19: D2 is then a `tfpaint.FeatureDiscriminator` on its features of the image, and the
            feature loss is measured in them too. D2 then need not learn what such an encoder knows
            about photos (Sauer et al., "Projected GANs Converge Faster", 2021).

    Raises:
        InputError: There is no such source, the source needs G1, or there is an adversarial weight,
            but no discriminator.
    """

    def __init__(
        self,
        feature2image: keras.Model,
        encoder: keras.Model,
        discriminator: keras.Model | None = None,
        image2feature: keras.Model | None = None,
        source: str = "truth",
        options: Options = PAPER,
        crop: float = 1.0,
        image_weight: float = 100.0,
        feature_weight: float = 0.0,
        adversarial_weight: float = 1.0,
        critic: keras.Model | None = None,
        **kwargs: Any,
    ):
        weights = {
            "image": image_weight,
            "feature": feature_weight,
            "adversarial": adversarial_weight,
        }
        super().__init__(feature2image, discriminator, weights, **kwargs)
        if source not in SOURCES:
            raise InputError(f"source={source!r} must be one of {', '.join(SOURCES)}")
        if source != "truth" and image2feature is None:
            raise InputError(f"source={source!r} needs image2feature=, a trained G1")
        self.encoder = encoder
        self.image2feature = image2feature
        self.critic = critic
        self.source = source
        self.options = options
        self.crop = crop
        for frozen in filter(None, (encoder, image2feature, critic)):
            frozen.trainable = False

    def call(self, inputs):
        """Maps swapped features (B, s, s, C) to the image, float32 (B, S, S, 3) in [-1, 1]."""
        return self.generator(inputs)

    def prepare(self, photo: tf.Tensor, hole: tf.Tensor, training: bool = True) -> Batch:
        """Prepares a batch as `GAN.prepare` does, adds the swapped `features`, and crops all.

        `features` are float32 (B, s, s, C), before the crop.
        """
        batch = super().prepare(photo, hole)
        image = self._source_image(batch, training)
        _, swapped, _ = swap_features(self.encoder, image, batch["mask"], self.options)
        batch["features"] = tf.stop_gradient(swapped)
        return {name: self._centre(one, swapped.shape[1]) for name, one in batch.items()}

    def _centre(self, maps, cells):
        """Crops maps (B, S, S, C) to the centre, by whole cells of features of side `cells`."""
        side = maps.shape[1]
        margin = round(cells * (1.0 - self.crop) / 2) * (side // cells)
        return maps[:, margin : side - margin, margin : side - margin]

    def _source_image(self, batch, training):
        """The image whose features are swapped: (B, S, S, 3), chosen by `source`."""
        if self.source == "truth":
            return batch["truth"]
        assert self.image2feature is not None
        predicted = compose_enlarged(self.image2feature, batch["incomplete"], batch["mask"])
        if self.source == "prediction":
            return predicted
        step = tf.cast(self.optimizer.iterations, tf.int32) if training else 0
        count = tf.shape(predicted)[0]
        replica = tf.distribute.get_replica_context()
        replicas = replica.num_replicas_in_sync if replica else 1
        coin = tf.random.stateless_uniform((replicas * count, 1, 1, 1), tf.stack([step, 2]))
        if replicas > 1:
            coin = coin[replica.replica_id_in_sync_group * count :][:count]
        return tf.where(coin < 0.5, predicted, batch["truth"])

    def reconstruction(self, batch: Batch, training: bool) -> Reconstruction:
        """The image, with the image loss (equation 6), and the feature loss where it is used.

        The latter has a weight, or there is a critic, whose features are then given to D2.
        """
        image = self.generator(batch["features"], training=training)
        parts = {"image": losses.l1(image, batch["truth"])}
        if not self.weights_of_losses["feature"] and self.critic is None:
            return Reconstruction(parts, image)
        shift = self._shift() if training else [0, 0]
        eyes = self.critic or self.encoder
        truth, output = (eyes(tf.roll(one, shift, [1, 2])) for one in (batch["truth"], image))
        truth = tf.stop_gradient(truth)
        parts["feature"] = losses.l1(truth, output)
        return Reconstruction(parts, image, (truth, output))

    def _shift(self):
        seed = tf.stack([tf.cast(self.optimizer.iterations, tf.int32), 3])
        return tf.random.stateless_uniform((2,), seed, 0, self.encoder.stride, tf.int32)

    @staticmethod
    def pair(batch: Batch, image: tf.Tensor) -> list[tf.Tensor]:
        """The image to judge and the swapped features (section 3.3.3)."""
        return [image, batch["features"]]

    def pairs(self, batch: Batch, made: Reconstruction) -> tuple[Any, Any]:
        """D2's inputs for truth and generated image; with a critic, its features of each."""
        if self.critic is None:
            return super().pairs(batch, made)
        assert made.seen is not None
        return made.seen
