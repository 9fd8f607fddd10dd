"""What a TIFF file holds, told from its tags: pages, bands, sample formats, place on a map.

Pillow drops bands that it does not know, and calls other files damaged. Here they are refused by
what they are.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from PIL import TiffImagePlugin

from tfpaint.errors import InputError

_HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUBFILE, _SUB_DIRECTORIES = 254, 330
_REDUCED, _MASK = 1, 4  # of _SUBFILE: a smaller copy of another page, a mask of one
_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # channels, by photometric interpretation
_ALPHA = {1, 2, 999}  # kinds of extra samples; 999 is Corel's
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}

_WANTED = "8 or 16-bit unsigned samples, grey or RGB"
_GEO = {33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 50844}
_NODATA = 42113


def directories(path: Path) -> list[TiffImagePlugin.ImageFileDirectory_v2]:
    """The directories of tags of a TIFF file, one for each page; empty if it is no TIFF file.

    Args:
        path: The file. Directories after a damaged one are left out.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    with open(path, "rb") as file:
        header = file.read(4)
        if header not in _HEADERS:
            return []
        header += file.read(12 if b"+" in header else 4)
        found: list[TiffImagePlugin.ImageFileDirectory_v2] = []
        seen = {0}
        with suppress(Exception):  # a broken file raises many kinds
            offset = TiffImagePlugin.ImageFileDirectory_v2(header).next
            while offset not in seen:
                seen.add(offset)
                found.append(_directory(file, header, offset))
                offset = found[-1].next
        return found


def _directory(file: BinaryIO, header: bytes, offset: int):
    directory = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(offset)
    directory.load(file)
    return directory


def pages(found: list[TiffImagePlugin.ImageFileDirectory_v2]) -> int:
    """The number of pages, without smaller copies and masks of others."""
    return sum(not _number(tags, _SUBFILE, 0) & (_REDUCED | _MASK) for tags in found)


def check(path: Path, found: list[TiffImagePlugin.ImageFileDirectory_v2]) -> None:
    """Refuse a TIFF file whose first page cannot be read whole, by what it is.

    Args:
        path: The file, for the message.
        found: Its directories, at least one.

    Raises:
        InputError: The page has bands beside its colours and one alpha channel, samples that are
            signed, complex, floating-point or in separate planes of 16 bits, or an unknown
            compression; or it is the preview of a raw photo.
    """
    tags = found[0]
    if _number(tags, _SUBFILE, 0) & _REDUCED and (_SUB_DIRECTORIES in tags or len(found) > 1):
        raise InputError(
            f"{path}: begins with a small preview, as raw photos do; develop it first, and give"
            " the result"
        )
    compression = _number(tags, TiffImagePlugin.COMPRESSION, 1)
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        raise InputError(
            f"{path}: is compressed in a way (number {compression}) that cannot be read; save it"
            " deflated or uncompressed"
        )
    formats = _numbers(tags, TiffImagePlugin.SAMPLEFORMAT, 1)
    if any(_FORMATS.get(kind, "unsigned") != "unsigned" for kind in formats):
        raise InputError(f"{path}: {describe(tags)} cannot be used; save it with {_WANTED}")
    colours = _COLOURS.get(_number(tags, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 1))
    extra = _numbers(tags, TiffImagePlugin.EXTRASAMPLES)
    bands = _number(tags, TiffImagePlugin.SAMPLESPERPIXEL, 1)
    alpha = colours != 4 and len(extra) == 1 and extra[0] in _ALPHA
    if colours is not None and bands > colours + alpha:
        raise InputError(
            f"{path}: {describe(tags)} cannot be used; write its grey or colours alone to a file"
            " (as by `gdal_translate -b 1 -b 2 -b 3`)"
        )
    planes = _number(tags, TiffImagePlugin.PLANAR_CONFIGURATION, 1) == 2 and bands > 1
    if planes and max(_numbers(tags, TiffImagePlugin.BITSPERSAMPLE, 1)) > 8:
        raise InputError(
            f"{path}: {describe(tags)} in separate planes cannot be used; save it interleaved"
        )


def whole(path: Path, tags: Mapping[int, Any]) -> bool:
    """Whether a file is long enough for the samples that a page's tags speak of."""
    size = path.stat().st_size
    for offsets, sizes in ((273, 279), (324, 325)):  # of strips, of tiles
        ends = map(sum, zip(_numbers(tags, offsets), _numbers(tags, sizes), strict=False))
        if (end := max(ends, default=0)) > 0:
            return end <= size
    return False


def refusal(path: Path, tags: Mapping[int, Any]) -> InputError:
    """The error for a page that Pillow cannot decode though the file is whole."""
    return InputError(f"{path}: {describe(tags)} cannot be read; save it with {_WANTED}")


def describe(tags: Mapping[int, Any]) -> str:
    """The samples of a page, such as "a TIFF of 5 bands of 8-bit unsigned samples"."""
    bands = _number(tags, TiffImagePlugin.SAMPLESPERPIXEL, 1)
    bits = max(_numbers(tags, TiffImagePlugin.BITSPERSAMPLE, 1))
    kind = _FORMATS.get(_number(tags, TiffImagePlugin.SAMPLEFORMAT, 1), "unsigned")
    count = "1 band" if bands == 1 else f"{bands} bands"
    return f"a TIFF of {count} of {bits}-bit {kind} samples"


def geography(tags: Mapping[int, Any]) -> dict[int, tuple[int, Any]]:
    """The tags that place a picture on a map: (type, value) by tag, for `tiff_tags.write`."""
    types = getattr(tags, "tagtype", {})
    return {tag: (types[tag], tags[tag]) for tag in sorted(_GEO & set(tags)) if tag in types}


def nodata(geo: Mapping[int, tuple[int, Any]]) -> float | None:
    """The value of pixels without data, by GDAL's tag; None if there is none, or no number."""
    try:
        return float(geo[_NODATA][1])
    except (KeyError, ValueError, TypeError):
        return None


def _numbers(tags: Mapping[int, Any], tag: int, default: int | None = None) -> tuple[int, ...]:
    value = tags.get(tag, () if default is None else (default,))
    return value if isinstance(value, tuple) else (value,)


def _number(tags: Mapping[int, Any], tag: int, default: int) -> int:
    return (*_numbers(tags, tag), default)[0]
