"""Runs a .tflite model in LiteRT, in a process without TensorFlow."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tfpaint.errors import InputError
from tfpaint.terminal import silent

THREADS = 2
T = TypeVar("T")


def side(path: Path) -> int:
    """The side of the model's window in pixels.

    Raises:
        InputError: As for `run`.
    """
    return _in_process(_side, str(path))


def run(
    path: Path, cases: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[tuple[np.ndarray, float]]:
    """Fills windows with the model.

    Args:
        path: The .tflite file.
        cases: Pairs of uint8 (S, S, 3) and bool (S, S), True = missing.

    Returns:
        For each, float32 (S, S, 3) in [0, 255], and the seconds of a second run.

    Raises:
        InputError: ai-edge-litert is not installed, or it cannot run the model.
    """
    return _in_process(_run, str(path), cases)


def invoke(path: Path, inputs: Mapping[int, np.ndarray]) -> np.ndarray:
    """The output of any model that has one.

    Args:
        path: The .tflite file.
        inputs: An array for each input, by its number of channels.

    Raises:
        InputError: As for `run`.
    """
    return _in_process(_invoke, str(path), inputs)


def _in_process(function: Callable[..., T], *arguments: Any) -> T:
    """The result of a call in a new process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except ImportError as error:
            raise InputError("LiteRT is missing: pip install ai-edge-litert") from error
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{arguments[0]}: LiteRT cannot run it ({reason})") from error


def _interpreter(path: str) -> Any:
    with silent():  # it tells of its delegates
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(path, num_threads=THREADS)
        interpreter.allocate_tensors()
    return interpreter


def _side(path: str) -> int:
    return int(_interpreter(path).get_input_details()[0]["shape"][1])


def _invoke(path: str, inputs: Mapping[int, np.ndarray]) -> np.ndarray:
    return _timed(_interpreter(path), inputs)[0]


def _run(
    path: str, cases: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[tuple[np.ndarray, float]]:
    interpreter = _interpreter(path)
    results = []
    for image, mask in cases:
        arrays = {3: image[None], 1: mask[None, ..., None]}
        inputs = {channels: array.astype(np.float32) for channels, array in arrays.items()}
        result, seconds = _timed(interpreter, inputs)
        results.append((result[0], seconds))
    return results


def _timed(interpreter: Any, inputs: Mapping[int, np.ndarray]) -> tuple[np.ndarray, float]:
    """The output, and the seconds of a second run: the first one prepares."""
    for one in interpreter.get_input_details():
        interpreter.set_tensor(one["index"], inputs[int(one["shape"][-1])])
    interpreter.invoke()
    before = time.perf_counter()
    interpreter.invoke()
    seconds = time.perf_counter() - before
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), seconds
