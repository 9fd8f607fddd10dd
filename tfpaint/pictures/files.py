"""Read and write photos: samples, transparency, EXIF and ICC profile.

A photo is read upright, and refused by its header if it is too large. It is written under a
temporary name first, so that a failure leaves no incomplete file.
"""

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from tfpaint.errors import InputError
from tfpaint.pictures import sixteen_bit, tiff_tags
from tfpaint.pictures.decoding import decode

MAX_PIXELS = 100_000_000
"""The default limit on the pixels of a picture to read."""

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
    # Ten times as fast as Pillow's defaults for lossless files.
    "WEBP": {"lossless": True, "exact": True, "quality": 20, "method": 1},
}


@dataclass(frozen=True)
class Photo:
    """A photo in memory, upright, with the bit depth of its file.

    Args:
        path: The file it came from.
        samples: uint8 or uint16 (H, W, C), full range. C is 1 for grey, 2 for grey + alpha, 3 for
            RGB, 4 for RGB + alpha.
        exif: EXIF data without orientation and thumbnail; empty if there is none.
        icc: The ICC profile of `samples`, or None.
    """

    path: Path
    samples: np.ndarray
    exif: bytes = b""
    icc: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def grey(self) -> bool:
        """True if the photo has one channel of luminance rather than RGB."""
        return self.samples.shape[2] < 3

    @property
    def alpha(self) -> np.ndarray | None:
        """Opacity (H, W), of the type of `samples`, 0 = transparent; None without alpha."""
        return self.samples[..., -1] if self.samples.shape[2] in (2, 4) else None

    @cached_property
    def pixels(self) -> np.ndarray:
        """The colours as uint8 (H, W, 3) RGB in 0..255; the high byte of 16-bit samples."""
        return as_uint8(self.colours)

    @property
    def colours(self) -> np.ndarray:
        """The colours at the photo's own depth: uint8 or uint16 (H, W, 3) RGB, full range."""
        colours = self.samples[..., : 1 if self.grey else 3]
        return np.ascontiguousarray(np.broadcast_to(colours, (*self.size, 3)))

    @property
    def unknown(self) -> np.ndarray | None:
        """bool (H, W), True where the photo is fully transparent; None where nothing is."""
        if self.alpha is None or self.alpha.min() > 0:
            return None
        return self.alpha == 0

    def opaque(self) -> "Photo":
        """The photo without its alpha channel: C = 1 or 3."""
        return replace(self, samples=self.samples[..., : 1 if self.grey else 3])

    def filled(self, pixels: np.ndarray, mask: np.ndarray) -> "Photo":
        """The photo with new colours in its hole.

        Alpha and all samples outside the hole stay as they are, bit for bit.

        Args:
            pixels: uint8 or uint16 (H, W, 3) RGB, full range. Only the pixels in the hole are used.
            mask: bool (H, W), True = missing.

        Returns:
            A new photo with the type and shape of this one. Grey photos take the luma of `pixels`.
        """
        colours = pixels[mask]  # (N, 3)
        if self.grey:
            luma = colours @ np.array([0.299, 0.587, 0.114])
            colours = np.rint(luma).astype(pixels.dtype)[:, None]
        if colours.dtype != self.samples.dtype:
            wide = colours.dtype == np.uint8
            colours = colours.astype(np.uint16) * 257 if wide else as_uint8(colours)
        samples = self.samples.copy()
        samples[..., : colours.shape[1]][mask] = colours
        return replace(self, samples=samples)


def as_uint8(samples: np.ndarray) -> np.ndarray:
    """Samples of any shape as uint8: the high byte of uint16; uint8 as it is."""
    return samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)


def read_photo(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read the first frame of a PNG, JPEG, TIFF, WebP, AVIF, BMP, GIF, JPEG 2000 or PPM file.

    Palettes become RGB. CMYK becomes RGB too, by the file's ICC profile if it has one.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.

    Returns:
        The photo, upright.

    Raises:
        InputError: The file is missing, empty, damaged, too large or not a supported picture.
    """
    return Photo(Path(path), *decode(Path(path), max_pixels))


def output_format(path: str | os.PathLike, photo: Photo | None = None) -> str:
    """The format that the suffix of a file to write stands for.

    Args:
        path: The file to write.
        photo: The photo to write to it, if known already.

    Returns:
        A value of `WRITABLE_FORMATS`, such as "PNG".

    Raises:
        InputError: The path is a folder, the suffix is not in `WRITABLE_FORMATS`, or the format
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
    """Write a photo in the format of the file's suffix; a failure leaves no file behind.

    PNG and TIFF keep 8 and 16-bit samples bit for bit. WebP and BMP keep 8-bit samples bit for
    bit, and get the high byte of 16-bit ones. JPEG is lossy: 8 bits, quality 95, no chroma
    subsampling.

    Args:
        path: The file to write; its folder is created if missing.
        photo: The photo.

    Raises:
        InputError: As for `output_format`, or the file cannot be written.
    """
    path = Path(path)
    name = output_format(path, photo)
    if name in _OPAQUE:
        photo = photo.opaque()
    samples = photo.samples if name in _DEEP else as_uint8(photo.samples)
    with _replacing(path) as file:
        if samples.dtype == np.uint16:
            write = sixteen_bit.write_tiff if name == "TIFF" else sixteen_bit.write_png
            write(file, samples, photo.exif, photo.icc)
        else:
            image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
            _save(file, name, image, photo.exif, photo.icc)


def _save(file: BinaryIO, name: str, image: Image.Image, exif: bytes, icc: bytes | None) -> None:
    """Write an 8-bit picture of mode L, LA, RGB or RGBA in a format of `WRITABLE_FORMATS`."""
    if name == "TIFF":
        _save_tiff(file, image, exif, icc)
        return
    if name == "WEBP" and image.mode in ("L", "LA"):  # WebP is always RGB
        icc = None
    image.save(file, name, exif=exif, icc_profile=icc, **_SETTINGS.get(name, {}))


def _save_tiff(file: BinaryIO, image: Image.Image, exif: bytes, icc: bytes | None) -> None:
    """Write a deflated TIFF: not every reader knows LZW.

    Pillow's libtiff encoder compresses, but cannot write the Exif and GPS directories. Pillow's
    own tag writer can. So the encoder is used for the pixels, and the tag writer for the rest.
    """
    encoded = io.BytesIO()
    predictor = {TiffImagePlugin.PREDICTOR: 2}  # horizontal differences
    image.save(encoded, "TIFF", compression="tiff_adobe_deflate", tiffinfo=predictor)
    encoded.seek(0)
    tags = TiffImagePlugin.ImageFileDirectory_v2(encoded.read(8))
    encoded.seek(tags.next)
    tags.load(encoded)
    offsets = tags[TiffImagePlugin.STRIPOFFSETS]
    sizes = tags[TiffImagePlugin.STRIPBYTECOUNTS]
    strips = [
        encoded.getbuffer()[offset : offset + size]
        for offset, size in zip(offsets, sizes, strict=True)
    ]
    tiff_tags.write(file, tags, strips, exif, icc)


def write_picture(path: str | os.PathLike, pixels: np.ndarray) -> None:
    """Write an RGB picture without metadata, as `write_photo` does.

    Args:
        path: The file to write.
        pixels: uint8 (H, W, 3) in 0..255.

    Raises:
        InputError: As for `write_photo`.
    """
    write_photo(path, Photo(Path(path), pixels))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file next to `path`, and move it to `path` once it is complete."""
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
