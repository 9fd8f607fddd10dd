"""Read and write 16-bit colour, which Pillow has no mode for.

Reading: Pillow decodes 16-bit RGB and RGBA to the high byte of each sample. If its decoder is told
the opposite byte order, it returns the low byte. Two passes over the file thus give all 16 bits,
whatever the compression.

Writing: 16-bit PNG and TIFF files are written here, as one zlib stream of pixels after a header.
"""

import struct
import sys
import zlib
from typing import Any, BinaryIO

import numpy as np
from PIL import ImageFile, TiffImagePlugin

from tfpaint.pictures import png_chunks, tiff_tags
from tfpaint.pictures.extras import NOTHING, Extras

_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_GREY_ALPHA = "LA;16B"

OTHER_PASS = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA", "RGBX")
    for order, other in _SWAPPED.items()
} | {_GREY_ALPHA: "RGBA"}
"""For each of Pillow's 16-bit raw modes, the raw mode to decode the file as in the second pass."""


def rawmode(image: ImageFile.ImageFile) -> str | None:
    """The raw mode of a picture before it is loaded: Pillow's name for the samples in its file.

    None if the tiles of the picture have several.
    """
    modes = {tile.args[0] if isinstance(tile.args, tuple) else tile.args for tile in image.tile}
    return modes.pop() if len(modes) == 1 else None


def set_rawmode(image: ImageFile.ImageFile, name: str) -> None:
    """Set the raw mode as which the next `image.load()` decodes the samples, of the same size."""
    image.tile = [
        tile._replace(args=(name, *tile.args[1:]) if isinstance(tile.args, tuple) else name)
        for tile in image.tile
    ]


def join_passes(rawmode: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Join two decoding passes over a 16-bit file.

    Args:
        rawmode: The raw mode of the file, a key of `OTHER_PASS`.
        first: uint8 (H, W, C), decoded with `rawmode`: the high bytes.
        second: uint8 (H, W, C), decoded with `OTHER_PASS[rawmode]`: the low bytes. For grey +
            alpha it is uint8 (H, W, 4): both bytes of the grey, then both of the alpha.

    Returns:
        uint16 (H, W, C); (H, W, 2) for grey + alpha.
    """
    if rawmode == _GREY_ALPHA:
        return np.ascontiguousarray(second).view(">u2").astype(np.uint16)
    return first.astype(np.uint16) << 8 | second


def _compress(differences: np.ndarray) -> bytes:
    stream = zlib.compressobj(strategy=zlib.Z_RLE)  # twice as fast for photos, no larger
    return stream.compress(differences.data) + stream.flush()


def write_png(
    file: BinaryIO,
    samples: np.ndarray,
    exif: bytes = b"",
    icc: bytes | None = None,
    extras: Extras = NOTHING,
) -> None:
    """Write a 16-bit PNG.

    Args:
        file: An empty file.
        samples: uint16 (H, W, C). C is 1 for grey, 2 for grey + alpha, 3 for RGB, 4 for RGBA.
        exif: EXIF data, with or without its "Exif" header.
        icc: The ICC profile of the samples, or None.
        extras: What else to write, as far as the format holds it.
    """
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = 2  # filter "up": each byte minus the one above
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])

    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks: list[png_chunks.Chunk] = [(b"IHDR", header)]
    if icc:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    chunks += [chunk for chunk in extras.for_png() if not (icc and chunk[0] == b"sRGB")]
    if extras.dpi:
        chunks.append(png_chunks.resolution(extras.dpi))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    chunks += [(b"IDAT", _compress(filtered)), (b"IEND", b"")]
    file.write(png_chunks.SIGNATURE)
    for name, data in chunks:
        png_chunks.write(file, name, data)


def write_tiff(
    file: BinaryIO,
    samples: np.ndarray,
    exif: bytes = b"",
    icc: bytes | None = None,
    extras: Extras = NOTHING,
) -> None:
    """Write a 16-bit TIFF; the arguments are those of `write_png`."""
    height, width, channels = samples.shape
    little = samples.astype("<u2")
    differences = little.copy()
    differences[:, 1:] -= little[:, :-1]
    tags: dict[int, Any] = {
        TiffImagePlugin.IMAGEWIDTH: width,
        TiffImagePlugin.IMAGELENGTH: height,
        TiffImagePlugin.BITSPERSAMPLE: (16,) * channels,
        TiffImagePlugin.SAMPLESPERPIXEL: channels,
        TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: 1 if channels < 3 else 2,  # grey or RGB
        TiffImagePlugin.PLANAR_CONFIGURATION: 1,  # samples of a pixel side by side
        TiffImagePlugin.COMPRESSION: 8,  # deflate
        TiffImagePlugin.PREDICTOR: 2,  # horizontal differences
        TiffImagePlugin.ROWSPERSTRIP: height,
    }
    if channels in (2, 4):
        tags[TiffImagePlugin.EXTRASAMPLES] = 2  # unassociated alpha: colours not multiplied by it
    tiff_tags.write(file, tags, [_compress(differences)], exif, icc, extras)
