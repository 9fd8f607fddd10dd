"""Which files are pictures, told by suffix or content, and which of them cannot be read here."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePath
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from tfpaint.errors import InputError

READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "BMP", "GIF", "JPEG2000", "PPM")
"""Pillow's names of the formats that are read."""

_HEAD = 1024  # bytes in which a known format shows

_FOREIGN = {
    "HEIC": rb".{4}ftyp(hei[cmsx]|hev[cmsx]|(mif1|msf1)(?!.{4,60}avi[fs]))",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "JPEG XR": rb"II\xbc",
    "Photoshop": rb"8BPS",
    "GIMP": rb"gimp xcf",
    "OpenEXR": rb"v/1\x01",
    "Radiance HDR": rb"#\?(RADIANCE|RGBE)",
    "PCX": rb"\n[\x00-\x05]\x01[\x01\x02\x04\x08]",
    "SVG": rb"[^<]{0,9}(<[?!].*)?<svg",
    "camera raw": rb"FUJIFILMCCD-RAW|II\*\0.{4}CR|II(RO|RS|U\0)|MMOR|.{4}ftypcrx",
}
_FOREIGN_SUFFIXES = {  # of formats whose content alone does not tell
    **dict.fromkeys(
        ".arw .dng .nef .nrw .pef .sr2 .srf .srw".split(), ("camera raw", rb"II\*\0|MM\0\*")
    ),
    ".tga": ("Targa", rb".[\x00\x01][\x01-\x03\x09-\x0b]"),
}


def is_picture(path: PurePath, opened: Callable[[], IO[Any]]) -> bool:
    """Whether a file is a picture, readable or not, by its suffix or else by its content.

    A file that cannot be opened counts as one, so that the reason is told when it is read.

    Args:
        path: The file's name.
        opened: Opens the file; called only if the suffix says nothing.
    """
    if path.suffix.lower() in _readable_suffixes():
        return True
    try:
        with opened() as file:
            if foreign(path, file.read(_HEAD)):
                return True
            file.seek(0)
            with Image.open(file, formats=READABLE):
                return True
    except UnidentifiedImageError:
        return False
    except Exception:  # not readable, or damaged: decoders raise many kinds of error
        return True


def foreign(path: PurePath, head: bytes) -> str | None:
    """The name of the known format of a file, if it is one that is not read here.

    Args:
        path: The file's name.
        head: Its first bytes, up to 1,024.
    """
    by_suffix = _FOREIGN_SUFFIXES.get(path.suffix.lower())
    for name, pattern in [*_FOREIGN.items(), *([by_suffix] if by_suffix else [])]:
        if re.match(pattern, head, re.DOTALL):
            return name
    return None


def check_readable(path: Path) -> None:
    """Make sure that a file is of no known format that is not read here.

    Raises:
        InputError: It is; the line names the format and how to convert it.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        name = foreign(path, file.read(_HEAD))
    if name:
        raise InputError(
            f"{path}: is {name}, which is not read here; convert it first, for example with"
            f" ImageMagick: magick {path.name} {path.stem}.png"
        )


@cache
def _readable_suffixes() -> frozenset[str]:
    return frozenset(s for s, name in Image.registered_extensions().items() if name in READABLE)
