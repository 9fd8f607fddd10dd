"""Pictures as IOPaint's clients send and expect them: any format in, PNG out, alpha kept."""

import io
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from serving.limits import Limits
from serving.status import Code, ServingError
from tfpaint.errors import InputError
from tfpaint.pictures import encoding
from tfpaint.pictures.decoding import decode
from tfpaint.pictures.files import Photo, as_uint8
from tfpaint.pictures.mask_files import MAX_GROWTH
from tfpaint.pictures.masks import CUT
from tfpaint.pictures.tight_masks import grow

OPERATIONS = ("expand", "shrink", "reverse")
"""What `adjusted` does to a mask."""

_BRUSH = np.array([255, 203, 0, 186], np.uint8)  # IOPaint's colour for what is missing
_LOCAL_ADVICE = re.compile(r",? (?:for example with|as by|or raise the limit)\b")


def read(name: str, data: bytes, limits: Limits) -> Photo:
    """Decodes a picture of any format that `tfpaint.pictures` reads, and turns it upright.

    Args:
        name: What it is, for the message: "image" or "mask".
        data: The content of its file.
        limits: The number of pixels allowed; a larger picture is refused by its header.

    Raises:
        ServingError: INVALID_ARGUMENT: it cannot be decoded, or is too large.
    """
    with os.fdopen(os.memfd_create(name), "wb") as file:  # a file that is on no disk
        file.write(data)
        file.flush()
        path = Path(f"/proc/self/fd/{file.fileno()}")
        try:
            return Photo(Path(name), *decode(path, limits.pixels))
        except InputError as error:
            problem = _LOCAL_ADVICE.split(str(error).removeprefix(f"{path}: "))[0]
            raise _bad(f"{name}: {problem}") from error


def read_mask(data: bytes, limits: Limits) -> np.ndarray:
    """Decodes a mask: bool (H, W), True where its luma is above 127. Its alpha is ignored.

    Raises:
        ServingError: As for `read`.
    """
    pixels = read("mask", data, limits).pixels
    return np.asarray(Image.fromarray(pixels).convert("L")) > CUT


def read_pair(image: bytes, mask: bytes, limits: Limits) -> tuple[Photo, np.ndarray]:
    """A photo, and its mask, bool (H, W), True = missing; it may be False all over.

    Raises:
        ServingError: As for `read`, or their sizes differ.
    """
    photo, missing = read("image", image, limits), read_mask(mask, limits)
    if missing.shape != photo.size:
        (height, width), (h, w) = photo.size, missing.shape
        raise _bad(f"mask: it is {w} x {h} pixels, but the image {width} x {height}")
    return photo, missing


def png(photo: Photo, pixels: np.ndarray) -> bytes:
    """A PNG file, RGB, or RGBA if the photo has alpha, with what else the photo carries.

    Args:
        photo: The photo that was sent.
        pixels: uint8 (H, W, 3) RGB, of its size.
    """
    if photo.alpha is not None:
        pixels = np.dstack([pixels, as_uint8(photo.alpha)])
    extras = replace(photo.extras, bilevel=False, geo={})
    icc = None if photo.grey else photo.icc  # that of grey samples does not fit RGB
    file = io.BytesIO()
    encoding.encode(file, photo.path, "PNG", pixels, photo.exif, icc, extras)
    return file.getvalue()


def adjusted(mask: np.ndarray, operation: str, radius: int) -> bytes:
    """A mask made wider or narrower by a disc, or reversed.

    Args:
        mask: bool (H, W), True = missing.
        operation: One of `OPERATIONS`.
        radius: Of the disc, in pixels, from 0 to 100.

    Returns:
        A PNG file, RGBA: IOPaint's brush where it is missing, elsewhere transparent black.

    Raises:
        ServingError: INVALID_ARGUMENT: the radius is out of its range.
    """
    if not 0 <= radius <= MAX_GROWTH:
        raise _bad(f"kernel_size: send a number from 0 to {MAX_GROWTH}")
    if operation == "reverse":
        mask = ~mask
    elif operation == "expand":
        mask = grow(mask, radius)
    else:
        mask = ~grow(~mask, radius)
    file = io.BytesIO()
    Image.fromarray(mask[..., None] * _BRUSH).save(file, "PNG")
    return file.getvalue()


def _bad(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)
