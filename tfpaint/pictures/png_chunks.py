"""The chunks of a PNG file that hold texts and describe its colours, kept as they are.

Texts are never unpacked here, so they may be of any size; Pillow refuses files with long ones.
"""

import io
import logging
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COLOURS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")
_XMP = b"XML:com.adobe.xmp"
_LONGEST_PROFILE = 1 << 24

Chunk = tuple[bytes, bytes]
"""The name of a chunk and its data."""


def read(path: Path) -> list[Chunk]:
    """The texts of a PNG file, and what says how its samples are to be shown.

    XMP and the EXIF and other profiles that some programs write as texts are left out: they are
    read elsewhere, and may say how to turn a picture that is upright now.

    Args:
        path: A PNG file. It may be truncated; other files have no such chunks.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    found = []
    with open(path, "rb") as file:
        for name, length in _chunks(file):
            if name in _TEXTS or name in _COLOURS:
                data = file.read(length)
                if not (name in _TEXTS and data.startswith((_XMP + b"\0", b"Raw profile type "))):
                    found.append((name, data))
    return found


def without_texts(path: Path) -> io.BytesIO:
    """A copy of a PNG file without its colour profile and its texts, but for plain XMP."""
    copy = io.BytesIO()
    copy.write(SIGNATURE)
    with open(path, "rb") as file:
        for name, length in _chunks(file):
            data = file.read(length + 4)
            if (name not in _TEXTS and name != b"iCCP") or data.startswith(_XMP + b"\0\0"):
                copy.write(struct.pack(">I", length) + name)
                copy.write(data)
    copy.seek(0)
    return copy


def profile(path: Path) -> bytes | None:
    """The ICC profile of a PNG file; None if it is broken, over 16 MB, or there is none."""
    with open(path, "rb") as file:
        for name, length in _chunks(file):
            if name == b"iCCP":
                packed = file.read(length).partition(b"\0")[2][1:]
                unpack = zlib.decompressobj()
                try:
                    icc = unpack.decompress(packed, _LONGEST_PROFILE)
                except zlib.error:
                    return None
                if unpack.eof:
                    return icc
                log.warning("%s: its colour profile is too long and is lost", path)
    return None


def xmp(packet: bytes) -> Chunk:
    """The chunk for an XMP packet."""
    return b"iTXt", _XMP + b"\0\0\0\0\0" + packet


def comment(text: bytes) -> Chunk:
    """The chunk for a comment in Latin-1."""
    return b"tEXt", b"Comment\0" + text.replace(b"\0", b" ")


def resolution(dpi: tuple[float, float]) -> Chunk:
    """The chunk for dots per inch, (x, y)."""
    return b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1)


def write(file: BinaryIO, name: bytes, data: bytes | memoryview) -> None:
    """Write a chunk at the place of a file."""
    file.write(struct.pack(">I", len(data)) + name)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The name and length of each chunk, with the file at the beginning of its data."""
    if file.read(8) != SIGNATURE:
        return
    while len(head := file.read(8)) == 8:
        start = file.tell()
        length = int.from_bytes(head[:4], "big")
        yield head[4:], length
        file.seek(start + length + 4)
