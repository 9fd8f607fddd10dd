"""Read and write photos: samples, transparency, and what else a file carries.

A photo is read upright, and refused by its header if it is too large. It is written under a
temporary name first, so that a failure leaves no incomplete file.
"""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tfpaint.errors import InputError
from tfpaint.pictures import encoding
from tfpaint.pictures.decoding import decode
from tfpaint.pictures.extras import NOTHING, Extras
from tfpaint.pictures.places import check_place, replacing

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


@dataclass(frozen=True)
class Photo:
    """A photo in memory, upright, with the bit depth of its file.

    Args:
        path: The file it came from.
        samples: uint8 or uint16 (H, W, C), full range. C is 1 for grey, 2 for grey + alpha, 3 for
            RGB, 4 for RGB + alpha.
        exif: EXIF data without orientation and thumbnail; empty if there is none.
        icc: The ICC profile of `samples`, or None.
        extras: What else its file carries.
    """

    path: Path
    samples: np.ndarray
    exif: bytes = b""
    icc: bytes | None = None
    extras: Extras = NOTHING

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
        """bool (H, W), True where the photo is fully transparent or has no data; None if nowhere.

        A map has no data where all its channels have the value that its file names.
        """
        kinds = []
        if self.alpha is not None:
            kinds.append(self.alpha == 0)
        if self.extras.nodata is not None:
            kinds.append((self.opaque().samples == self.extras.nodata).all(-1))
        nothing = np.logical_or.reduce(kinds) if kinds else None
        return nothing if nothing is not None and nothing.any() else None

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
            A new photo with the type and shape of this one. Grey photos take the luma of `pixels`,
            and photos of 1 bit are black or white.
        """
        colours = pixels[mask]  # (N, 3)
        if self.grey:
            luma = colours @ np.array([0.299, 0.587, 0.114])
            colours = np.rint(luma).astype(pixels.dtype)[:, None]
        if colours.dtype != self.samples.dtype:
            wide = colours.dtype == np.uint8
            colours = colours.astype(np.uint16) * 257 if wide else as_uint8(colours)
        if self.extras.bilevel:
            colours = np.where(colours > 127, np.uint8(255), np.uint8(0))
        samples = self.samples.copy()
        samples[..., : colours.shape[1]][mask] = colours
        return replace(self, samples=samples)


def as_uint8(samples: np.ndarray) -> np.ndarray:
    """Samples of any shape as uint8: the high byte of uint16; uint8 as it is."""
    return samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)


def read_photo(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a PNG, JPEG, TIFF, WebP, AVIF, BMP, GIF, JPEG 2000 or PPM file.

    Palettes become RGB. CMYK becomes RGB too, by the file's ICC profile if it has one.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.

    Returns:
        The photo, upright.

    Raises:
        InputError: The file is missing, empty, damaged, too large, has several pages or frames, or
            is not a supported picture.
    """
    return Photo(Path(path), *decode(Path(path), max_pixels))


def output_format(
    path: str | os.PathLike, photo: Photo | None = None, name: str | None = None
) -> str:
    """The format of a file to write: `name`, or what its suffix stands for.

    Args:
        path: The file to write; `-` is standard output.
        photo: The photo to write to it, if known already.
        name: A value of `WRITABLE_FORMATS`, whatever the suffix.

    Returns:
        A value of `WRITABLE_FORMATS`, such as "PNG".

    Raises:
        InputError: The path is a folder or cannot be written, the suffix is not in
            `WRITABLE_FORMATS`, or the format cannot hold the photo's transparency.
    """
    path = Path(path)
    check_place(path)
    name = name or WRITABLE_FORMATS.get(path.suffix.lower())
    if name is None:
        raise InputError(
            f"{path}: cannot tell the format from the suffix '{path.suffix}';"
            f" use one of {', '.join(WRITABLE_FORMATS)}"
        )
    if photo is not None and not _holds(name, photo):
        raise InputError(
            f"{path}: {name} cannot hold the transparency of {photo.path};"
            " write a .png, .tif or .webp file"
        )
    return name


def can_hold(path: str | os.PathLike, photo: Photo) -> bool:
    """Whether the format of a file to write can hold the transparency of a photo, if any."""
    return _holds(WRITABLE_FORMATS.get(Path(path).suffix.lower()), photo)


def _holds(name: str | None, photo: Photo) -> bool:
    top = np.iinfo(photo.samples.dtype).max
    return name not in _OPAQUE or photo.alpha is None or bool(photo.alpha.min() == top)


def write_photo(path: str | os.PathLike, photo: Photo, name: str | None = None) -> None:
    """Write a photo in the format of the file's suffix; a failure leaves no file behind.

    PNG and TIFF keep 8 and 16-bit samples bit for bit. WebP and BMP keep 8-bit samples bit for
    bit, and get the high byte of 16-bit ones. JPEG is lossy: 8 bits, quality 95, no chroma
    subsampling. Photos of 1 bit have 1 bit in PNG, TIFF and BMP files.

    Each format keeps what it can of what the photo carries. EXIF, ICC profile and XMP go to PNG,
    JPEG, TIFF and WebP; the resolution to all but WebP; a comment to PNG and JPEG; texts and gamma
    from PNG to PNG; the place on a map from TIFF to TIFF.

    A symbolic link is written through, and a file that exists keeps its mode. What cannot be
    replaced, such as a file that a container mounts, is written in its place.

    Args:
        path: The file to write; its folder is created if missing. `-` is standard output.
        photo: The photo.
        name: The format, if not that of the suffix: a value of `WRITABLE_FORMATS`.

    Raises:
        InputError: As for `output_format`, or the file cannot be written.
    """
    path = Path(path)
    name = output_format(path, photo, name)
    if name in _OPAQUE:
        photo = photo.opaque()
    samples = photo.samples if name in _DEEP else as_uint8(photo.samples)
    with replacing(path) as file:
        encoding.encode(file, path, name, samples, photo.exif, photo.icc, photo.extras)


def write_picture(path: str | os.PathLike, pixels: np.ndarray) -> None:
    """Write an RGB picture without metadata, as `write_photo` does.

    Args:
        path: The file to write.
        pixels: uint8 (H, W, 3) in 0..255.

    Raises:
        InputError: As for `write_photo`.
    """
    write_photo(path, Photo(Path(path), pixels))
