"""Runs a .tflite model in LiteRT, in a process without TensorFlow."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from tfpaint.errors import InputError

THREADS = 2


def side(path):
    """Side of the model's window."""
    return _in_process(_side, str(path))


def run(path, cases):
    """The model's pictures.

    Args:
        path: of the .tflite file.
        cases: pairs of uint8 (S, S, 3) and bool (S, S), True = missing.

    Returns:
        Pairs of float32 (S, S, 3) in [0, 255] and the seconds that the second run took.

    Raises:
        InputError: ai-edge-litert is not installed, or it cannot run the model.
    """
    return _in_process(_run, str(path), cases)


def invoke(path, inputs):
    """The only output of any model with inputs told apart by their channels: {channels: array}."""
    return _in_process(_invoke, str(path), inputs)


def _in_process(function, *arguments):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except ImportError as error:
            raise InputError("LiteRT is missing: pip install ai-edge-litert") from error
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{arguments[0]}: LiteRT cannot run it ({reason})") from error


def _interpreter(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=THREADS)
    interpreter.allocate_tensors()
    return interpreter


def _side(path):
    return int(_interpreter(path).get_input_details()[0]["shape"][1])


def _invoke(path, inputs):
    return _timed(_interpreter(path), inputs)[0]


def _run(path, cases):
    interpreter = _interpreter(path)
    results = []
    for image, mask in cases:
        inputs = {3: np.float32(image[None]), 1: np.float32(mask[None, ..., None])}
        result, seconds = _timed(interpreter, inputs)
        results.append((result[0], seconds))
    return results


def _timed(interpreter, inputs):
    """The output, and the seconds of the second run."""
    for one in interpreter.get_input_details():
        interpreter.set_tensor(one["index"], inputs[int(one["shape"][-1])])
    interpreter.invoke()
    before = time.perf_counter()
    interpreter.invoke()
    seconds = time.perf_counter() - before
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), seconds
