"""Encode samples as a picture file, with what a photo carries as far as the format holds it."""

import io
import logging
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from tfpaint.pictures import sixteen_bit, tiff_tags
from tfpaint.pictures.extras import Extras

log = logging.getLogger(__name__)

_BILEVEL = ("PNG", "TIFF", "BMP")
_LONGEST = {"exif": 65533, "xmp": 65502, "comment": 65533, "icc_profile": 255 * 65519}  # in JPEG
_SETTINGS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    # Ten times as fast as Pillow's defaults for lossless files.
    "WEBP": {"lossless": True, "exact": True, "quality": 20, "method": 1},
}


def encode(
    file: BinaryIO,
    path: Path,
    name: str,
    samples: np.ndarray,
    exif: bytes,
    icc: bytes | None,
    extras: Extras,
) -> None:
    """Write a picture. What is lost with the format, though it matters, is logged as a warning.

    Args:
        file: An empty file.
        path: The name of the file in warnings.
        name: The format: PNG, JPEG, TIFF, WEBP or BMP.
        samples: uint8 (H, W, C), or uint16 for PNG and TIFF. C is 1 for grey, 2 for grey + alpha, 3
            for RGB, 4 for RGB + alpha.
        exif: EXIF data, as Pillow serialises it.
        icc: The ICC profile of the samples, or None.
        extras: What else to write.

    Raises:
        OSError, ValueError: The format cannot hold such samples, or the file cannot be written.
    """
    if extras.geo and name != "TIFF":
        log.warning("%s: %s cannot hold the place on the map; write a .tif file", path, name)
    if samples.dtype == np.uint16:
        write = sixteen_bit.write_tiff if name == "TIFF" else sixteen_bit.write_png
        write(file, samples, exif, icc, extras)
        return
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    if extras.bilevel and image.mode == "L" and name in _BILEVEL:
        image = image.point(lambda value: 255 * (value > 127), "1")
    if name == "TIFF":
        _write_tiff(file, image, exif, icc, extras)
        return
    carried: dict[str, Any] = {"exif": exif, "icc_profile": icc}
    if name == "PNG":
        carried["pnginfo"] = PngImagePlugin.PngInfo()
        for chunk in extras.for_png():
            carried["pnginfo"].add(*chunk)
    elif name == "JPEG":
        carried |= {"xmp": extras.xmp, "comment": extras.comment}
        for kind, longest in _LONGEST.items():
            if len(carried[kind] or b"") > longest:
                log.warning("%s: JPEG cannot hold %s of this size", path, kind)
                carried[kind] = b""
    elif name == "WEBP":
        carried["xmp"] = extras.xmp
        if image.mode in ("L", "LA"):  # WebP is always RGB
            carried["icc_profile"] = None
    if extras.dpi:
        carried["dpi"] = extras.dpi
    image.save(file, name, **carried, **_SETTINGS.get(name, {}))


def _write_tiff(
    file: BinaryIO, image: Image.Image, exif: bytes, icc: bytes | None, extras: Extras
) -> None:
    """Write a compressed TIFF, deflated unless it has 1 bit: not every reader knows LZW.

    Pillow's libtiff encoder compresses, but cannot write the Exif and GPS directories. Pillow's
    own tag writer can. So the encoder is used for the pixels, and the tag writer for the rest.
    """
    encoded = io.BytesIO()
    if image.mode == "1":
        image.save(encoded, "TIFF", compression="group4")
    else:
        predictor = {TiffImagePlugin.PREDICTOR: 2}  # horizontal differences
        image.save(encoded, "TIFF", compression="tiff_adobe_deflate", tiffinfo=predictor)
    encoded.seek(0)
    tags = TiffImagePlugin.ImageFileDirectory_v2(encoded.read(8))
    encoded.seek(tags.next)
    tags.load(encoded)
    offsets, sizes = (
        value if isinstance(value, tuple) else (value,)
        for value in (tags[TiffImagePlugin.STRIPOFFSETS], tags[TiffImagePlugin.STRIPBYTECOUNTS])
    )
    strips = [
        encoded.getbuffer()[offset : offset + size]
        for offset, size in zip(offsets, sizes, strict=True)
    ]
    tiff_tags.write(file, tags, strips, exif, icc, extras)
