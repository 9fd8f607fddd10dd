"""Packs folders of photos into TFRecord shards, which `run --photos OUT` reads.

python -m train prepare FOLDER... --out OUT [--shards 64] [--side 512]

The shards hold the photos as JPEG or PNG files. Each worker reads its own shards, so that no
machine needs all of a data set.
"""

import argparse
import io
from contextlib import suppress
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from tfpaint.terminal import count
from train.data import decode
from train.photos import list_photos
from train.records import write_shards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m train prepare`."""
    parser.add_argument("folders", nargs="+", help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--shards", type=count, default=64, help="number of files (%(default)s)")
    parser.add_argument("--side", type=count, help="shrink photos to this short side, in pixels")


def run(options: argparse.Namespace) -> None:
    """Writes the shards. Photos that cannot be read are left out, and named.

    Raises:
        InputError: There are no photos, or none can be read.
    """
    photos = list_photos(*options.folders)
    progress = keras.utils.Progbar(len(photos), unit_name="photo")
    bad: list[str] = []

    def convert(photo: str) -> bytes | None:
        progress.add(1)
        try:
            return _convert(photo, options.side)
        except InputError as error:
            bad.append(str(error))
            return None

    written = write_shards(photos, options.out, options.shards, convert)
    for message in bad:
        print(f"left out: {message}")
    if not written:
        raise InputError("none of the photos can be read")
    print(f"{written} photos in {options.shards} shards: {options.out}")


def _convert(photo: str, side: int | None) -> bytes:
    """The content of a photo's file, or the photo as a JPEG file of quality 95.

    It is converted if its short side is longer than `side`, to which it is shrunk, or if
    TensorFlow cannot decode the file.

    Raises:
        InputError: The photo cannot be read.
    """
    image = read_photo(photo).pixels  # decodes all of it, so that damage is found here
    height, width = image.shape[:2]
    side = side or min(height, width)
    if min(height, width) <= side:
        data = Path(photo).read_bytes()
        with suppress(tf.errors.InvalidArgumentError):  # e.g. a WebP that is called .png
            decode(data)
            return data
    scale = min(1.0, side / min(height, width))
    size = round(width * scale), round(height * scale)
    buffer = io.BytesIO()
    Image.fromarray(image).resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
