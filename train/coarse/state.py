"""Checkpoints that any backend reads: the variables as arrays, and how far the run has come."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from tfpaint.errors import InputError

_SECONDS = 60  # between two checkpoints


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of a run after an epoch, at most once a minute, and the best network.

    Args:
        folder: The run's folder. It gets `state.npz`, and `best.keras`, the network with the
            averaged weights whenever its `val_hole_l1` is lower than ever before.
        network: The network that the compiled model trains.
        epochs: How many epochs the whole run has.
    """

    def __init__(self, folder: Path, network: keras.Model, epochs: int):
        super().__init__()
        self.path, self.best = folder / "state.npz", folder / "best.keras"
        self.network, self.epochs = network, epochs
        self.lowest = float("inf")
        self.saved = time.monotonic()

    def restore(self, model: keras.Model) -> int:
        """Restores the state, if there is one, and returns the number of epochs done.

        Raises:
            InputError: It is that of another network.
        """
        if not self.path.exists():
            return 0
        with np.load(self.path) as state:
            self.lowest = float(state["lowest"])
            variables = _variables(model)
            found = [state[f"variable{i}"] for i in range(len(state.files) - 2)]
            if [one.shape for one in found] != [tuple(one.shape) for one in variables]:
                raise InputError(f"{self.path}: the state of another network; name another folder")
            for variable, value in zip(variables, found, strict=True):
                variable.assign(value)
            return int(state["epochs"])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves what has to be saved."""
        now = (logs or {}).get("val_hole_l1", float("inf"))
        if not np.isfinite((logs or {}).get("loss", 0.0)):
            raise InputError(f"epoch {epoch + 1}: the loss is not a finite number")
        if now < self.lowest:
            self.lowest = now
            self._save_best()
        if epoch + 1 == self.epochs or time.monotonic() - self.saved > _SECONDS:
            state: dict[str, Any] = {
                f"variable{i}": ops.convert_to_numpy(one)
                for i, one in enumerate(_variables(self.model))
            }
            part = self.path.with_suffix(".part.npz")
            np.savez(part, epochs=epoch + 1, lowest=self.lowest, **state)
            os.replace(part, self.path)
            self.saved = time.monotonic()

    def _save_best(self) -> None:
        trained = [ops.convert_to_numpy(one) for one in self.network.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.network.trainable_variables)
        part = self.best.with_suffix(".part.keras")
        self.network.save(part)
        os.replace(part, self.best)
        for variable, value in zip(self.network.trainable_variables, trained, strict=True):
            variable.assign(value)


def _variables(model: keras.Model) -> list[Any]:
    return [*model.network.variables, *model.optimizer.variables]
