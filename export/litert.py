"""Writes the LiteRT (TensorFlow Lite) model for phones, which fills one window of a photo.

    python -m export litert --size 256 --quantize float16 --out tfpaint_256.tflite

The model has a static size and uses built-in operations only. When it is written, LiteRT runs it
and it is compared with TensorFlow on the same windows.

float16 halves the file and changes next to nothing. int8 stores the weights in 8 bits and convolves
in 8 bits, with ranges measured on photos of scikit-image; everything else, such as the matching,
stays in float32. An int8 model chooses some other patches: look at its pictures before you ship it.

The inputs are `image` float32 (1, S, S, 3) in [0, 255] and `mask` float32 (1, S, S, 1), above 0 =
missing. The output is `image` float32 (1, S, S, 3) in [0, 255], equal to the input where the mask
is 0. The hole should lie in the centre square of side S/2.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export import photos
from tfpaint.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

    from tfpaint.inpainter import Inpainter

QUANTIZE = ("none", "float16", "int8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m export litert`."""
    parser.add_argument("--preset", default="photo", help="a name or a folder (%(default)s)")
    parser.add_argument(
        "--size", type=int, default=256, metavar="S", help="side of the window (%(default)s)"
    )
    parser.add_argument("--quantize", choices=QUANTIZE, default="none", help="(%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def run(options: argparse.Namespace) -> None:
    """The command `python -m export litert`."""
    from export import check
    from tfpaint.inpainter import Inpainter

    inpainter = Inpainter.from_preset(options.preset)
    write(inpainter, options.out, options.size, options.quantize)
    check.report(inpainter, options.out)


def write(inpainter: "Inpainter", path: str | Path, size: int, quantize: str = "none") -> None:
    """Writes a .tflite file, whole or not at all.

    Args:
        inpainter: Of any precision.
        path: The file.
        size: Side of the window in pixels, one of `static_window.sides(inpainter.filler)`.
        quantize: One of `QUANTIZE`.

    Raises:
        InputError: There is no window of that size, or the file cannot be written.
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


def _convolutions_in_int8(converter: "tf.lite.TFLiteConverter", size: int) -> Callable[[], bytes]:
    """The conversion with convolutions in int8 and everything else in float32."""
    import tensorflow as tf
    from tensorflow.lite.python.schema_py_generated import BuiltinOperator

    def windows() -> Iterator[list[Any]]:
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
