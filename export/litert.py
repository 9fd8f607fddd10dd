"""Writes the LiteRT (TensorFlow Lite) model that phones run: one window, from photo to result.

    python -m export litert --size 256 --quantize float16 --out tfpaint_256.tflite

The model has a static size and built-in operations alone. It is run by LiteRT afterwards, in a
process of its own, and compared with the same window in TensorFlow. float16 halves the file and
changes next to nothing. int8 stores the weights in 8 bits and convolves in them, with ranges
measured on photos of scikit-image; all else, the matching too, stays in float32. It chooses other
patches here and there: look at its pictures before you ship it.

Its inputs are `image` float32 (1, S, S, 3) in [0, 255] and `mask` float32 (1, S, S, 1), more than
0 = missing, its output `image` float32 (1, S, S, 3) in [0, 255], equal to the input outside the
mask. The hole should lie in the centre square of side S/2.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from export import photos
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
        size: side of the window, one of `static_window.sides(inpainter.filler)`.
        quantize: one of `QUANTIZE`.

    Raises:
        InputError: there is no window of that size, or the file cannot be written.
    """
    import tensorflow as tf

    from tfpaint import saved_model
    from tfpaint.saved_model import static_window

    filler = saved_model.in_float32(inpainter).filler
    graph = static_window.function(filler, size).get_concrete_function()
    module = tf.Module()
    module.function = graph
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    convert = converter.convert
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        convert = _convolutions_in_int8(converter, size)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".tfpaint-") as folder:
            temporary = Path(folder, path.name)
            temporary.write_bytes(convert())
            os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error


def _convolutions_in_int8(converter, size):
    """The conversion that leaves everything but convolutions in float32."""
    import tensorflow as tf
    from tensorflow.lite.python.schema_py_generated import BuiltinOperator

    def windows():
        for seed, photo in enumerate(photos.load(8, first=5).values()):
            image, mask = photos.window(photo, size, seed)
            yield [np.float32(image[None]), np.float32(mask[None, ..., None])]

    converter.representative_dataset = windows
    in_float = [name for name in vars(BuiltinOperator) if name.isupper() and name != "CONV_2D"]
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=in_float)
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=windows, debug_options=options
    )
    return debugger.get_nondebug_quantized_model
