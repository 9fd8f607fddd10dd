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

    `state.npz` has the network's variables and then the optimizer's, as `variable0`, `variable1`
    and so on in their own dtypes; `epochs`, the number of epochs done; and `lowest`.

    Args:
        folder: The run's folder. It gets `state.npz`, and `best.keras`, the network with the
            averaged weights whenever its `val_hole_l1` is lower than ever before.
        network: The network that the compiled model trains.
        epochs: How many epochs the whole run has.

    Attributes:
        lowest: The lowest `val_hole_l1` so far, in % of the range of values.
    """

    def __init__(self, folder: Path, network: keras.Model, epochs: int):
        super().__init__()
        self.path, self.best = folder / "state.npz", folder / "best.keras"
        self.network, self.epochs = network, epochs
        self.lowest = float("inf")
        self.saved = time.monotonic()

    def restore(self, model: keras.Model, epoch: int) -> int:
        """Restores the state, if there is one, and returns the number of epochs done.

        Args:
            model: The compiled model, with its optimizer built.
            epoch: Steps in an epoch.

        Raises:
            InputError: The state cannot be read, is of another network or of other epochs.
        """
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path) as state:
                lowest, done = float(state["lowest"]), int(state["epochs"])
                found = [state[f"variable{i}"] for i in range(len(state.files) - 2)]
        except Exception as error:  # numpy and zipfile raise a dozen types on a damaged file
            raise InputError(f"{self.path}: no state of a run, or damaged; remove it") from error
        variables = _variables(model)
        if [one.shape for one in found] != [tuple(one.shape) for one in variables]:
            raise InputError(f"{self.path}: the state of another network; name another folder")
        steps = int(found[len(model.network.variables)])  # the optimizer's first is its iterations
        if steps != done * epoch:
            raise InputError(
                f"{self.path}: {done} epochs were {steps} steps; give the --epoch of before"
            )
        for variable, value in zip(variables, found, strict=True):
            variable.assign(value)
        self.lowest = lowest
        return done

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves what has to be saved.

        Raises:
            InputError: The loss is not a finite number.
        """
        logs = logs or {}
        if not np.isfinite(logs.get("loss", 0.0)):
            raise InputError(
                f"epoch {epoch + 1}: the loss is not a finite number; go on with a lower --rate"
            )
        if logs.get("val_hole_l1", float("inf")) < self.lowest:
            self.lowest = logs["val_hole_l1"]
            self._save_best()
        if epoch + 1 == self.epochs or time.monotonic() - self.saved > _SECONDS:
            self._save_state(epoch + 1)

    def _save_state(self, done: int) -> None:
        arrays = map(ops.convert_to_numpy, _variables(self.model))
        state: dict[str, Any] = {f"variable{i}": array for i, array in enumerate(arrays)}
        part = self.path.with_suffix(".part.npz")
        np.savez(part, epochs=done, lowest=self.lowest, **state)
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


def shorten(log: Path, epochs: int) -> None:
    """Keeps the head and so many rows of a CSV file: later epochs will be run again."""
    if log.exists():
        part = log.with_suffix(".part.csv")
        part.write_text("".join(log.read_text().splitlines(keepends=True)[: epochs + 1]))
        os.replace(part, log)


def _variables(model: keras.Model) -> list[Any]:
    return [*model.network.variables, *model.optimizer.variables]
