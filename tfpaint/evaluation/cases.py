"""The photos to measure on, and their holes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures import files, masks
from tfpaint.pictures.folders import find_mask, pictures


@dataclass(frozen=True)
class Case:
    """A photo to fill: its name, the truth uint8 (N, N, 3), and the hole bool (N, N)."""

    name: str
    truth: np.ndarray
    mask: np.ndarray

    @property
    def incomplete(self) -> np.ndarray:
        """The photo as the methods get it: 0 in the hole."""
        return np.where(self.mask[..., None], 0, self.truth).astype(np.uint8)


def load_cases(
    folder: Path | None, hole: str, size: int, limit: int | None = None
) -> Iterator[Case]:
    """The photos of a folder, each cut to its largest centre square and resized to `size`.

    Args:
        folder: holds the photos; None for the four colour photos that scikit-image ships.
        hole: "centre" (a square of half the side), "centre:224" (of so many pixels), or a folder
            with a mask for every photo, of its size and name.
        size: side in pixels.
        limit: only the first so many photos.

    Raises:
        InputError: no photos, two of one name, a file that is none, or a hole that makes no sense.
    """
    centre = _centre_hole(hole, size)
    for photo, pixels in islice(_photos(folder), limit):
        mask = centre
        if mask is None:
            file = find_mask(photo, Path(hole))
            assert file is not None
            whole = masks.read_mask(file)
            if whole.shape != pixels.shape[:2]:
                raise InputError(f"{file}: is not of the size of {photo}")
            mask = square(whole.astype(np.uint8) * 255, size, Image.Resampling.NEAREST) > 127
        if not mask.any() or mask.all():
            raise InputError(f"{photo}: its hole at {size} px is empty or everything")
        yield Case(photo.stem, square(pixels, size), mask)


def _photos(folder: Path | None) -> Iterator[tuple[Path, np.ndarray]]:
    if folder is None:
        yield from ((Path(name), pixels) for name, pixels in sample_photos().items())
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of photos")
    photos = pictures(folder)
    if not photos:
        raise InputError(f"{folder}: holds no pictures; name a folder that does")
    names: dict[str, Path] = {}
    for photo in photos:
        if names.setdefault(photo.stem, photo) != photo:
            raise InputError(f"{photo}: has the name of {names[photo.stem].name}; rename one")
    for photo in photos:
        yield photo, files.read_photo(photo).pixels


def sample_photos() -> dict[str, np.ndarray]:
    """The colour photos inside scikit-image's own package, uint8 (H, W, 3)."""
    from skimage import data

    return {name: getattr(data, name)() for name in ("coffee", "chelsea", "rocket", "astronaut")}


def _centre_hole(hole: str, size: int) -> np.ndarray | None:
    kind, _, side = hole.partition(":")
    if kind != "centre":
        if not Path(hole).is_dir():
            raise InputError(f"--hole {hole}: write centre, centre:PIXELS or a folder of masks")
        return None
    if side and not side.isdecimal():
        raise InputError(f"--hole {hole}: {side} is no number of pixels")
    width = int(side) if side else size // 2
    if not 0 < width < size:
        raise InputError(
            f"--hole {hole}: has to be from 1 to {size - 1} pixels in a photo of {size}"
        )
    return masks.square_hole(size, width)


def square(
    pixels: np.ndarray, size: int, method: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """The largest centre square of a picture, resized; by default each pixel is its area's mean.

    Args:
        pixels: uint8 (H, W, 3) or (H, W).
        size: side of the result.
        method: of Pillow's resizing.

    Returns:
        uint8 (size, size, 3) or (size, size).
    """
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    crop = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(crop.resize((size, size), method))
