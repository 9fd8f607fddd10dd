"""Which files of a folder are pictures, which mask belongs to which photo, what may be written."""

from collections.abc import Iterable
from pathlib import Path

from tfpaint.errors import InputError
from tfpaint.pictures.decoding import READABLE_SUFFIXES


def pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in READABLE_SUFFIXES and not path.name.startswith(".")
    )


def find_mask(photo: Path, mask: Path | None) -> Path | None:
    """The mask of a photo: `mask` itself, or the picture of the photo's stem in that folder."""
    if mask is None or not mask.is_dir():
        return mask
    found = [path for path in pictures(mask) if path.stem == photo.stem]
    if len(found) != 1:
        names = " and ".join(path.name for path in found) or "no mask"
        raise InputError(
            f"{photo}: {mask} holds {names} for it; put one picture of that name there"
        )
    return found[0]


def check_written(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Raises an InputError if what is written replaces what is read, or another result."""
    sources = {path.resolve() for path in read if path}
    seen: set[Path] = set()
    for path in filter(None, written):
        place = path.resolve()
        if place in sources:
            raise InputError(f"{path}: is one of the pictures to read; name another file")
        if place in seen:
            raise InputError(
                f"{path}: would hold two pictures; name another folder for the steps, "
                "and give photos of the same name in two runs"
            )
        seen.add(place)
