"""Decode picture files: size checked from the header, turned upright, bit depth kept."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from tfpaint.errors import InputError, system_error
from tfpaint.pictures import formats, sixteen_bit

_FORMATS = formats.READABLE
_UNSUPPORTED = {"F": "floating-point", "LAB": "CIELAB"}
_GREY_MODES = frozenset(("1", "L", "LA", "La"))

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


def decode(path: Path, max_pixels: int) -> tuple[np.ndarray, bytes, bytes | None]:
    """Decode the first frame of a picture file.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.

    Returns:
        samples: uint8 or uint16 (H, W, C), full range, upright. C is 1 for grey, 2 for grey +
            alpha, 3 for RGB, 4 for RGB + alpha.
        exif: The EXIF data that is still true of the samples; empty if there is none.
        icc: The ICC profile of the samples, or None.

    Raises:
        InputError: The file is missing, empty, damaged, too large or not a supported picture.
    """
    image, rawmode = _load(path, max_pixels)
    exif = _kept_exif(image)
    icc = image.info.get("icc_profile")
    if rawmode in sixteen_bit.OTHER_PASS:
        other, _ = _load(path, max_pixels, sixteen_bit.OTHER_PASS[rawmode])
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
    return samples, exif, icc


def _load(
    path: Path, max_pixels: int, read_as: str | None = None
) -> tuple[Image.Image, str | None]:
    """Load a picture and turn it upright.

    Args:
        path: The file.
        max_pixels: A picture with more pixels is refused before it is decoded.
        read_as: The raw mode to decode the samples as, in place of the file's own.

    Returns:
        The picture, and the file's own raw mode (None if its tiles have several).
    """
    try:
        formats.check_readable(path)
        with own_limit():
            image = Image.open(path, formats=_FORMATS)
        with image:
            _check_size(path, image.size, max_pixels)
            rawmode = sixteen_bit.rawmode(image)
            if read_as is not None:
                sixteen_bit.set_rawmode(image, read_as)
            if image.format == "TIFF":  # Pillow checks its size again where it allocates memory
                with own_limit():
                    image.load_prepare()
            image.load()
            _turn_upright(image)
            return image, rawmode
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
        raise InputError(
            f"{path}: is not a picture, or damaged; give a {', '.join(_FORMATS[:-1])} file"
        ) from error
    except Exception as error:  # decoders raise many kinds of error on a broken file
        if isinstance(error, OSError) and error.errno:
            raise system_error(error, path) from error
        raise InputError(
            f"{path}: truncated or damaged picture ({error}); copy it again from its source"
        ) from error


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


def _turn_upright(image: ImageFile.ImageFile) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # the pixels are usable even if the EXIF is broken
        image.info.pop("exif", None)


def _kept_exif(image: Image.Image) -> bytes:
    """The EXIF data that is still true of an edited, upright copy; empty if none or broken."""
    kept = Image.Exif()
    try:
        exif = image.getexif()
        for tag in _EXIF_KEPT & set(exif):
            kept[tag] = exif[tag]
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
    except Exception:  # broken EXIF, as above
        return b""


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
