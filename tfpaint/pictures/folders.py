"""Find the pictures in a folder and the mask of a photo; protect files from being overwritten."""

from collections.abc import Iterable
from pathlib import Path

from tfpaint.errors import InputError
from tfpaint.pictures.decoding import READABLE_SUFFIXES


def pictures(folder: Path) -> list[Path]:
    """The readable pictures of a folder, by suffix, in order of name; hidden files are left out.

    Args:
        folder: An existing folder. Its subfolders are not searched.

    Raises:
        OSError: The folder is missing or cannot be read.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in READABLE_SUFFIXES and not path.name.startswith(".")
    )


def find_mask(photo: Path, mask: Path | None) -> Path | None:
    """Find the file with the mask of a photo.

    Args:
        photo: The photo.
        mask: One file for all photos, a folder with a mask of the same stem for each, or None.

    Returns:
        `mask` itself if it is not a folder; else the picture in it that has the photo's stem.

    Raises:
        InputError: The folder has no such picture, or several.
    """
    if mask is None or not mask.is_dir():
        return mask
    found = [path for path in pictures(mask) if path.stem == photo.stem]
    if not found:
        raise InputError(f"{photo}: no mask in {mask}; add one as {photo.stem}.png")
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InputError(f"{photo}: several masks in {mask}: {names}; keep one of them")
    return found[0]


def check_written(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Make sure that no output overwrites an input or another output.

    Args:
        read: The files to read; None is skipped.
        written: The files to write; None is skipped.

    Raises:
        InputError: An output is also an input, or the same file as another output.
    """
    sources = {path.resolve() for path in read if path}
    seen: set[Path] = set()
    for path in filter(None, written):
        place = path.resolve()
        if place in sources:
            raise InputError(f"{path}: is one of the pictures to read; name another file")
        if place in seen:
            raise InputError(
                f"{path}: would hold two pictures; give the steps another path, and photos of the"
                " same name separate runs"
            )
        seen.add(place)
