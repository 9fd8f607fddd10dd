"""Masks: bool (H, W), True = missing, from a file, a photo's transparency or an array."""

import os
from pathlib import Path

import numpy as np

from tfpaint.errors import InputError
from tfpaint.pictures.files import MAX_PIXELS, Photo, as_uint8, read_photo

CUT = 127
"""Mask values above this are missing."""

SMALLEST_PHOTO = 16
"""Pixels a side."""


def square_hole(side: int, hole: int) -> np.ndarray:
    """The paper's hole: bool (side, side), True in a centred square of `hole` pixels."""
    mask = np.zeros((side, side), bool)
    first = (side - hole) // 2
    mask[first : first + hole, first : first + hole] = True
    return mask


def as_mask(array: np.ndarray) -> np.ndarray:
    """A mask array as bool (H, W), True = missing.

    Args:
        array: (H, W) or (H, W, 1); bool, or uint8 that is cut at 127 (255 = missing).

    Raises:
        InputError: Another shape or type, or uint8 values that look like 0 and 1.
    """
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or array.dtype not in (np.bool_, np.uint8):
        raise InputError(
            f"mask: an array of shape {array.shape} and type {array.dtype} cannot be used;"
            " give bool or uint8 of shape (height, width), with True or 255 where it is missing"
        )
    if array.dtype == np.bool_:
        return array
    if array.max(initial=0) == 1:
        raise InputError("mask: holds only 0 and 1 as uint8; give bool, or 255 where it is missing")
    return array > CUT


def read_mask(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a mask from any picture file that `read_photo` takes, turned upright as photos are.

    Strokes may have any bright colour: the largest of red, green and blue is cut at 127. What
    is transparent counts as black, so white strokes on an empty layer do as they look.

    Returns:
        bool (H, W), True = missing.

    Raises:
        InputError: As for `read_photo`, or values so small that they look like 0 and 1, or like
            8 bits in a file of 16.
    """
    photo = read_photo(path, max_pixels)
    if photo.samples.dtype == np.uint16 and 0 < photo.opaque().samples.max() < 256:
        raise InputError(f"{path}: has 16 bits and no value above 255 of 65535; save it with 8")
    brightness = photo.pixels.max(axis=2)
    if photo.alpha is not None:
        opacity = as_uint8(photo.alpha)
        brightness = (brightness.astype(np.uint16) * opacity // 255).astype(np.uint8)
    if brightness.max(initial=0) == 1:
        raise InputError(f"{path}: holds only 0 and 1; save it with 255 where it is missing")
    return brightness > CUT


def transparency(photo: Photo) -> np.ndarray:
    """The mask that a photo's own transparency is: bool (H, W), True where it is transparent.

    Raises:
        InputError: No pixel of the photo is transparent.
    """
    missing = None if photo.alpha is None else 255 - as_uint8(photo.alpha) > CUT
    if missing is None or not missing.any():
        raise InputError(f"{photo.path}: has no transparent pixels to fill; give a mask (--mask)")
    return missing


def fit_mask(mask: np.ndarray, photo: Photo, name: str | Path, resize: bool = False) -> np.ndarray:
    """A mask at the size of its photo.

    Args:
        mask: bool (h, w), True = missing.
        photo: The photo it belongs to, (H, W).
        name: What to call the mask in an error.
        resize: Take the nearest mask pixel where the sizes differ.

    Returns:
        bool (H, W).

    Raises:
        InputError: The sizes differ and `resize` is off.
    """
    if mask.shape == photo.size:
        return mask
    if not resize:
        (height, width), (h, w) = photo.size, mask.shape
        raise InputError(
            f"{name}: the mask is {w} x {h} pixels but {photo.path} is {width} x {height};"
            " give a mask of the photo's size, or --fit-mask to stretch it"
        )
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(photo.size, mask.shape, strict=True)
    )
    return mask[rows[:, None], columns]


def check(image: np.ndarray, mask: np.ndarray) -> None:
    """Raises an InputError unless a photo and a mask are such as `Inpainter` takes."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            f"the photo has to be uint8 (H, W, 3), but is {image.dtype} {image.shape}; convert it"
        )
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise InputError(
            f"the mask has to be bool (H, W), True where missing, but is {mask.dtype} {mask.shape}"
        )
    height, width = image.shape[:2]
    if mask.shape != (height, width):
        raise InputError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]} pixels, but the photo {width}x{height}; "
            "they have to be of one size"
        )
    if min(height, width) < SMALLEST_PHOTO:
        raise InputError(
            f"the photo is {width}x{height} pixels; it needs at least {SMALLEST_PHOTO} a side"
        )
    if mask.all():
        raise InputError("the mask covers the whole photo: there is nothing known to fill it from")
