"""Masks from files, from a photo's transparency and from arrays: bool (H, W), True = missing."""

import os

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import MAX_PIXELS, Photo, as_uint8, read_photo
from tfpaint.pictures.formats import READABLE

CUT = 127
"""8-bit mask values above this are missing."""

SMALLEST_PHOTO = 16
"""The smallest height and width of a photo to fill, in pixels."""


def square_hole(side: int, hole: int) -> np.ndarray:
    """The hole of the paper's experiments, a square in the centre.

    Args:
        side: Height and width of the mask in pixels.
        hole: Height and width of the hole in pixels.

    Returns:
        bool (side, side), True = missing.
    """
    mask = np.zeros((side, side), bool)
    first = (side - hole) // 2
    mask[first : first + hole, first : first + hole] = True
    return mask


def as_mask(array: np.ndarray) -> np.ndarray:
    """Convert an array to a mask.

    Args:
        array: bool (True = missing) or uint8 (above 127 = missing), (H, W) or (H, W, 1).

    Returns:
        bool (H, W), True = missing.

    Raises:
        InputError: The array has another shape or type, or is uint8 and dark all over, not black.
    """
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or array.dtype not in (np.bool_, np.uint8):
        raise InputError(
            f"mask: an array of shape {array.shape} and type {array.dtype} cannot be used;"
            " give bool or uint8 of shape (height, width), with True or 255 for missing pixels"
        )
    if array.dtype == np.bool_:
        return array
    if 0 < array.max(initial=0) <= CUT:
        raise InputError(
            f"mask: its largest value is {array.max()} of 255; give bool, or 255 for missing pixels"
        )
    return array > CUT


def read_mask(
    path: str | os.PathLike,
    max_pixels: int = MAX_PIXELS,
    alpha: bool = False,
    invert: bool = False,
) -> np.ndarray:
    """Read a mask from any picture file that `read_photo` can read, turned upright like photos.

    A pixel is missing if the largest of its red, green and blue is above 127 of 255, so strokes
    may have any bright colour. Transparency darkens: white strokes on an empty layer are a mask.

    Args:
        path: The file.
        max_pixels: A larger picture is refused before it is decoded.
        alpha: What is transparent is missing instead, whatever its colours.
        invert: What would be missing is known, and the other way round.

    Returns:
        bool (H, W), True = missing, at least one of them.

    Raises:
        InputError: As for `read_photo`. Also if the mask selects nothing; the line says why.
    """
    photo = read_photo(path, max_pixels)
    missing = _transparent(photo) if alpha else _bright(photo)
    if alpha and not missing.any():
        raise InputError(f"{path}: selects nothing: it is opaque; leave out --mask-alpha")
    if invert and missing.all():
        raise InputError(f"{path}: selects all but for --invert-mask, and nothing with it")
    return ~missing if invert else missing


def _bright(photo: Photo) -> np.ndarray:
    """The bright pixels of a mask, bool (H, W); all False for a black one.

    Raises:
        InputError: No pixel is bright enough.
    """
    brightness = photo.pixels.max(axis=2)
    if photo.alpha is not None:
        opacity = as_uint8(photo.alpha)
        brightness = (brightness.astype(np.uint16) * opacity // 255).astype(np.uint8)
    if brightness.max() <= CUT:
        raise InputError(f"{photo.path}: selects nothing: {_why_dark(photo)}")
    return brightness > CUT


def _why_dark(photo: Photo) -> str:
    """Why no pixel of a mask is bright, and what to do."""
    if _transparent(photo).any():
        share = _transparent(photo).mean()
        if share == 1:
            return "it is transparent all over; paint in white what is missing"
        return (
            f"what is opaque in it is dark, and {share:.0%} is transparent; --mask-alpha takes what"
            " is transparent, --mask-alpha --invert-mask what is opaque"
        )
    colours = photo.opaque().samples
    whole = np.iinfo(colours.dtype).max
    if not colours.any():
        return "it is black all over, and white is missing"
    with Image.open(photo.path, formats=READABLE) as image:
        values = "the brightest colour of its palette" if image.mode == "P" else "its largest value"
    return f"{values} is {colours.max()} of {whole}; save it with {whole} where it is missing"


def transparency(photo: Photo) -> np.ndarray:
    """The mask given by a photo's alpha channel.

    Args:
        photo: The photo.

    Returns:
        bool (H, W), True = missing: opacity below 128 of 255.

    Raises:
        InputError: The photo has no such pixel.
    """
    missing = _transparent(photo)
    if not missing.any():
        raise InputError(f"{photo.path}: has no transparent pixels to fill; give a mask (--mask)")
    return missing


def _transparent(photo: Photo) -> np.ndarray:
    if photo.alpha is None:
        return np.zeros(photo.size, bool)
    return as_uint8(photo.alpha) <= CUT


def check(image: np.ndarray, mask: np.ndarray, unknown: np.ndarray | None = None) -> None:
    """Check the arguments of an `Inpainter`.

    Args:
        image: Has to be uint8 or uint16 (H, W, 3), RGB, at least `SMALLEST_PHOTO` pixels high and
            wide.
        mask: Has to be bool (H, W), True = missing, with a pixel that is not missing.
        unknown: None, or has to be bool (H, W), True = not to be looked at, with a pixel that is
            neither missing nor unknown.

    Raises:
        InputError: One of them is not.
    """
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            f"the photo is {image.dtype} {image.shape};"
            " convert it to uint8 or uint16 (H, W, 3), RGB"
        )
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise InputError(
            f"the mask is {mask.dtype} {mask.shape}; convert it to bool (H, W), True = missing"
        )
    height, width = image.shape[:2]
    if mask.shape != (height, width):
        raise InputError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]} pixels, but the photo {width}x{height};"
            " give a mask of the photo's size"
        )
    if min(height, width) < SMALLEST_PHOTO:
        raise InputError(
            f"the photo is {width}x{height} pixels; give one of at least"
            f" {SMALLEST_PHOTO}x{SMALLEST_PHOTO}"
        )
    if mask.all():
        raise InputError("the mask covers the whole photo; leave some pixels known")
    if unknown is None:
        return
    if unknown.dtype != np.bool_ or unknown.shape != mask.shape:
        raise InputError(
            f"what is unknown is {unknown.dtype} {unknown.shape}; convert it to bool {mask.shape}"
        )
    if (mask | unknown).all():
        raise InputError(
            "the mask leaves only what is transparent or without data; leave some pixels known"
        )
