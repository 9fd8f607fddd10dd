"""Writes the LiteRT (TensorFlow Lite) model that phones run: one window, from photo to result.

    python -m export litert --size 256 --quantize float16 --out tfpaint_256.tflite

The model has a static size and built-in operations alone. It is run by LiteRT afterwards, in a
process of its own, and compared with the same window in TensorFlow. float16 halves the file and
changes next to nothing; int8 stores the kernels in 8 bits, while activations are quantised as they
come (dynamic range) and the matching stays in float32: look at its pictures before you ship it.

Its inputs are `image` float32 (1, S, S, 3) in [0, 255] and `mask` float32 (1, S, S, 1), more than
0 = missing, its output `image` float32 (1, S, S, 3) in [0, 255], equal to the input outside the
mask. The hole should lie in the centre square of side S/2.
"""

import os
import tempfile
from pathlib import Path

from tfpaint.errors import InputError

QUANTIZE = ("none", "float16", "int8")


def add_arguments(parser):
    parser.add_argument("--preset", default="photo", help="a name or a folder (%(default)s)")
    parser.add_argument(
        "--size", type=int, default=256, metavar="S", help="side of the window (%(default)s)"
    )
    parser.add_argument("--quantize", choices=QUANTIZE, default="none", help="(%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def run(options):
    from export import check
    from tfpaint.inpainter import Inpainter

    inpainter = Inpainter.from_preset(options.preset)
    write(inpainter, options.out, options.size, options.quantize)
    check.report(inpainter, options.out)


def write(inpainter, path, size, quantize="none"):
    """Writes a .tflite file, whole or not at all.

    Args:
        inpainter: of any precision.
        path: the file.
        size: side of the window, one of `tfpaint.window.sides(inpainter)`.
        quantize: one of `QUANTIZE`.

    Raises:
        InputError: there is no window of that size, or the file cannot be written.
    """
    import tensorflow as tf

    from tfpaint import saved_model, window

    graph = window.function(saved_model.in_float32(inpainter), size).get_concrete_function()
    module = tf.Module()
    module.function = graph
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".tfpaint-") as folder:
            temporary = Path(folder, path.name)
            temporary.write_bytes(converter.convert())
            os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error
