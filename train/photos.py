"""Finds photos in folders, and checks before a run that each can be trained on."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .avif .tif .tiff .bmp .gif .jp2 .ppm .pgm".split()
)


def list_photos(*folders: str | Path) -> list[str]:
    """The paths of all picture files in the folders and the folders below them, by suffix.

    Links to folders are followed, hidden files and folders are left out. Other files are counted.

    Raises:
        InputError: A folder is missing or has no pictures.
    """
    photos: list[str] = []
    for folder in map(Path, folders):
        files = list(_files(folder)) if folder.is_dir() else []
        kinds = Counter(file.suffix.lower() for file in files)
        found = [str(file) for file in files if file.suffix.lower() in SUFFIXES]
        if not found:
            raise InputError(f"{folder}: no such folder, or no JPEG or PNG photos in it")
        others = [f"{kinds[kind]} {kind or 'others'}" for kind in sorted(kinds.keys() - SUFFIXES)]
        if others:
            print(f"{folder}: passed over, as no photos by their names: {', '.join(others)}")
        photos += found
    return photos


def _files(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    place = folder.resolve()
    if place in above:  # a link back to a folder that is being searched
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path, above | {place})
        else:
            yield path


def usable(photos: list[str], size: int) -> list[str]:
    """The photos that can be trained on, in their order. The others are printed, with the reason.

    Every photo is decoded once, so that none can stop a run later.

    Args:
        photos: Picture files.
        size: Side of the training squares. A photo whose short side is under a quarter of
            it is left out, as it would have to be enlarged more than four times.

    Raises:
        InputError: None can be used.
    """
    with ThreadPoolExecutor() as pool:
        faults = list(pool.map(partial(_fault, size=size), photos))
    for fault in filter(None, faults):
        print(f"left out: {fault}")
    kept = [photo for photo, fault in zip(photos, faults, strict=True) if fault is None]
    if not kept:
        folder = os.path.commonpath([os.path.dirname(photo) for photo in photos])
        raise InputError(f"{folder}: none of the photos can be used to train at {size} px")
    return kept


def _fault(photo: str, size: int) -> str | None:
    """Why a photo cannot be trained on; None if it can."""
    try:
        height, width = read_photo(photo).size
    except (InputError, OSError) as error:
        return str(error)
    if 4 * min(height, width) < size:
        return f"{photo}: {width} x {height} pixels are too few for squares of {size}"
    return None
