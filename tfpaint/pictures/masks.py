"""Masks from files, from a photo's transparency and from arrays: bool (H, W), True = missing."""

import os
from pathlib import Path

import numpy as np

from tfpaint.errors import InputError
from tfpaint.pictures.files import MAX_PIXELS, Photo, as_uint8, read_photo

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
        InputError: The array has another shape or type, or is uint8 with 1 as its largest value.
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
    if array.max(initial=0) == 1:
        raise InputError("mask: holds only 0 and 1 as uint8; give bool, or 255 for missing pixels")
    return array > CUT


def read_mask(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a mask from any picture file that `read_photo` can read, turned upright like photos.

    A pixel is missing if the largest of its red, green and blue is above 127 of 255, so strokes
    may have any bright colour. Transparency darkens: white strokes on an empty layer are a mask.

    Args:
        path: The file.
        max_pixels: A larger picture is refused before it is decoded.

    Returns:
        bool (H, W), True = missing.

    Raises:
        InputError: As for `read_photo`. Also if the brightest value is 1 in an 8-bit file, or
            1 to 255 in a 16-bit file: such a mask does not use the range of its type.
    """
    photo = read_photo(path, max_pixels)
    if photo.samples.dtype == np.uint16 and 0 < photo.opaque().samples.max() < 256:
        raise InputError(f"{path}: has 16 bits and no value above 255; save it with 8 bits")
    brightness = photo.pixels.max(axis=2)
    if photo.alpha is not None:
        opacity = as_uint8(photo.alpha)
        brightness = (brightness.astype(np.uint16) * opacity // 255).astype(np.uint8)
    if brightness.max(initial=0) == 1:
        raise InputError(f"{path}: holds only 0 and 1; save it with 255 for missing pixels")
    return brightness > CUT


def transparency(photo: Photo) -> np.ndarray:
    """The mask given by a photo's alpha channel.

    Args:
        photo: The photo.

    Returns:
        bool (H, W), True = missing: opacity below 128 of 255.

    Raises:
        InputError: The photo has no such pixel.
    """
    missing = None if photo.alpha is None else 255 - as_uint8(photo.alpha) > CUT
    if missing is None or not missing.any():
        raise InputError(f"{photo.path}: has no transparent pixels to fill; give a mask (--mask)")
    return missing


def fit_mask(mask: np.ndarray, photo: Photo, name: str | Path, resize: bool = False) -> np.ndarray:
    """Fit a mask to the size of its photo.

    Args:
        mask: bool (h, w), True = missing.
        photo: The photo of the mask, H x W pixels.
        name: The name of the mask in an error message.
        resize: Stretch a mask of another size, by nearest neighbour.

    Returns:
        bool (H, W), True = missing; `mask` itself if the sizes are equal.

    Raises:
        InputError: The sizes differ and `resize` is False.
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
    """Check the arguments of an `Inpainter`.

    Args:
        image: Has to be uint8 (H, W, 3), RGB, at least `SMALLEST_PHOTO` pixels high and wide.
        mask: Has to be bool (H, W), True = missing, with a pixel that is not missing.

    Raises:
        InputError: One of them is not.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            f"the photo is {image.dtype} {image.shape}; convert it to uint8 (H, W, 3), RGB"
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
