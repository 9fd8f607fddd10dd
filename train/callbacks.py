"""Exact resumption, early stopping that survives it, and sample pictures in TensorBoard."""

from pathlib import Path

import keras
import tensorflow as tf


class Resume(keras.callbacks.Callback):
    """Saves weights, optimisers and the early-stopping state after every epoch; restores them.

    Args:
        model: a compiled keras.Model whose optimisers are built.
        folder: where the checkpoints go (the newest two are kept).
        patience: epochs without a lower `val_loss` before training stops; None for never.
    """

    def __init__(self, model, folder, patience=None):
        super().__init__()
        self.patience = patience
        self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.best = tf.Variable(float("inf"), trainable=False)
        self.waited = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.checkpoint = tf.train.Checkpoint(
            model=model, epoch=self.epoch, best=self.best, waited=self.waited
        )
        self.manager = tf.train.CheckpointManager(self.checkpoint, str(folder), max_to_keep=2)

    def restore(self, folder=None):
        """Restores the newest checkpoint in `folder`, by default the own one, if there is one.

        Returns:
            (epochs done, whether early stopping has ended the training).
        """
        newest = tf.train.latest_checkpoint(folder or self.manager.directory)
        if newest:
            status = self.checkpoint.restore(newest)
            status.assert_existing_objects_matched()
        return int(self.epoch.read_value()), self._exhausted()

    def on_epoch_end(self, epoch, logs=None):
        loss = (logs or {}).get("val_loss")
        if loss is not None and loss < self.best.read_value():
            self.best.assign(loss)
            self.waited.assign(0)
        elif loss is not None:
            self.waited.assign_add(1)
        self.epoch.assign(epoch + 1)
        self.manager.save()
        if self._exhausted():
            self.model.stop_training = True

    def _exhausted(self):
        return self.patience is not None and int(self.waited.read_value()) >= self.patience


class Samples(keras.callbacks.Callback):
    """Writes pictures of a validation batch to TensorBoard after every epoch.

    From left to right: the incomplete photo, what the network makes of it, the truth.
    """

    def __init__(self, batch, folder, count=4):
        super().__init__()
        self.photo, self.hole = (part[:count] for part in batch)
        self.writer = tf.summary.create_file_writer(str(Path(folder) / "samples"))

    def on_epoch_end(self, epoch, logs=None):
        batch = self.model.prepare(self.photo, self.hole, training=False)
        _, image = self.model.reconstruction(batch, training=False)
        rows = tf.concat([batch["incomplete"], image, batch["truth"]], 2)
        with self.writer.as_default():
            tf.summary.image("incomplete, output, truth", (rows + 1) / 2, step=epoch, max_outputs=4)
