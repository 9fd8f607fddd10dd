"""Decode picture files: size checked from the header, turned upright, bit depth kept."""

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from tfpaint.errors import InputError, system_error
from tfpaint.pictures import formats, png_chunks, sixteen_bit, tiff_kinds
from tfpaint.pictures.extras import Extras, kept_comment, kept_dpi, kept_exif, kept_xmp

log = logging.getLogger(__name__)

_FORMATS = formats.READABLE
_UNSUPPORTED = {"F": "floating-point", "LAB": "CIELAB"}
_GREY_MODES = frozenset(("1", "L", "LA", "La"))


def decode(path: Path, max_pixels: int) -> tuple[np.ndarray, bytes, bytes | None, Extras]:
    """Decode a picture file.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.

    Returns:
        samples: uint8 or uint16 (H, W, C), full range, upright. C is 1 for grey, 2 for grey +
            alpha, 3 for RGB, 4 for RGB + alpha.
        exif: The EXIF data that is still true of the samples; empty if there is none.
        icc: The ICC profile of the samples, or None.
        extras: What else the file carries.

    Raises:
        InputError: The file is missing, empty, damaged, too large, has several pages or frames, or
            is not a supported picture.
    """
    image, rawmode, exif, extras = _load(path, max_pixels)
    icc = image.info.get("icc_profile")
    if rawmode in sixteen_bit.OTHER_PASS:
        other, *_ = _load(path, max_pixels, sixteen_bit.OTHER_PASS[rawmode])
        samples = sixteen_bit.join_passes(rawmode, np.asarray(image), np.asarray(other))
    elif image.mode.startswith("I"):
        samples = np.asarray(image)
        if samples.min() < 0 or samples.max() > 65535:
            raise InputError(f"{path}: needs more than 16 bits per sample; save it with 8 or 16")
        samples = samples.astype(np.uint16)
    elif image.mode in _UNSUPPORTED:
        kind = _UNSUPPORTED[image.mode]
        raise InputError(f"{path}: {kind} samples are not supported; save it as 8 or 16-bit RGB")
    elif image.mode == "CMYK":
        samples, icc = np.asarray(_cmyk_to_rgb(image, icc)), None
    else:
        mode = "L" if image.mode in _GREY_MODES else "RGB"
        if image.has_transparency_data:
            mode = {"L": "LA", "RGB": "RGBA"}[mode]
        samples = np.asarray(image.convert(mode))
    samples = samples.reshape(image.height, image.width, -1)
    if samples.dtype == np.uint16 and "transparency" in image.info:  # a PNG's transparent colour
        seen = (samples != image.info["transparency"]).any(-1, keepdims=True)
        samples = np.concatenate([samples, np.uint16(65535) * seen], -1)
    return samples, exif, icc, extras


def _load(
    path: Path, max_pixels: int, read_as: str | None = None
) -> tuple[Image.Image, str | None, bytes, Extras]:
    """Load a picture and turn it upright.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.
        read_as: The raw mode to decode the samples as, in place of the file's own.

    Returns:
        The picture, the file's own raw mode (None if its tiles have several), EXIF, extras.
    """
    directories: list = []
    try:
        formats.check_readable(path)
        directories = tiff_kinds.directories(path)
        if directories:
            tiff_kinds.check(path, directories)
        try:
            with _opened(path, path, max_pixels, directories) as image:
                return _loaded(image, path, read_as)
        except InputError:
            raise
        except ValueError:  # Pillow's limits on texts and profiles
            with open(path, "rb") as file:
                if file.read(8) != png_chunks.SIGNATURE:
                    raise
            with _opened(path, png_chunks.without_texts(path), max_pixels, []) as image:
                image.info["icc_profile"] = png_chunks.profile(path)
                return _loaded(image, path, read_as)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the name") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder; name a picture in it") from error
    except PermissionError as error:
        raise InputError(f"{path}: cannot be read; check its permissions") from error
    except MemoryError as error:
        raise InputError(f"{path}: does not fit in memory; make the picture smaller") from error
    except UnidentifiedImageError as error:
        if path.stat().st_size == 0:
            raise InputError(f"{path}: is empty; copy it again from its source") from error
        if directories and tiff_kinds.whole(path, directories[0]):
            raise tiff_kinds.refusal(path, directories[0]) from error
        raise InputError(
            f"{path}: is not a picture, or damaged; give a {', '.join(_FORMATS[:-1])} file"
        ) from error
    except Exception as error:  # decoders raise many kinds of error on a broken file
        if isinstance(error, OSError) and error.errno:
            raise system_error(error, path) from error
        raise InputError(
            f"{path}: truncated or damaged picture ({error}); copy it again from its source"
        ) from error


@contextmanager
def _opened(
    path: Path, file: Path | io.BytesIO, max_pixels: int, directories: list
) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of one page; `file` holds it, and `path` names it."""
    with own_limit():
        image = Image.open(file, formats=_FORMATS)
    with image:
        _check_size(path, image.size, max_pixels)
        count = tiff_kinds.pages(directories) if directories else _frames(image)
        if count > 1:
            raise InputError(
                f"{path}: has {count} {'pages' if directories else 'frames'}, and one picture is"
                f" filled at a time; split it first, as by `magick {path.name} page-%d.png`"
            )
        yield image


def _frames(image: Image.Image) -> int:
    if image.format == "MPO":  # a JPEG of a camera: what follows is a preview or a depth map
        return 1
    return getattr(image, "n_frames", 1) if getattr(image, "is_animated", False) else 1


def _loaded(
    image: ImageFile.ImageFile, path: Path, read_as: str | None
) -> tuple[Image.Image, str | None, bytes, Extras]:
    """The pixels of an opened picture, as `_load` returns them."""
    rawmode = sixteen_bit.rawmode(image)
    if read_as is not None:
        sixteen_bit.set_rawmode(image, read_as)
    tags = getattr(image, "tag_v2", {})
    orientation = tags.get(ExifTags.Base.Orientation, 1)
    if image.format == "TIFF":  # Pillow checks its size again where it allocates memory
        with own_limit():
            image.load_prepare()
    image.load()  # which turns a TIFF upright
    orientation = max(orientation, _turn_upright(image))
    geo = tiff_kinds.geography(tags)
    if geo and orientation != 1:
        log.warning("%s: is turned upright, which drops its place on the map", path)
        geo = {}
    turned = orientation >= 5  # by a quarter
    extras = Extras(
        kept_xmp(image),
        kept_dpi(image, turned),
        kept_comment(image),
        tuple(png_chunks.read(path)) if image.format == "PNG" else (),
        geo,
        image.mode == "1" and not image.has_transparency_data,
    )
    return image, rawmode, kept_exif(image, turned), extras


def _check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if not width or not height:
        raise InputError(f"{path}: has no pixels ({width} x {height}); give another picture")
    if width * height > max_pixels:
        raise InputError(
            f"{path}: {width} x {height} is {width * height / 1e6:.1f} megapixels, over the limit"
            f" of {max_pixels / 1e6:g}; make it smaller, or raise the limit: `tfpaint inpaint"
            f" --max-pixels {width * height}`, or max_pixels= in Python"
        )


_pillow_limit = threading.RLock()


@contextmanager
def own_limit() -> Iterator[None]:
    """Lift Pillow's limit on pixels, so that the caller can apply its own to the header.

    The limit is global to the process. Threads take turns here, and the old limit is back on exit.
    Keep the body short: code of other threads that opens pictures goes unlimited meanwhile.
    """
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _turn_upright(image: ImageFile.ImageFile) -> int:
    """Turn a picture as its EXIF says; returns the orientation that it had, 1 = upright."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        ImageOps.exif_transpose(image, in_place=True)
        return orientation if orientation in range(1, 9) else 1
    except Exception:  # the pixels are usable even if the EXIF is broken
        image.info.pop("exif", None)
        return 1


def _cmyk_to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK as RGB: sRGB by the file's profile, or Pillow's plain formula if that is not usable."""
    if icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")
