"""Exact resumption, early stopping that survives it, and sample pictures in TensorBoard."""

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from tfpaint.errors import InputError


class Resume(keras.callbacks.Callback):
    """Saves the state of a training after every epoch, and restores it.

    The state is the weights of the model, its optimisers and metrics, the number of epochs, and
    that of epochs without a lower `val_loss`.

    Args:
        model: A compiled model whose optimisers are built.
        folder: The folder of the checkpoints. The newest two are kept.
        patience: Epochs without a lower `val_loss` before training stops; None for no such stop.
    """

    def __init__(self, model: keras.Model, folder: str | Path, patience: int | None = None):
        super().__init__()
        self.patience = patience
        self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.best = tf.Variable(float("inf"), trainable=False)
        self.waited = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.checkpoint = tf.train.Checkpoint(
            model=model, epoch=self.epoch, best=self.best, waited=self.waited
        )
        self.manager = tf.train.CheckpointManager(self.checkpoint, str(folder), max_to_keep=2)

    def restore(self, folder: str | Path | None = None) -> tuple[int, bool]:
        """Restores the newest checkpoint in `folder`, if there is one.

        Args:
            folder: By default, that in which checkpoints are saved.

        Returns:
            The number of epochs done, and whether early stopping has ended the training.

        Raises:
            InputError: The checkpoint has another model's variables.
        """
        newest = tf.train.latest_checkpoint(folder or self.manager.directory)
        if newest:
            try:
                self.checkpoint.restore(newest).assert_existing_objects_matched()
            except (AssertionError, ValueError) as error:
                raise InputError(
                    f"{newest}: the checkpoint of another network, or of another version of "
                    "tfpaint; name another folder"
                ) from error
        return int(self.epoch.read_value()), self._exhausted()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves a checkpoint, and stops the training when the patience has run out."""
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

    def _exhausted(self) -> bool:
        return self.patience is not None and int(self.waited.read_value()) >= self.patience


class Samples(keras.callbacks.Callback):
    """Writes pictures of a validation batch to TensorBoard after every epoch of a `GAN`.

    From left to right: the incomplete photo, what the network makes of it, the truth.

    Args:
        batch: (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True = missing).
        folder: The folder of the run; events go to its folder `samples`.
        count: How many photos of the batch to show.
    """

    def __init__(self, batch: tuple[tf.Tensor, tf.Tensor], folder: str | Path, count: int = 4):
        super().__init__()
        photo, hole = batch
        self.photo, self.hole = photo[:count], hole[:count]
        self.writer = tf.summary.create_file_writer(str(Path(folder) / "samples"))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the pictures."""
        batch = self.model.prepare(self.photo, self.hole, training=False)
        image = self.model.reconstruction(batch, training=False).image
        rows = tf.concat([batch["incomplete"], image, batch["truth"]], 2)
        with self.writer.as_default():
            tf.summary.image("incomplete, output, truth", (rows + 1) / 2, step=epoch, max_outputs=4)
