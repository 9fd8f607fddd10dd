"""16-bit samples, which Pillow cannot hold in colour: read through it, written without it.

Pillow decodes 16-bit RGB(A) to the high byte of every sample. Telling its decoder the opposite
byte order yields the low byte, so two passes over the file give all 16 bits, whatever the
compression. PNG and TIFF are simple to write: a header, tags or chunks, and one zlib stream.
"""

import struct
import sys
import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin, TiffTags

_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_GREY_ALPHA = "LA;16B"

OTHER_PASS = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA", "RGBX")
    for order, other in _SWAPPED.items()
} | {_GREY_ALPHA: "RGBA"}
"""From Pillow's name for 16-bit colour in a file to the one that a second pass asks for."""


def rawmode(image: ImageFile.ImageFile) -> str | None:
    """Pillow's name for the samples in the file of a picture that is not loaded yet."""
    modes = {tile.args[0] if isinstance(tile.args, tuple) else tile.args for tile in image.tile}
    return modes.pop() if len(modes) == 1 else None


def set_rawmode(image: ImageFile.ImageFile, name: str) -> None:
    """Have the coming load take the file's samples for something else of the same size."""
    image.tile = [
        tile._replace(args=(name, *tile.args[1:]) if isinstance(tile.args, tuple) else name)
        for tile in image.tile
    ]


def join_passes(rawmode: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The ordinary pass and the other one, uint8 (H, W, C) each, as uint16 (H, W, C).

    Grey with alpha comes whole in the second pass, its four bytes as RGBA: uint16 (H, W, 2).
    """
    if rawmode == _GREY_ALPHA:
        return np.ascontiguousarray(second).view(">u2").astype(np.uint16)
    return first.astype(np.uint16) << 8 | second


def _compress(differences: np.ndarray) -> bytes:
    stream = zlib.compressobj(strategy=zlib.Z_RLE)  # for photos twice as fast, and no larger
    return stream.compress(differences.data) + stream.flush()


def write_png(
    file: BinaryIO, samples: np.ndarray, exif: bytes = b"", icc: bytes | None = None
) -> None:
    """Write uint16 (H, W, C), C = 1 grey, 2 grey + alpha, 3 RGB or 4 RGBA, as a 16-bit PNG."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = 2  # the filter "up": every byte less the one above
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])

    def chunk(name: bytes, data: bytes) -> None:
        file.write(struct.pack(">I", len(data)) + name)
        file.write(data)
        file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))

    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    file.write(b"\x89PNG\r\n\x1a\n")
    chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    if icc:
        chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc))
    if exif:
        chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    chunk(b"IDAT", _compress(filtered))
    chunk(b"IEND", b"")


def write_tiff(
    file: BinaryIO, samples: np.ndarray, exif: bytes = b"", icc: bytes | None = None
) -> None:
    """Write uint8 or uint16 (H, W, C), C as for `write_png`, as a TIFF."""
    height, width, channels = samples.shape
    little = samples.astype(samples.dtype.newbyteorder("<"))
    differences = little.copy()
    differences[:, 1:] -= little[:, :-1]
    data = _compress(differences)

    metadata = Image.Exif()
    metadata.load(exif)
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    for tag in metadata:
        tags[tag] = metadata.get_ifd(tag) if tag in TiffTags.TAGS_V2_GROUPS else metadata[tag]
    tags[TiffImagePlugin.IMAGEWIDTH] = width
    tags[TiffImagePlugin.IMAGELENGTH] = height
    tags[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    tags[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 1 if channels < 3 else 2
    tags[TiffImagePlugin.PLANAR_CONFIGURATION] = 1
    tags[TiffImagePlugin.COMPRESSION] = 8  # zlib
    tags[TiffImagePlugin.PREDICTOR] = 2  # horizontal differences
    tags[TiffImagePlugin.ROWSPERSTRIP] = height
    tags.tagtype[TiffImagePlugin.STRIPOFFSETS] = TiffTags.LONG
    tags[TiffImagePlugin.STRIPOFFSETS] = 0  # counted from the end of the tags, which Pillow adds
    tags[TiffImagePlugin.STRIPBYTECOUNTS] = len(data)
    if channels in (2, 4):
        tags[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha, not multiplied in
    if icc:
        tags[TiffImagePlugin.ICCPROFILE] = icc
    tags.save(file)
    file.write(data)
