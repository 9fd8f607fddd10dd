"""What a picture file carries besides its samples, as far as it is true of an edited copy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image

from tfpaint.pictures import png_chunks, tiff_kinds

# The tags of the main EXIF directory that are still true of an edited copy. Orientation and the
# sample layout are dropped, and so is the thumbnail: it would show what was painted out.
_EXIF_KEPT = frozenset(
    (
        *(0x010D, 0x010E, 0x010F, 0x0110),  # document, description, make, model
        *(0x011A, 0x011B, 0x0128),  # resolution
        *(0x0131, 0x0132, 0x013B, 0x013C),  # software, time, artist, computer
        *(0x4746, 0x4749, 0x8298),  # ratings, copyright
        *range(0x9C9B, 0x9CA0),  # Windows' title, comment, author, keywords, subject
    )
)
_X_RESOLUTION, _Y_RESOLUTION = 0x011A, 0x011B
_XMP_THUMBNAILS = re.compile(rb"<(\w+:Thumbnails)\b.*?</\1>", re.DOTALL)


@dataclass(frozen=True)
class Extras:
    """What a file carries besides samples, EXIF and ICC profile. Each format keeps what it can.

    Args:
        xmp: An XMP packet, without thumbnails; empty if there is none.
        dpi: Dots per inch, (x, y), or None.
        comment: The comment of a JPEG or GIF file.
        chunks: The texts of a PNG file, and its chunks that describe the colours.
        geo: The tags of a GeoTIFF, (type, value) by tag.
        bilevel: The file has 1 bit a pixel.
    """

    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    comment: bytes = b""
    chunks: tuple[png_chunks.Chunk, ...] = ()
    geo: Mapping[int, tuple[int, Any]] = field(default_factory=dict)
    bilevel: bool = False

    @property
    def nodata(self) -> float | None:
        """The value of pixels without data, in the samples; None if the file names none."""
        return tiff_kinds.nodata(self.geo)

    def for_png(self) -> list[png_chunks.Chunk]:
        """The chunks that a PNG file holds them in, without the resolution."""
        found = list(self.chunks)
        if self.xmp:
            found.append(png_chunks.xmp(self.xmp))
        if self.comment:
            found.append(png_chunks.comment(self.comment))
        return found


NOTHING = Extras()


def kept_xmp(image: Image.Image) -> bytes:
    """The XMP packet of a picture, without thumbnails; empty if there is none."""
    packet = image.info.get("xmp", b"")
    packet = packet.encode() if isinstance(packet, str) else packet
    return _XMP_THUMBNAILS.sub(b"", packet) if isinstance(packet, bytes) else b""


def kept_dpi(image: Image.Image, turned: bool) -> tuple[float, float] | None:
    """The dots per inch of a picture, (x, y), or None; `turned` swaps them."""
    try:
        x, y = map(float, image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0 < x < 1e6 and 0 < y < 1e6):
        return None
    return (y, x) if turned else (x, y)


def kept_comment(image: Image.Image) -> bytes:
    """The comment of a JPEG or GIF picture; empty if there is none."""
    text = image.info.get("comment", b"")
    return text if isinstance(text, bytes) else b""


def kept_exif(image: Image.Image, turned: bool) -> bytes:
    """The EXIF data that is still true of an edited, upright copy; empty if none or broken.

    `turned` swaps the resolutions along x and y.
    """
    kept = Image.Exif()
    try:
        exif = image.getexif()
        for tag in _EXIF_KEPT & set(exif):
            kept[tag] = exif[tag]
        if turned and {_X_RESOLUTION, _Y_RESOLUTION} <= set(kept):
            kept[_X_RESOLUTION], kept[_Y_RESOLUTION] = kept[_Y_RESOLUTION], kept[_X_RESOLUTION]
        camera = dict(exif.get_ifd(ExifTags.IFD.Exif))
        camera.pop(ExifTags.IFD.Interop, None)  # an offset into the old file
        for tag in (0xA002, 0xA003):  # width and height, which the copy may change
            camera.pop(tag, None)
        for tag, directory in (
            (ExifTags.IFD.Exif, camera),
            (ExifTags.IFD.GPSInfo, dict(exif.get_ifd(ExifTags.IFD.GPSInfo))),
        ):
            if directory:
                kept[tag] = directory
        return kept.tobytes() if len(kept) else b""
    except Exception:  # broken EXIF; the pixels are usable
        return b""
