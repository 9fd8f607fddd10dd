"""Checkpoints from which training goes on exactly as if it had never stopped."""

from pathlib import Path

import keras
import tensorflow as tf


def as_unit_range(photo):
    """uint8 -> float32 in [-1, 1]."""
    return tf.cast(photo, tf.float32) / 127.5 - 1.0


class Resume(keras.callbacks.Callback):
    """Saves weights, optimisers and early-stopping state after every epoch; restores them.

    Args:
        model: a compiled and built keras.Model.
        folder: where the checkpoints go (the newest two are kept).
        steps_per_epoch: optimiser steps in an epoch.
        state: further trackable objects to save, by name.
    """

    def __init__(self, model, folder, steps_per_epoch, **state):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.epoch_variable = tf.Variable(0, dtype=tf.int64, trainable=False)
        checkpoint = tf.train.Checkpoint(model=model, epoch=self.epoch_variable, **state)
        self.manager = tf.train.CheckpointManager(checkpoint, str(Path(folder)), max_to_keep=2)
        self.checkpoint = checkpoint

    def restore(self):
        """Restores the newest checkpoint, if there is one.

        Returns:
            Number of epochs already done (0 where there is no checkpoint).
        """
        if self.manager.latest_checkpoint:
            self.checkpoint.restore(self.manager.latest_checkpoint).assert_existing_objects_matched()
        return int(self.epoch_variable)

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_variable.assign(epoch + 1)
        self.manager.save()
