"""The mask of a photo from files, as the options of the command line ask for it."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from tfpaint.errors import InputError
from tfpaint.pictures import formats, masks
from tfpaint.pictures.files import MAX_PIXELS, Photo
from tfpaint.pictures.tight_masks import grow, looks_tight

log = logging.getLogger(__name__)

MAX_GROWTH = 100
"""The most pixels by which a mask is widened."""


@dataclass(frozen=True)
class MaskOptions:
    """How masks are read.

    Args:
        fit: Stretch a mask of another size to its photo.
        alpha: What is transparent in a mask is missing, whatever its colours.
        invert: What would be missing is known, and the other way round.
        grow: Radius in pixels of the disc by which masks are widened, from 0 to 100. Widened last,
            in pixels of the photo.

    Raises:
        InputError: `grow` is out of its range.
    """

    fit: bool = False
    alpha: bool = False
    invert: bool = False
    grow: int = 0

    def __post_init__(self) -> None:
        """Refuses a growth that is out of its range."""
        if not 0 <= self.grow <= MAX_GROWTH:
            raise InputError(f"--grow-mask: {self.grow} is not from 0 to {MAX_GROWTH} pixels")

    @classmethod
    def parsed(cls, options: argparse.Namespace) -> "MaskOptions":
        """From the options that `tfpaint.terminal.add_mask_options` defines."""
        return cls(options.fit_mask, options.mask_alpha, options.invert_mask, options.grow_mask)


AS_THEY_ARE = MaskOptions()
"""Masks of their photos' sizes, white = missing."""


def read_pair(
    photo: Photo,
    mask: Path | None,
    options: MaskOptions = AS_THEY_ARE,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Photo, np.ndarray]:
    """The photo to fill, and its mask. A mask that seems tight, and is not widened, is named.

    Args:
        photo: The photo; its file is there.
        mask: The mask file, or None: what is transparent in the photo is missing.
        options: How the mask is read.
        max_pixels: A mask with more pixels is refused.

    Returns:
        The photo, opaque if its own transparency was the mask; and bool (H, W), True = missing.

    Raises:
        InputError: The mask cannot be used, or selects nothing.
    """
    if mask is not None:
        found = masks.read_mask(mask, max_pixels, options.alpha, options.invert)
        found = fit_mask(found, photo, mask, options.fit)
        if options.grow == 0 and photo.unknown is None and looks_tight(photo.pixels, found):
            log.warning("%s: the mask seems tight; try --grow-mask 3", photo.path)
        return photo, grow(found, options.grow)
    if options.alpha or options.invert:
        raise InputError("--mask-alpha, --invert-mask: say how a mask is read; give one (--mask)")
    return photo.opaque(), grow(masks.transparency(photo), options.grow)


def fit_mask(mask: np.ndarray, photo: Photo, name: str | Path, resize: bool = False) -> np.ndarray:
    """Fit a mask to the size of its photo.

    A photo that its EXIF orientation has turned on its side may come with a mask that has still
    the camera's orientation: the mask is turned likewise, not squeezed.

    Args:
        mask: bool (h, w), True = missing.
        photo: The photo of the mask, H x W pixels; its orientation is looked up in its file.
        name: The name of the mask in an error message.
        resize: Stretch a mask of another size, by nearest neighbour.

    Returns:
        bool (H, W), True = missing; `mask` itself if the sizes are equal.

    Raises:
        InputError: The sizes differ and `resize` is False; the sides are swapped and the photo was
            not turned; or nothing is left of a mask made smaller.
    """
    if mask.shape == photo.size:
        return mask
    (height, width), (h, w) = photo.size, mask.shape
    sizes = f"the mask is {w} x {h} pixels but {photo.path} is {width} x {height}"
    swapped = (height - width) * (h - w) < 0
    orientation = _orientation(photo.path) if swapped else 1
    if not resize:
        stretch = "turn" if orientation > 4 else "stretch"
        raise InputError(
            f"{name}: {sizes}; give a mask of the photo's size, or --fit-mask to {stretch} it"
        )
    if swapped and orientation <= 4:
        raise InputError(f"{name}: {sizes}, with its sides swapped; turn the mask by 90 degrees")
    if swapped:
        mask = _turned(mask, orientation)
    if mask.shape != photo.size:
        mask = _stretched(mask, photo.size)
    if not mask.any():
        raise InputError(f"{name}: {sizes}, in which its hole is lost; give a larger mask")
    return mask


def _orientation(path: Path) -> int:
    """The EXIF orientation of a picture file; 1, upright, if it has none."""
    try:
        with Image.open(path, formats=formats.READABLE) as image:
            return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken EXIF, which turns no photo either
        return 1


def _turned(mask: np.ndarray, orientation: int) -> np.ndarray:
    image = Image.fromarray(mask)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return np.asarray(ImageOps.exif_transpose(image))


def _stretched(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, mask.shape, strict=True)
    )
    return mask[rows[:, None], columns]
