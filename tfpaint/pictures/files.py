"""Read photos and write them back, with all that a photo carries besides its colours.

Nothing here knows a network. A photo is read upright, refused from its header when it is too
large, and written to a temporary name first, so that a failure leaves nothing half-written.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures import sixteen_bit
from tfpaint.pictures.decoding import decode

MAX_PIXELS = 100_000_000
WRITABLE_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
}
_OPAQUE = ("JPEG", "BMP")
_DEEP = ("PNG", "TIFF")
_SETTINGS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True, "exact": True, "quality": 20, "method": 1},  # default: 10x the time
}


@dataclass(frozen=True)
class Photo:
    """A photo in memory, upright, at the depth of its file.

    Args:
        path: The file it came from.
        samples: uint8 or uint16 (H, W, C); C is 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha.
        exif: EXIF without orientation and thumbnail, empty if there is none.
        icc: The ICC profile that `samples` are in, if the file has one.
    """

    path: Path
    samples: np.ndarray
    exif: bytes = b""
    icc: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def grey(self) -> bool:
        return self.samples.shape[2] < 3

    @property
    def alpha(self) -> np.ndarray | None:
        """Opacity (H, W) at the depth of the samples, or None."""
        return self.samples[..., -1] if self.samples.shape[2] in (2, 4) else None

    @cached_property
    def pixels(self) -> np.ndarray:
        """The colours as uint8 (H, W, 3) RGB; of 16-bit samples the high byte."""
        colours = as_uint8(self.samples[..., : 1 if self.grey else 3])
        return np.ascontiguousarray(np.broadcast_to(colours, (*self.size, 3)))

    def opaque(self) -> "Photo":
        """The same photo without its alpha channel."""
        return replace(self, samples=self.samples[..., : 1 if self.grey else 3])

    def filled(self, pixels: np.ndarray, mask: np.ndarray) -> "Photo":
        """The photo with new colours in its hole, alpha and everything outside it untouched.

        Args:
            pixels: uint8 (H, W, 3) RGB, read in the hole only.
            mask: bool (H, W), True = missing.
        """
        colours = pixels[mask]  # (N, 3)
        if self.grey:
            luma = colours @ np.array([0.299, 0.587, 0.114])
            colours = np.rint(luma).astype(np.uint8)[:, None]
        if self.samples.dtype == np.uint16:
            colours = colours.astype(np.uint16) * 257
        samples = self.samples.copy()
        samples[..., : colours.shape[1]][mask] = colours
        return replace(self, samples=samples)


def as_uint8(samples: np.ndarray) -> np.ndarray:
    """The high byte of 16-bit samples; 8-bit ones as they are."""
    return samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)


def read_photo(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a photo: PNG, JPEG, TIFF, WebP, AVIF, BMP, GIF, JPEG 2000 or PPM, its first frame.

    CMYK becomes RGB, through the file's own profile where it has one; a palette becomes RGB.

    Args:
        path: The file.
        max_pixels: A picture with more is refused before anything of it is decoded.

    Raises:
        InputError: The file is missing, not a picture, damaged, empty or too large.
    """
    return Photo(Path(path), *decode(Path(path), max_pixels))


def output_format(path: str | os.PathLike, photo: Photo | None = None) -> str:
    """The format that a file's suffix asks for, such as "PNG".

    Args:
        path: The file to write.
        photo: What is to be written to it, if known.

    Raises:
        InputError: The suffix is none that can be written, the path is a folder, or the format
            cannot hold the photo's transparency.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    name = WRITABLE_FORMATS.get(path.suffix.lower())
    if name is None:
        raise InputError(
            f"{path}: cannot tell the format from the suffix '{path.suffix}';"
            f" use one of {', '.join(WRITABLE_FORMATS)}"
        )
    if name in _OPAQUE and photo is not None and photo.alpha is not None:
        if photo.alpha.min() < np.iinfo(photo.samples.dtype).max:
            raise InputError(
                f"{path}: {name} cannot hold the transparency of {photo.path};"
                " write a .png, .tif or .webp file"
            )
    return name


def write_photo(path: str | os.PathLike, photo: Photo) -> None:
    """Write a photo in the format of the suffix, whole or not at all.

    PNG, TIFF (both with 16 bits kept), WebP and BMP hold every sample bit for bit, JPEG nearly:
    quality 95 without chroma subsampling.

    Raises:
        InputError: As for `output_format`, or the file cannot be written.
    """
    path = Path(path)
    name = output_format(path, photo)
    if name in _OPAQUE:
        photo = photo.opaque()
    samples = photo.samples if name in _DEEP else as_uint8(photo.samples)
    with _replacing(path) as file:
        if name == "TIFF":
            sixteen_bit.write_tiff(file, samples, photo.exif, photo.icc)
        elif samples.dtype == np.uint16:
            sixteen_bit.write_png(file, samples, photo.exif, photo.icc)
        else:
            image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
            icc = None if name == "WEBP" and photo.grey else photo.icc  # WebP is always RGB
            metadata = {"exif": photo.exif, "icc_profile": icc}
            image.save(file, name, **metadata, **_SETTINGS.get(name, {}))


def write_picture(path: str | os.PathLike, pixels: np.ndarray) -> None:
    """Write a plain picture, uint8 (H, W, 3) RGB, as `write_photo` does."""
    write_photo(path, Photo(Path(path), pixels))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file under a temporary name beside `path`, which takes its place once it is complete."""
    temporary = path.with_name(f".tfpaint-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            yield file
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
