"""Packs folders of photos into TFRecord shards that `run --photos OUT` reads.

python -m train prepare FOLDER... --out OUT [--shards 64] [--side 512]

A shard holds the photos as JPEG or PNG files. Workers read shards of their own, so that a data set
need not be on every machine.
"""

import io
from contextlib import suppress
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from tfpaint.terminal import count
from train.data import decode, list_photos
from train.records import write_shards


def add_arguments(parser):
    parser.add_argument("folders", nargs="+", help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--shards", type=count, default=64, help="number of files")
    parser.add_argument("--side", type=count, help="shrink photos to this short side, in pixels")


def run(options):
    """Writes the shards; photos that cannot be read are named and left out.

    Raises:
        InputError: no photos, or none that can be read.
    """
    photos = list_photos(*options.folders)
    progress = keras.utils.Progbar(len(photos), unit_name="photo")
    bad = []

    def convert(photo):
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


def _convert(photo, side):
    """The file as it is, or as a JPEG of quality 95, with a short side of `side` at most.

    A JPEG, too, if TensorFlow cannot decode what Pillow can.
    """
    image = read_photo(photo).pixels  # also tells whether all of it can be decoded
    height, width = image.shape[:2]
    side = side or min(height, width)
    if min(height, width) <= side:
        data = Path(photo).read_bytes()
        with suppress(tf.errors.InvalidArgumentError):  # another format than its name says
            decode(data)
            return data
    scale = min(1.0, side / min(height, width))
    size = round(width * scale), round(height * scale)
    buffer = io.BytesIO()
    Image.fromarray(image).resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
