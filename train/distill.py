"""Distils VGG19's relu3_1 into the small encoder that tfpaint ships (`DistilledEncoder`).

    python -m train distill --photos DIR --teacher imagenet --work DIR --out encoder.keras

The student minimises the squared error of the features over the channels' mean energy, so that the
loss is about 1 - R^2; both see the same random squares of photos.
"""

from pathlib import Path

import keras
import tensorflow as tf

from tfpaint.networks.encoder import DistilledEncoder
from tfpaint.terminal import count
from train.callbacks import Resume
from train.config import check_keras, load_vgg19
from train.data import list_photos, training_batches


class Distiller(keras.Model):
    """Trains `student` to give `teacher`'s features; inputs (photo uint8 (B, S, S, 3), hole)."""

    def __init__(self, student, teacher, **kwargs):
        super().__init__(**kwargs)
        self.student = student
        self.teacher = teacher
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.r2_mean = keras.metrics.Mean(name="r2")

    def call(self, image):
        return self.student(image)

    def train_step(self, data):
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


def add_arguments(parser):
    parser.add_argument("--photos", nargs="+", required=True, help="folders of photos")
    parser.add_argument("--teacher", default="imagenet", help="'imagenet' or an .npz of VGG19")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints go here")
    parser.add_argument("--out", type=Path, required=True, help="the student: a .keras file")
    parser.add_argument("--steps", type=count, default=4000)
    parser.add_argument("--batch", type=count, default=4)
    parser.add_argument("--size", type=count, default=128)
    parser.add_argument("--width", type=count, default=96)
    parser.add_argument("--depth", type=count, default=3)
    parser.add_argument("--save-every", type=count, default=200, help="steps between checkpoints")


def run(options):
    """Trains the student as the options say and saves it.

    Raises:
        InputError: photos, teacher or `out` cannot be used.
    """
    check_keras(options.out)
    photos = list_photos(*options.photos)
    student = DistilledEncoder(width=options.width, depth=options.depth)
    distiller = Distiller(student, load_vgg19(options.teacher, photos))
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, options.steps, alpha=0.01)
    distiller.compile(optimizer=keras.optimizers.Adam(schedule))
    distiller.optimizer.build(student.trainable_variables)

    options.work.mkdir(parents=True, exist_ok=True)
    every = min(options.save_every, options.steps)
    resume = Resume(distiller, options.work)
    done, _ = resume.restore()
    batches = training_batches(photos, options.size, options.batch, done * every)
    logger = keras.callbacks.CSVLogger(options.work / "log.csv", append=done > 0)
    distiller.fit(
        batches,
        epochs=-(-options.steps // every),
        initial_epoch=done,
        steps_per_epoch=every,
        callbacks=[resume, logger],
        verbose=2,
        shuffle=False,
    )
    student.save(options.out)
