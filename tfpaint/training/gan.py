"""The training step shared by both translation networks, for Keras's `compile` and `fit`.

Both train on batches (photo, hole): photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True =
missing. A single forward pass of G and D gives the gradients of both, at the same weights. The
random numbers of a step are seeded by its number, so that a resumed run repeats it exactly.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.training import losses

Batch = dict[str, tf.Tensor]


class Reconstruction(NamedTuple):
    """A generator's output for a batch, and its reconstruction losses.

    Attributes:
        parts: The parts of the reconstruction loss by name, unweighted scalars.
        image: The generated image, float32 (B, S, S, 3) in [-1, 1].
        seen: A frozen critic's features of the true and of the generated image, float32
            (B, s, s, C) each. They are used only if there is a critic.
    """

    parts: dict[str, tf.Tensor]
    image: tf.Tensor
    seen: tuple[tf.Tensor, tf.Tensor] | None = None


class GAN(keras.Model):
    """Trains a generator with its discriminator (equations 1 and 5).

    It holds the optimisers, the joint training step and the running means of the losses. A subclass
    defines `reconstruction` and `pair`.

    Args:
        generator: The network to train.
        discriminator: Its discriminator, or None.
        weights: The weights of the parts of the loss, by name. If "adversarial" is not 0, the
            discriminator is needed.

    Raises:
        InputError: There is an adversarial weight, but no discriminator.
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
        """Sets the optimisers.

        Under the dtype policy `mixed_float16`, both are wrapped for loss scaling.

        Args:
            optimizer: The generator's optimiser.
            discriminator_optimizer: The discriminator's optimiser, needed if there is one.
            **kwargs: Further arguments for `keras.Model.compile`.

        Raises:
            InputError: There is a discriminator, but no optimiser for it.
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
        # Under a strategy with several replicas, metrics cannot be created in the step.
        names = ("loss", "hole_l1", "discriminator", *self.weights_of_losses)
        self.means = {name: keras.metrics.Mean(name=name) for name in names}

    def train_step(self, data):
        """Updates G and D on one batch, and returns the running means of the losses by name."""
        batch = self.prepare(*data)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync  # their gradients are summed
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
        """Computes the losses that need no D. Early stopping watches `loss`, their weighted sum."""
        photo, hole = data
        batch = self.prepare(photo, hole, training=False)
        made = self.reconstruction(batch, training=False)
        # In % of the full range: pictures in [-1, 1] differ by at most 2, hence 100 / 2.
        hole_l1 = 50.0 * losses.weighted_l1(made.image, batch["truth"], batch["mask"])
        return self._logs({"loss": self._weighted(made), "hole_l1": hole_l1, **made.parts})

    @property
    def trained(self) -> dict[str, Any]:
        """What training changes, by name: the networks and, once compiled, their optimisers."""
        trained = {"generator": self.generator, "optimizer": self.optimizer}
        if self.discriminator is not None:
            trained["discriminator"] = self.discriminator
            trained["discriminator_optimizer"] = self.discriminator_optimizer
        return trained

    @property
    def metrics(self):
        return list(self.means.values())

    def prepare(self, photo: tf.Tensor, hole: tf.Tensor, training: bool = True) -> Batch:
        """Prepares a batch.

        Args:
            photo: uint8 (B, S, S, 3).
            hole: bool (B, S, S, 1), True = missing.
            training: True lets random choices differ from step to step. False makes them the same
                at every validation.

        Returns:
            `truth`, Igt, and `incomplete`, I0 with 0 in the hole, float32 (B, S, S, 3) in [-1, 1];
            and `mask`, float32 (B, S, S, 1), 1 = missing.
        """
        truth = tf.cast(photo, tf.float32) / 127.5 - 1.0
        mask = tf.cast(hole, tf.float32)
        return {"truth": truth, "mask": mask, "incomplete": truth * (1.0 - mask)}

    def reconstruction(self, batch: Batch, training: bool) -> Reconstruction:
        """The generator's image for a prepared batch, and the losses that need no discriminator."""
        raise NotImplementedError

    @staticmethod
    def pair(batch: Batch, image: tf.Tensor) -> Any:
        """The discriminator's input for an image (B, S, S, 3), true or generated."""
        raise NotImplementedError

    def pairs(self, batch: Batch, made: Reconstruction) -> tuple[Any, Any]:
        """The discriminator's inputs for the true photo and for the generated image."""
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
            # Keras averages over the workers along an axis, which scalars do not have.
            results = {name: value[None] for name, value in results.items()}
        return results

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Does nothing, as everything is built already.

        Under a strategy, Keras would average uint8 photos here, which fails. There is no public way
        to skip this.
        """
