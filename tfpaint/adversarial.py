"""The two translation networks with their training steps: `compile` and `fit` (section 3.3).

Both train on batches of (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True = missing). One
forward pass of G and D serves both gradients, which are taken at the same weights. Whatever is
random in a step derives from its number, so that a resumed run repeats it exactly.
"""

import keras
import tensorflow as tf

from tfpaint import losses
from tfpaint.encoder import low_pass
from tfpaint.errors import InputError
from tfpaint.holes import centre
from tfpaint.patch_swap import hole_on_features, patch_swap


class GAN(keras.Model):
    """What the two share: the optimisers, the joint step, the running means of the losses.

    A subclass has `reconstruction(batch, training)`, which gives the parts of the loss and the
    image (B, S, S, 3), and `pair(batch, image)`, the discriminator's input.

    Args:
        generator: the network that is trained.
        discriminator: its adversary, or None.
        weights: of the parts of the loss, by name; "adversarial" above 0 needs the discriminator.

    Raises:
        InputError: an adversarial weight without a discriminator.
    """

    def __init__(self, generator, discriminator, weights, **kwargs):
        super().__init__(**kwargs)
        if weights["adversarial"] and discriminator is None:
            raise InputError("an adversarial weight above 0 needs a discriminator")
        self.generator = generator
        self.discriminator = discriminator if weights["adversarial"] else None
        self.weights_of_losses = dict(weights)
        self.means = {}
        self.built = True

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs):
        """Sets the optimisers: G's is `optimizer`, D's `discriminator_optimizer`.

        Both are wrapped for loss scaling under `mixed_float16`; other arguments go to Keras.

        Raises:
            InputError: there is a discriminator and no optimiser for it.
        """
        if self.discriminator is not None and discriminator_optimizer is None:
            raise InputError("compile() needs discriminator_optimizer= for the discriminator")
        super().compile(optimizer=optimizer, **kwargs)
        self.optimizer.build(self.generator.trainable_variables)
        if self.discriminator is not None:
            if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
                wrap = keras.optimizers.LossScaleOptimizer
                discriminator_optimizer = wrap(discriminator_optimizer)
            discriminator_optimizer.build(self.discriminator.trainable_variables)
            self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, data):
        batch = self.prepare(*data)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync  # gradients are summed
        with tf.GradientTape(persistent=True) as tape:
            parts, image = self.reconstruction(batch, training=True)
            loss = sum(self.weights_of_losses[name] * part for name, part in parts.items())
            if self.discriminator is not None:
                pairs = self.pairs(batch, image)
                real, fake = (self.discriminator(pair, training=True) for pair in pairs)
                parts["adversarial"] = losses.generator_loss(fake)
                parts["discriminator"] = losses.discriminator_loss(real, fake)
                loss += self.weights_of_losses["adversarial"] * parts["adversarial"]
                scaled_d = self.discriminator_optimizer.scale_loss(
                    parts["discriminator"] / replicas
                )
            scaled = self.optimizer.scale_loss(loss / replicas)
        self._apply(tape, scaled, self.generator, self.optimizer)
        if self.discriminator is not None:
            self._apply(tape, scaled_d, self.discriminator, self.discriminator_optimizer)
        return self._logs({"loss": loss, **parts})

    def test_step(self, data):
        """Reconstruction losses alone: the held-out `loss` on which training stops early."""
        photo, hole = data
        batch = self.prepare(photo, hole, training=False)
        parts, image = self.reconstruction(batch, training=False)
        loss = sum(self.weights_of_losses[name] * part for name, part in parts.items())
        hole_l1 = 50.0 * losses.weighted_l1(image, batch["truth"], batch["mask"])  # % of 255
        return self._logs({"loss": loss, "hole_l1": hole_l1, **parts})

    @property
    def metrics(self):
        return list(self.means.values())

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing is left to build; under a strategy, Keras would try it on averaged photos."""

    @staticmethod
    def _apply(tape, loss, network, optimizer):
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    def _logs(self, values):
        for name, value in values.items():
            if name not in self.means:
                self.means[name] = keras.metrics.Mean(name=name)
            self.means[name].update_state(value)
        results = {name: self.means[name].result() for name in values}
        strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean over the workers and over an axis, which scalars do not have.
            results = {name: value[None] for name, value in results.items()}
        return results

    def pairs(self, batch, image):
        """The discriminator's inputs: for the true photo and, after `reconstruction`, for G's."""
        return self.pair(batch, batch["truth"]), self.pair(batch, image)

    def prepare(self, photo, hole, training=True):
        """uint8 photo and bool hole -> truth Igt, incomplete I0 and mask, all float32.

        What is drawn by lot is drawn anew in every step of the training, and else always alike.
        """
        truth = tf.cast(photo, tf.float32) / 127.5 - 1.0
        mask = tf.cast(hole, tf.float32)
        return {"truth": truth, "mask": mask, "incomplete": truth * (1.0 - mask)}


def compose(image2feature, incomplete, mask, training=False):
    """I1: G1's prediction pasted into the hole of I0.

    Args:
        image2feature: G1.
        incomplete: float32 (B, S, S, 3) in [-1, 1], I0.
        mask: float32 (B, S, S, 1), 1 = missing, within the centre square.

    Returns:
        (I1 float32 (B, S, S, 3), I1R padded by zeros to the same shape).
    """
    border = incomplete.shape[1] // 4
    paddings = [[0, 0], [border, border], [border, border], [0, 0]]
    centre = image2feature([incomplete, mask], training=training)
    padded = tf.pad(centre, paddings)
    return incomplete * (1.0 - mask) + padded * mask, padded


class Image2FeatureGAN(GAN):
    """Trains G1 with the encoder and D1 (section 3.3.1, equations 1-4).

    Args:
        image2feature: G1.
        encoder: image -> features, frozen.
        discriminator: D1, or None (then `adversarial_weight` has to be 0).
        image_weight: of equation 2, a mean over the weighted mask in [-1, 1] units.
        feature_weight: of equation 3. The paper's value belongs to plain VGG19; the normalised
            and the distilled encoder need one of their own.
        adversarial_weight: of equation 4; 0 leaves D1 out.
        ring_weight: weight of the known pixels S/32 around the hole, 1 being the hole's.

    Example:

    >>> gan = Image2FeatureGAN(Image2Feature(128), encoder, ImagePairDiscriminator())
    >>> gan.compile(keras.optimizers.Adam(2e-3, 0.5), keras.optimizers.Adam(2e-4, 0.5))
    >>> gan.fit(batches)
    """

    def __init__(
        self,
        image2feature,
        encoder,
        discriminator=None,
        image_weight=1000.0,
        feature_weight=0.001,
        adversarial_weight=1.0,
        ring_weight=2.0,
        **kwargs,
    ):
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
        """[I0, mask] -> I1, float32 (B, S, S, 3) in [-1, 1]."""
        return compose(self.generator, *inputs)[0]

    def reconstruction(self, batch, training):
        truth, mask = batch["truth"], batch["mask"]
        image, padded = compose(self.generator, batch["incomplete"], mask, training)
        size = truth.shape[1]
        # The ring outside the predicted square has no prediction to compare.
        weights = losses.hole_weights(mask, size // 32, self.ring_weight) * centre(size)
        parts = {"image": losses.weighted_l1(padded, truth, weights)}
        if self.weights_of_losses["feature"]:
            stride = self.encoder.stride
            cells = hole_on_features(mask, stride)
            cells = losses.hole_weights(cells, 1, self.ring_weight)
            features = self.encoder(image), tf.stop_gradient(self.encoder(truth))
            parts["feature"] = losses.weighted_l1(*features, cells)
        return parts, image

    @staticmethod
    def pair(batch, image):
        return [batch["incomplete"], image]


class Feature2ImageGAN(GAN):
    """Trains G2 on swapped features, with D2 (section 3.3.3, equations 5 and 6).

    Args:
        feature2image: G2.
        encoder: image -> features, frozen.
        discriminator: D2, or None (then `adversarial_weight` has to be 0).
        image2feature: G1, frozen, of this or a smaller size; needed unless `source` is "truth".
        source: whose swapped features are the input: "truth" (the paper's choice), "prediction"
            (G1's), or "mixture" (either, evenly, for each item).
        key_blur, coherence, overlap: as `Inpainter` has them. Their defaults are the paper's way.
        crop: share of the side, around the centre, that G2 translates and D2 sees; 1 is the
            paper's way. Holes lie in the centre half, and only they are used in the end.
        image_weight: of equation 6, the mean over the whole picture in [-1, 1] units.
        feature_weight: of the L1 distance of the encoder's features of output and truth; 0 in the
            paper. Both are shifted by a random part of the stride first: otherwise patterns grow
            that the encoder cannot see on its grid.
        adversarial_weight: of D2's verdict; 0 leaves D2 out.
        critic: None for the paper's D2 on images and swapped features; or a frozen encoder such as
            VGG19, through which D2, then a `FeatureDiscriminator`, looks at the image, and in
            whose features the feature loss is measured: what such an encoder has learned of
            photos, D2 need not learn anew (Sauer et al. 2021, "Projected GANs").

    Raises:
        InputError: another source, or one that needs G1 without it.
    """

    def __init__(
        self,
        feature2image,
        encoder,
        discriminator=None,
        image2feature=None,
        source="truth",
        key_blur=0.0,
        coherence=0.0,
        overlap=1.0,
        crop=1.0,
        image_weight=100.0,
        feature_weight=0.0,
        adversarial_weight=1.0,
        critic=None,
        **kwargs,
    ):
        weights = {
            "image": image_weight,
            "feature": feature_weight,
            "adversarial": adversarial_weight,
        }
        super().__init__(feature2image, discriminator, weights, **kwargs)
        self.encoder = encoder
        self.encoder.trainable = False
        if source not in ("truth", "prediction", "mixture"):
            raise InputError(f"source {source!r} is none of truth, prediction, mixture")
        if source != "truth" and image2feature is None:
            raise InputError(f"source={source!r} needs image2feature=, a trained G1")
        self.image2feature = image2feature
        self.source = source
        self.key_blur = key_blur
        self.coherence = coherence
        self.overlap = overlap
        self.crop = crop
        self.critic = critic
        if critic is not None:
            critic.trainable = False
        if image2feature is not None:
            image2feature.trainable = False

    def call(self, inputs):
        """Features, swapped: (B, S/4, S/4, 256) -> image float32 (B, S, S, 3) in [-1, 1]."""
        return self.generator(inputs)

    def prepare(self, photo, hole, training=True):
        batch = super().prepare(photo, hole)
        image = self._source_image(batch, training)
        cells = hole_on_features(batch["mask"], self.encoder.stride)
        keys = self.encoder(low_pass(image, self.key_blur)) if self.key_blur else None
        swapped = patch_swap(self.encoder(image), cells, keys, self.coherence, self.overlap)
        batch["features"] = tf.stop_gradient(swapped)
        return {name: self._centre(one, cells.shape[1]) for name, one in batch.items()}

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

    def reconstruction(self, batch, training):
        image = self.generator(batch["features"], training=training)
        parts = {"image": losses.l1(image, batch["truth"])}
        if self.weights_of_losses["feature"] or self.critic is not None:
            shift = self._shift() if training else [0, 0]
            eyes = self.critic or self.encoder
            truth, output = (eyes(tf.roll(one, shift, [1, 2])) for one in (batch["truth"], image))
            batch["seen"] = tf.stop_gradient(truth), output
            parts["feature"] = losses.l1(*batch["seen"])
        return parts, image

    def _shift(self):
        seed = tf.stack([tf.cast(self.optimizer.iterations, tf.int32), 3])
        return tf.random.stateless_uniform((2,), seed, 0, self.encoder.stride, tf.int32)

    @staticmethod
    def pair(batch, image):
        return [image, batch["features"]]

    def pairs(self, batch, image):
        return super().pairs(batch, image) if self.critic is None else batch["seen"]
