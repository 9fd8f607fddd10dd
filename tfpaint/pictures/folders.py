"""Find the pictures in a folder and the mask of a photo; protect files from being overwritten."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import TypeVar
from unicodedata import normalize

from tfpaint.errors import InputError, system_error
from tfpaint.pictures.files import WRITABLE_FORMATS
from tfpaint.pictures.formats import is_picture

P = TypeVar("P", str, Path)
_NAMED = 20  # files left out that are named


@dataclass
class Found:
    """What is in a folder, in order of name.

    Args:
        pictures: The pictures by content or suffix, readable or not.
        others: The files that are no pictures.
        folders: The subfolders that were not searched.
        problems: An error for each subfolder that the system does not let us read.
    """

    pictures: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    problems: list[InputError] = field(default_factory=list)

    def left_out(self) -> list[str]:
        """A line for each reason to leave something out, with the names."""
        return left_out(self.others, self.folders)


def left_out(others: Sequence[object], subfolders: Sequence[object] = ()) -> list[str]:
    """The lines on files that are no pictures, and on subfolders that were not searched."""
    reasons = (
        ("not pictures", others),
        ("subfolders, which --recursive takes too", subfolders),
    )
    return [f"left out ({reason}): {_listed(paths)}" for reason, paths in reasons if paths]


def _listed(paths: Sequence[object]) -> str:
    more = len(paths) - _NAMED
    names = ", ".join(map(str, paths[:_NAMED]))
    return f"{names} and {more} more" if more > 0 else names


def search(folder: Path, recursive: bool = False, apart: Iterable[Path | None] = ()) -> Found:
    """Find the pictures of a folder. Hidden files and folders are passed over.

    Args:
        folder: An existing folder.
        recursive: Search its subfolders too; links are followed, each folder is searched once.
        apart: Files and folders that are not looked at, such as the masks and the results.

    Raises:
        OSError: The folder cannot be read.
    """
    found = Found()
    seen = {os.path.realpath(path) for path in apart if path is not None}
    _search(folder, os.path.realpath(folder), recursive, seen, found)
    return found


def _search(folder: Path, real: str, recursive: bool, seen: set[str], found: Found) -> None:
    seen.add(real)
    with os.scandir(folder) as entries:
        shown = sorted((one for one in entries if one.name[0] != "."), key=lambda one: one.name)
    for entry in shown:
        path, place = folder / entry.name, os.path.join(real, entry.name)
        link = entry.is_symlink()
        if link:
            place = os.path.realpath(place)
        if place in seen:
            continue
        if not (os.path.isdir(path) if link else entry.is_dir()):
            readable = os.path.isfile(path) or not os.path.exists(path) if link else entry.is_file()
            picture = readable and is_picture(path, partial(open, path, "rb"))
            (found.pictures if picture else found.others).append(path)
        elif recursive:
            try:
                _search(path, place, recursive, seen, found)
            except OSError as error:
                found.problems.append(system_error(error, path))
        else:
            found.folders.append(path)


def result_name(photo: PurePath) -> PurePath:
    """The name of a photo's result: its own, with .png in place of a suffix of no writable format.

    Args:
        photo: The photo's name, which may include folders.
    """
    return photo if photo.suffix.lower() in WRITABLE_FORMATS else photo.with_suffix(".png")


def by_name(files: Iterable[tuple[PurePath, P]]) -> dict[str, list[P]]:
    """Files by their names without suffix, in one Unicode form: masks, to be found by `mask_of`.

    Args:
        files: The name of each file, relative to the folder of all, and the file.
    """
    found = defaultdict(list)
    for name, file in files:
        found[_key(name)].append(file)
    return dict(found)


def _key(name: PurePath) -> str:
    return normalize("NFC", os.path.splitext(name)[0])


def mask_of(photo: P, name: PurePath, masks: Mapping[str, Sequence[P]], folder: object) -> P:
    """The mask of a photo: the file that has its name, whatever the suffix.

    Args:
        photo: The photo, for the error message.
        name: Its name, relative to the folder of all photos.
        masks: From `by_name`.
        folder: The folder of the masks, for the error message.

    Raises:
        InputError: There is no such mask, or several.
    """
    own = masks.get(_key(name), ())
    if not own:
        raise InputError(f"{photo}: no mask in {folder}; add one as {name.with_suffix('.png')}")
    if len(own) > 1:
        names = " and ".join(PurePath(path).name for path in own)
        raise InputError(f"{photo}: several masks in {folder}: {names}; keep one of them")
    return own[0]


class Masks:
    """The masks of photos: one file for all of them, one in a folder for each, or none.

    Args:
        mask: A file, a folder, or None.
        recursive: Take masks of subfolders for the photos of subfolders of the same name.

    Raises:
        OSError: The folder cannot be read.
    """

    def __init__(self, mask: Path | None, recursive: bool = False):
        self._mask = mask
        self._found: dict[str, list[Path]] | None = None
        if mask is not None and mask.is_dir():
            found = search(mask, recursive).pictures
            self._found = by_name((path.relative_to(mask), path) for path in found)

    def of(self, photo: Path, name: PurePath | None = None) -> Path | None:
        """The file with the mask of a photo, or None.

        Args:
            photo: The photo.
            name: Its name, relative to the folder of all photos.

        Raises:
            InputError: The folder has no such mask, or several.
        """
        if self._found is None:
            return self._mask
        return mask_of(photo, name or PurePath(photo.name), self._found, self._mask)


def check_written(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Make sure that no output overwrites an input or another output.

    Args:
        read: The files to read; None is skipped.
        written: The files to write; None is skipped.

    Raises:
        InputError: An output is also an input, or the same file as another output.
    """
    for error in overwriting(read, [(None, path) for path in written if path]).values():
        raise error


def overwriting(
    read: Iterable[Path | None], written: Sequence[tuple[Path | None, Path]]
) -> dict[Path, InputError]:
    """Find the outputs that would overwrite an input or another output.

    Args:
        read: The files to read; None is skipped.
        written: Pairs of a photo (None for the only one) and a file to write for it.

    Returns:
        An error for each of those files to write.
    """
    folders: dict[str, str] = {}

    def place(path: Path) -> str:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        found = os.path.join(folders[folder], name)
        return os.path.realpath(found) if os.path.islink(found) else found

    sources = {place(path) for path in read if path}
    writers = defaultdict(list)
    for photo, path in written:
        writers[place(path)].append((photo, path))
    errors = {}
    for where, pairs in writers.items():
        for _, path in pairs:
            photos = dict.fromkeys(photo for photo, _ in pairs)
            if where in sources:
                message = "is one of the pictures to read; name another file"
                errors[path] = InputError(f"{path}: {message}")
            elif len(photos) > 1:
                errors[path] = two_results(path, photos)
            elif len(pairs) > 1:
                message = "would hold two pictures; give one of them another name"
                errors[path] = InputError(f"{path}: {message}")
    return errors


def two_results(path: object, photos: Iterable[object]) -> InputError:
    """The error that one file would hold the results of several photos."""
    names = " and ".join(map(str, photos))
    return InputError(f"{path}: would hold the results of {names}; rename one of them")
