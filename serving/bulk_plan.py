"""Which photos a bulk job fills, and with which masks: as `tfpaint inpaint` does on a folder."""

import os
from collections import defaultdict
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from apache_beam.io.filesystems import FileSystems

from tfpaint.errors import InputError
from tfpaint.pictures import folders
from tfpaint.pictures.formats import is_picture


class Job(NamedTuple):
    """The paths of a photo, of its mask and of the result; or the problem that it has none."""

    photo: str
    mask: str | None
    out: str
    problem: str | None = None


class Found(NamedTuple):
    """Pictures by their names below the folder of all, and a line for each kind left out."""

    pictures: dict[str, PurePath]
    left_out: list[str]


def plan(
    pattern: str, mask: str, output: str, recursive: bool = False
) -> tuple[list[Job], list[str]]:
    """Finds the photos and their masks.

    Args:
        pattern: A folder, or a pattern such as "photos/*.jpg".
        mask: One mask for all, or a folder with a mask of each photo's name, the suffix aside.
        output: The folder of the results. They keep their photos' names, but for the suffix of a
            format that cannot be written, which becomes .png.
        recursive: Take the photos of a folder's subfolders too. Masks and results lie in the same
            subfolders.

    Returns:
        The jobs, and lines on the files that are left out.

    Raises:
        InputError: There are no photos or masks, or the folder of the results holds some.
        OSError: The system refuses to look at a file or folder.
    """
    photos, left_out = _find(pattern, recursive, apart=(mask, output))
    if not photos:
        raise InputError(f"{pattern}: no such photos; quote the pattern and check the folder")
    one_for_all = _is_file(mask)
    masks = {} if one_for_all else _find(mask, recursive).pictures
    if not masks and not FileSystems.exists(mask):
        raise InputError(f"{mask}: no such mask; check the name")
    read = {os.path.dirname(path) for path in (*photos, *masks, mask)}
    if _real(output) in {_real(folder) for folder in read}:
        raise InputError(f"{output}: holds the photos or masks; name another folder")
    own = None if one_for_all else folders.by_name((name, path) for path, name in masks.items())
    results = defaultdict(list)
    for photo, name in photos.items():
        results[_join(output, folders.result_name(name))].append(photo)
    jobs = []
    for out, same in results.items():
        for photo in same:
            try:
                if len(same) > 1:
                    raise folders.two_results(out, same)
                found = mask if own is None else folders.mask_of(photo, photos[photo], own, mask)
                jobs.append(Job(photo, found, out))
            except InputError as error:
                jobs.append(Job(photo, None, out, str(error)))
    return jobs, left_out


def _find(where: str, recursive: bool, apart: tuple[str, ...] = ()) -> Found:
    """The pictures of a folder, or those that match a pattern."""
    if os.path.isdir(where):
        found = folders.search(Path(where), recursive, [Path(path) for path in apart])
        for problem in found.problems:
            raise problem
        return Found(
            {str(path): path.relative_to(where) for path in found.pictures}, found.left_out()
        )
    pattern = set("*?[") & set(where)
    below = "" if pattern else FileSystems.join(where, "")
    paths = [] if pattern else match(FileSystems.join(where, "**" if recursive else "*"))
    pictures: dict[str, PurePath] = {}
    others = []
    for path in paths or match(where):
        name = PurePosixPath(path.removeprefix(below) if paths else PurePosixPath(path).name)
        if any(part.startswith(".") for part in name.parts):
            continue
        if is_picture(name, partial(FileSystems.open, path)):
            pictures[path] = name
        else:
            others.append(path)
    return Found(pictures, folders.left_out(others))


def match(pattern: str) -> list[str]:
    """The files that match a pattern, in order of name."""
    (result,) = FileSystems.match([pattern])
    return sorted(metadata.path for metadata in result.metadata_list)


def _is_file(mask: str) -> bool:
    return os.path.isfile(mask) or not os.path.isdir(mask) and bool(match(mask))


def _join(folder: str, name: PurePath) -> str:
    return FileSystems.join(folder, *name.parts)


def _real(path: str) -> str:
    return os.path.realpath(path) if FileSystems.get_scheme(path) is None else path.rstrip("/")
