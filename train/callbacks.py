"""Exact resumption, early stopping that survives it, a stop at the first NaN, sample pictures."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfpaint.errors import InputError


class Resume(keras.callbacks.Callback):
    """Saves the state of a training after every epoch, and restores it.

    The state is that of what is trained, the number of epochs, and that of epochs without a lower
    `val_loss`. Frozen networks are no part of it.

    Args:
        trained: The networks and their built optimisers, by name.
        folder: The folder of the checkpoints. The newest two are kept.
        patience: Epochs without a lower `val_loss` before training stops; None for no such stop.
        best: With a patience, the .keras file that gets the network "generator" of `trained`
            whenever the `val_loss` is lower than ever before.
    """

    def __init__(
        self,
        trained: Mapping[str, Any],
        folder: str | Path,
        patience: int | None = None,
        best: Path | None = None,
    ):
        super().__init__()
        self.trained = trained
        self.patience = patience
        self.best = best
        self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.lowest = tf.Variable(float("inf"), trainable=False)
        self.waited = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.checkpoint = tf.train.Checkpoint(
            **trained, epoch=self.epoch, lowest=self.lowest, waited=self.waited
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
        if loss is not None and loss < self.lowest.read_value():
            self.lowest.assign(loss)
            self.waited.assign(0)
            self._save_best()
        elif loss is not None:
            self.waited.assign_add(1)
        self.epoch.assign(epoch + 1)
        self.manager.save()  # after the best: a run killed in between repeats this epoch
        if self._exhausted():
            self.model.stop_training = True

    def _save_best(self) -> None:
        if self.patience is not None and self.best is not None:
            part = self.best.with_suffix(".part.keras")
            self.trained["generator"].save(part)
            os.replace(part, self.best)

    def _exhausted(self) -> bool:
        return self.patience is not None and int(self.waited.read_value()) >= self.patience


class StopAtNaN(keras.callbacks.Callback):
    """Ends a training when a loss or a weight is not finite. It has to stand before `Resume`.

    Args:
        trained: As for `Resume`.
        epoch_steps: Steps in an epoch, to number the steps.
    """

    def __init__(self, trained: Mapping[str, Any], epoch_steps: int):
        super().__init__()
        self.networks = {name: one for name, one in trained.items() if isinstance(one, keras.Model)}
        self.epoch_steps = epoch_steps
        self.done = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the steps that are done."""
        self.done = epoch * self.epoch_steps

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the losses; the parts first, then their sum."""
        self._check(self.done + batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the losses of the validation and at the weights."""
        step = (epoch + 1) * self.epoch_steps
        self._check(step, logs or {})
        for name, network in self.networks.items():
            if not all(np.isfinite(weight).all() for weight in network.get_weights()):
                self._stop(step, f"a weight of the {name}")

    def _check(self, step: int, losses: Mapping[str, float]) -> None:
        for name in sorted(losses, key=lambda name: name.endswith("loss")):
            if not np.isfinite(losses[name]).all():
                self._stop(step, f"the {name} loss" if name != "loss" else "the loss")

    def _stop(self, step: int, what: str) -> None:
        raise InputError(
            f"step {step}: {what} is not a finite number; the last checkpoint is from step "
            f"{self.done}. Try a lower learning rate in another folder"
        )


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
