"""Distils VGG19's relu3_1 into the small encoder that tfpaint ships (`DistilledEncoder`).

    python -m train distill --photos DIR --teacher imagenet --work DIR --out encoder.keras

The loss is the squared error of the features over their variance, each a mean over all channels:
1 - R^2. Teacher and student see the same random squares of photos.
"""

import argparse
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfpaint.networks.encoder import DistilledEncoder
from tfpaint.terminal import count
from train.callbacks import Resume, StopAtNaN
from train.config import check_keras, load_vgg19
from train.data import training_batches
from train.photos import list_photos, usable


class Distiller(keras.Model):
    """Trains an encoder to give the features of another.

    It fits batches of (photo uint8 (B, S, S, 3), hole), of which the hole is ignored.

    Args:
        student: The encoder to train: images (B, S, S, 3) in [-1, 1] to (B, S/4, S/4, C).
        teacher: The other encoder.
    """

    def __init__(self, student: keras.Model, teacher: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        self.student = student
        self.teacher = teacher
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.r2_mean = keras.metrics.Mean(name="r2")

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """The student's features."""
        return self.student(image)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on a batch; returns the epoch's means of the loss and of R^2 so far."""
        photo, _ = data
        image = tf.cast(photo, tf.float32) / 127.5 - 1.0
        truth = self.teacher(image)
        with tf.GradientTape() as tape:
            error = tf.reduce_mean((self.student(image) - truth) ** 2, (0, 1, 2))  # (C,)
            variance = tf.math.reduce_variance(truth, (0, 1, 2))
            loss = tf.reduce_mean(error) / tf.reduce_mean(variance)
        gradients = tape.gradient(loss, self.student.trainable_variables)
        self.optimizer.apply_gradients(
            zip(gradients, self.student.trainable_variables, strict=True)
        )
        self.loss_mean.update_state(loss)
        self.r2_mean.update_state(1.0 - loss)
        return {"loss": self.loss_mean.result(), "r2": self.r2_mean.result()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m train distill`."""
    parser.add_argument("--photos", nargs="+", required=True, help="folders of photos")
    parser.add_argument("--teacher", default="imagenet", help="'imagenet' or an .npz of VGG19")
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="the student: a .keras file")
    parser.add_argument("--steps", type=count, default=4000, help="(%(default)s)")
    parser.add_argument("--batch", type=count, default=4, help="photos in a step (%(default)s)")
    parser.add_argument(
        "--size", type=count, default=128, help="side of the training squares (%(default)s)"
    )
    parser.add_argument(
        "--width", type=count, default=96, help="channels at stride 4 (%(default)s)"
    )
    parser.add_argument("--depth", type=count, default=3, help="residual blocks (%(default)s)")
    parser.add_argument(
        "--save-every", type=count, default=200, help="steps between checkpoints (%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Trains the student, from the last checkpoint if there is one, and saves it.

    Raises:
        InputError: Photos, teacher, checkpoints or `out` cannot be used.
    """
    check_keras(options.out)
    photos = usable(list_photos(*options.photos), options.size)
    student = DistilledEncoder(width=options.width, depth=options.depth)
    distiller = Distiller(student, load_vgg19(options.teacher))
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, options.steps, alpha=0.01)
    distiller.compile(optimizer=keras.optimizers.Adam(schedule))
    distiller.optimizer.build(student.trainable_variables)

    options.work.mkdir(parents=True, exist_ok=True)
    every = min(options.save_every, options.steps)
    trained = {"student": student, "optimizer": distiller.optimizer}
    resume = Resume(trained, options.work)
    done, _ = resume.restore()
    batches = training_batches(photos, options.size, options.batch, done * every, crops=True)
    logger = keras.callbacks.CSVLogger(options.work / "log.csv", append=done > 0)
    distiller.fit(
        batches,
        epochs=-(-options.steps // every),
        initial_epoch=done,
        steps_per_epoch=every,
        callbacks=[StopAtNaN(trained, every), resume, logger],
        verbose=2,
        shuffle=False,
    )
    student.save(options.out)
