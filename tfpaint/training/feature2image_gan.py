"""The training of G2, Feature2Image (section 3.3.3, equations 5 and 6)."""

from typing import Any

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.feature_swap import swap_features
from tfpaint.filling.options import PAPER, Options
from tfpaint.maps.mask_cells import hole_on_features
from tfpaint.training import losses
from tfpaint.training.gan import GAN, Batch, Reconstruction
from tfpaint.training.image2feature_gan import compose

SOURCES = ("truth", "prediction", "mixture")


class Feature2ImageGAN(GAN):
    """Trains G2 on swapped features, with D2 (section 3.3.3, equations 5 and 6).

    Args:
        feature2image: G2.
        encoder: Pictures to features, frozen.
        discriminator: D2, or None (then `adversarial_weight` has to be 0).
        image2feature: G1, frozen, of this or a smaller size; needed unless `source` is "truth".
        source: Whose swapped features are the input: "truth" (the paper's choice), "prediction"
            (G1's), or "mixture" (either, evenly, for each item).
        options: How patches are swapped; their sigmas are in pixels of the training size.
        crop: Share of the side, around the centre, that G2 translates and D2 sees; 1 is the
            paper's way. Holes lie in the centre half, and only they are used in the end.
        image_weight: Of equation 6, the mean over the whole picture in [-1, 1] units.
        feature_weight: Of the L1 distance of the encoder's features of output and truth; 0 in the
            paper. Both are shifted by a random part of the stride first: otherwise patterns grow
            that the encoder cannot see on its grid.
        adversarial_weight: Of D2's verdict; 0 leaves D2 out.
        critic: None for the paper's D2 on images and swapped features; or a frozen encoder such as
            VGG19, through which D2, then a `FeatureDiscriminator`, looks at the image, and in
            whose features the feature loss is measured: what such an encoder has learned of
            photos, D2 need not learn anew (Sauer et al. 2021, "Projected GANs").

    Raises:
        InputError: Another source, or one that needs G1 without it.
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
            raise InputError(f"source {source!r} is none of {', '.join(SOURCES)}")
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
        """Features, swapped: (B, S/4, S/4, 256) -> image float32 (B, S, S, 3) in [-1, 1]."""
        return self.generator(inputs)

    def prepare(self, photo: tf.Tensor, hole: tf.Tensor, training: bool = True) -> Batch:
        """As for `GAN`, with the swapped `features`; all of them cropped."""
        batch = super().prepare(photo, hole)
        image = self._source_image(batch, training)
        _, swapped, _ = swap_features(self.encoder, image, batch["mask"], self.options)
        batch["features"] = tf.stop_gradient(swapped)
        return {name: self._centre(one, swapped.shape[1]) for name, one in batch.items()}

    def _centre(self, maps, cells):
        """The crop of a map, in whole cells of the features, of which there are `cells` a side."""
        side = maps.shape[1]
        margin = round(cells * (1.0 - self.crop) / 2) * (side // cells)
        return maps[:, margin : side - margin, margin : side - margin]

    def _source_image(self, batch, training):
        if self.source == "truth":
            return batch["truth"]
        predicted = self._predict(batch["incomplete"], batch["mask"])
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

    def _predict(self, incomplete, mask):
        """I1; of a G1 for smaller pictures, I1 enlarged, as where `Inpainter` begins a scale."""
        size = mask.shape[1]
        times = size // self.image2feature.input_shape[0][1]
        small_mask = hole_on_features(mask, times)
        small = tf.nn.avg_pool2d(incomplete, times, times, "VALID") * (1.0 - small_mask)
        predicted, _ = compose(self.image2feature, small, small_mask)
        return incomplete * (1.0 - mask) + tf.image.resize(predicted, (size, size)) * mask

    def reconstruction(self, batch: Batch, training: bool) -> Reconstruction:
        """Equation 6, and the feature loss where it has a weight or there is a critic."""
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
        """The image with the swapped features."""
        return [image, batch["features"]]

    def pairs(self, batch: Batch, made: Reconstruction) -> tuple[Any, Any]:
        """As for `GAN`; with a critic, what it has seen of both."""
        if self.critic is None:
            return super().pairs(batch, made)
        assert made.seen is not None
        return made.seen
