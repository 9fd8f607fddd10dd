"""Write a TIFF file from its encoded strips, with what a photo carries among its tags."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, BinaryIO

from PIL import Image, TiffImagePlugin, TiffTags

from tfpaint.pictures.extras import NOTHING, Extras

_INCH = 2  # of the resolution's unit


def write(
    file: BinaryIO,
    tags: Mapping[int, Any],
    strips: Sequence[bytes | memoryview],
    exif: bytes = b"",
    icc: bytes | None = None,
    extras: Extras = NOTHING,
) -> None:
    """Write a little-endian TIFF file: header, tags, strips.

    Args:
        file: An empty file.
        tags: The tags that describe the pixels. The positions and sizes of strips are not needed.
        strips: The encoded pixels, from the top down.
        exif: EXIF data, as Pillow serialises it. Its Exif and GPS directories are kept.
        icc: The ICC profile of the pixels, or None.
        extras: What else to write, as far as the format holds it.
    """
    metadata = Image.Exif()
    metadata.load(exif)
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    for tag, (kind, value) in extras.geo.items():
        directory.tagtype[tag] = kind
        directory[tag] = value.encode("latin-1") if isinstance(value, str) else value
    if extras.xmp:
        directory[TiffImagePlugin.XMP] = extras.xmp
    for tag in metadata:
        nested = tag in TiffTags.TAGS_V2_GROUPS
        directory[tag] = metadata.get_ifd(tag) if nested else metadata[tag]
    if extras.dpi and TiffImagePlugin.X_RESOLUTION not in metadata:
        directory[TiffImagePlugin.X_RESOLUTION] = extras.dpi[0]
        directory[TiffImagePlugin.Y_RESOLUTION] = extras.dpi[1]
        directory[TiffImagePlugin.RESOLUTION_UNIT] = _INCH
    for tag, value in tags.items():
        directory[tag] = value
    if icc:
        directory[TiffImagePlugin.ICCPROFILE] = icc
    sizes = [len(strip) for strip in strips]
    # Pillow adds to these the length of what it writes before the strips.
    directory[TiffImagePlugin.STRIPOFFSETS] = (0, *accumulate(sizes[:-1]))
    directory[TiffImagePlugin.STRIPBYTECOUNTS] = tuple(sizes)
    directory.save(file)
    for strip in strips:
        file.write(strip)
