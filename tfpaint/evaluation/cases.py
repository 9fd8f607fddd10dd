"""Test cases: square photos, each with a hole."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.evaluation.irregular import chosen, irregular_hole
from tfpaint.pictures import files, masks
from tfpaint.pictures.folders import Masks, search


@dataclass(frozen=True)
class Case:
    """A photo with a hole to fill.

    Attributes:
        name: The file's name without its suffix.
        truth: The original photo, uint8 (N, N, 3) RGB.
        mask: The hole, bool (N, N), True = missing.
        irregular: Whether `irregular_hole` drew the hole.
    """

    name: str
    truth: np.ndarray
    mask: np.ndarray
    irregular: bool = False

    @property
    def incomplete(self) -> np.ndarray:
        """The photo as the methods see it: uint8 (N, N, 3), 0 in the hole."""
        return np.where(self.mask[..., None], 0, self.truth).astype(np.uint8)


def load_cases(
    folder: Path | None,
    hole: str,
    size: int,
    limit: int | None = None,
    irregular: float = 0.0,
    seed: int = 0,
) -> Iterator[Case]:
    """Loads photos, crops each to its largest centre square, and resizes it to `size`.

    Args:
        folder: The folder of photos. None means the four colour photos in scikit-image's package.
        hole: "centre" for a centred square of half the side, "centre:224" for one of 224 pixels,
            or a folder of masks. There every photo has a mask of its own size and name, whatever
            the suffix; more than 127 is missing.
        size: Side of the square, in pixels.
        limit: Load only the first photos, at most this many. None means all.
        irregular: Share of photos, 0 to 1, with an irregular hole in place of `hole`.
        seed: Of the irregular holes, 0 or more. Which photos have one, and its shape, depend on
            nothing but their names and this.

    Yields:
        A case for each photo.

    Raises:
        InputError: There are no photos, two have the same name, a photo or mask cannot be read, a
            mask differs in size from its photo, a hole is empty or covers the whole square, or
            `hole` is none of the above.
    """
    centre = _centre_hole(hole, size)
    own = Masks(Path(hole) if centre is None else None)
    for photo, pixels in islice(_photos(folder), limit):
        drawn = chosen(photo.stem, irregular, seed)
        mask = irregular_hole(photo.stem, size, seed) if drawn else centre
        if mask is None:
            file = own.of(photo)
            assert file is not None
            whole = masks.read_mask(file)
            if whole.shape != pixels.shape[:2]:
                raise InputError(f"{file}: differs in size from {photo}; give a mask of its size")
            mask = square(whole.astype(np.uint8) * 255, size, Image.Resampling.NEAREST) > 127
        if not mask.any() or mask.all():
            raise InputError(f"{photo}: at {size} px its hole is empty or covers all of it")
        yield Case(photo.stem, square(pixels, size), mask, drawn)


def _photos(folder: Path | None) -> Iterator[tuple[Path, np.ndarray]]:
    if folder is None:
        yield from ((Path(name), pixels) for name, pixels in sample_photos().items())
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one that holds photos")
    photos = search(folder).pictures
    if not photos:
        raise InputError(f"{folder}: holds no pictures; name a folder that does")
    names: dict[str, Path] = {}
    for photo in photos:
        if names.setdefault(photo.stem, photo) != photo:
            other = names[photo.stem].name
            raise InputError(f"{photo}: has the same name as {other}; rename one of them")
    for photo in photos:
        yield photo, files.read_photo(photo).pixels


def sample_photos() -> dict[str, np.ndarray]:
    """The four colour photos in scikit-image's own package, by name: uint8 (H, W, 3) RGB."""
    from skimage import data

    return {name: getattr(data, name)() for name in ("coffee", "chelsea", "rocket", "astronaut")}


def _centre_hole(hole: str, size: int) -> np.ndarray | None:
    """The mask that "centre" or "centre:PIXELS" stands for; None if `hole` is a folder."""
    kind, _, side = hole.partition(":")
    if kind != "centre":
        if not Path(hole).is_dir():
            raise InputError(f"--hole {hole}: give centre, centre:PIXELS or a folder of masks")
        return None
    if side and not side.isdecimal():
        raise InputError(f"--hole {hole}: {side} is not a number of pixels")
    width = int(side) if side else size // 2
    if not 0 < width < size:
        raise InputError(f"--hole {hole}: give from 1 to {size - 1} pixels for a side of {size}")
    return masks.square_hole(size, width)


def square(
    pixels: np.ndarray, size: int, method: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """Crops a picture to its largest centre square and resizes that.

    Args:
        pixels: uint8 (H, W, 3) or (H, W).
        size: Side of the result, in pixels.
        method: Pillow's resampling filter. The default averages the area of each new pixel.

    Returns:
        uint8 (size, size, 3) or (size, size).
    """
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    crop = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(crop.resize((size, size), method))
