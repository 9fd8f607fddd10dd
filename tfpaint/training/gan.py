"""What the training of both translation networks shares: `compile` and `fit` (section 3.3).

Both train on batches of (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True = missing). One
forward pass of G and D serves both gradients, which are taken at the same weights. Whatever is
random in a step derives from its number, so that a resumed run repeats it exactly.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.training import losses

Batch = dict[str, tf.Tensor]


class Reconstruction(NamedTuple):
    """What a generator made of a batch.

    Attributes:
        parts: The parts of the reconstruction loss by name, scalars.
        image: float32 (B, S, S, 3) in [-1, 1].
        seen: What a frozen critic sees of the truth and of the image, if there is a critic.
    """

    parts: dict[str, tf.Tensor]
    image: tf.Tensor
    seen: tuple[tf.Tensor, tf.Tensor] | None = None


class GAN(keras.Model):
    """A generator with its adversary: the optimisers, the joint step, the means of the losses.

    A subclass defines `reconstruction` and `pair`.

    Args:
        generator: The network that is trained.
        discriminator: Its adversary, or None.
        weights: Of the parts of the loss, by name; "adversarial" above 0 needs the discriminator.

    Raises:
        InputError: An adversarial weight without a discriminator.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model | None,
        weights: Mapping[str, float],
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if weights["adversarial"] and discriminator is None:
            raise InputError("an adversarial weight above 0 needs a discriminator")
        self.generator = generator
        self.discriminator = discriminator if weights["adversarial"] else None
        self.weights_of_losses = dict(weights)
        self.built = True

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs):
        """Sets the optimisers: G's is `optimizer`, D's `discriminator_optimizer`.

        Both are wrapped for loss scaling under `mixed_float16`; other arguments go to Keras.

        Raises:
            InputError: There is a discriminator and no optimiser for it.
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
        # Here, and not in the step: under a strategy of several replicas none can be made there.
        names = ("loss", "hole_l1", "discriminator", *self.weights_of_losses)
        self.means = {name: keras.metrics.Mean(name=name) for name in names}

    def train_step(self, data):
        batch = self.prepare(*data)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync  # gradients are summed
        with tf.GradientTape(persistent=True) as tape:
            made = self.reconstruction(batch, training=True)
            loss, parts = self._weighted(made), dict(made.parts)
            if self.discriminator is not None:
                pairs = self.pairs(batch, made)
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
        made = self.reconstruction(batch, training=False)
        # Half of it is the error of 2 that pictures in [-1, 1] can have: % of 255.
        hole_l1 = 50.0 * losses.weighted_l1(made.image, batch["truth"], batch["mask"])
        return self._logs({"loss": self._weighted(made), "hole_l1": hole_l1, **made.parts})

    @property
    def metrics(self):
        return list(self.means.values())

    def prepare(self, photo: tf.Tensor, hole: tf.Tensor, training: bool = True) -> Batch:
        """uint8 photo and bool hole to `truth` Igt, `incomplete` I0 and `mask`, all float32.

        Random choices differ from step to step in training, and are the same at every validation.
        """
        truth = tf.cast(photo, tf.float32) / 127.5 - 1.0
        mask = tf.cast(hole, tf.float32)
        return {"truth": truth, "mask": mask, "incomplete": truth * (1.0 - mask)}

    def reconstruction(self, batch: Batch, training: bool) -> Reconstruction:
        """The generator's image for a prepared batch, and what of the loss needs no adversary."""
        raise NotImplementedError

    @staticmethod
    def pair(batch: Batch, image: tf.Tensor) -> Any:
        """The discriminator's input for an image, true or made."""
        raise NotImplementedError

    def pairs(self, batch: Batch, made: Reconstruction) -> tuple[Any, Any]:
        """The discriminator's inputs: for the true photo, and for what the generator made."""
        return self.pair(batch, batch["truth"]), self.pair(batch, made.image)

    def _weighted(self, made: Reconstruction) -> tf.Tensor:
        return sum(self.weights_of_losses[name] * part for name, part in made.parts.items())

    @staticmethod
    def _apply(tape, loss, network, optimizer):
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    def _logs(self, values):
        for name, value in values.items():
            self.means[name].update_state(value)
        results = {name: self.means[name].result() for name in values}
        strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean over the workers and over an axis, which scalars do not have.
            results = {name: value[None] for name, value in results.items()}
        return results

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing is left to build. Under a strategy Keras would take the mean of uint8 photos
        for it, which fails; there is no public way to skip it."""
