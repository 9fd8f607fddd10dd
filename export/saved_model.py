"""Writes the SavedModel that stock TensorFlow Serving runs.

    python -m export saved-model --preset photo --out models/tfpaint

The first export is models/tfpaint/1, the next one models/tfpaint/2. A server that watches the
folder picks up a new version by itself.
"""

import argparse
from pathlib import Path

from tfpaint.pictures.files import MAX_PIXELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m export saved-model`."""
    parser.add_argument("--preset", default="photo", help="a name or a folder (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model's folder")
    parser.add_argument(
        "--max-pixels",
        type=int,
        default=MAX_PIXELS,
        metavar="N",
        help="the model refuses larger photos (%(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """The command `python -m export saved-model`."""
    from tfpaint import saved_model
    from tfpaint.inpainter import Inpainter

    inpainter = Inpainter.from_preset(options.preset)
    version = saved_model.save(inpainter, options.out, options.preset, options.max_pixels)
    size = sum(file.stat().st_size for file in version.rglob("*") if file.is_file())
    print(f"{version}: {size / 1e6:.1f} MB")
