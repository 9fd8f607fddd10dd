"""Which files to inpaint: pairs photos with masks and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tfpaint.errors import InputError
from tfpaint.pictures import files
from tfpaint.pictures.folders import Masks, check_written, overwriting, result_name, search
from tfpaint.pictures.pipes import PIPE


@dataclass(frozen=True)
class Job:
    """One photo to inpaint.

    Args:
        photo: The photo file to read.
        mask: The mask file, white = missing. None: the photo's transparent pixels are missing.
        out: The file to write the result to.
        steps: The file to write the side-by-side picture to, or None.
        renamed: `out` becomes a .png file where its format cannot hold the photo.
        variants: Write so many results, to `outs` in place of `out`; then there is no `steps`.
        format: The format of `out`, if not that of its suffix.
    """

    photo: Path
    mask: Path | None
    out: Path
    steps: Path | None = None
    renamed: bool = False
    variants: int | None = None
    format: str | None = None

    @property
    def outs(self) -> list[Path]:
        """The files of the results: `out`; of variants OUT-1.png, OUT-2.png and so on."""
        if self.variants is None:
            return [self.out]
        numbers = range(1, self.variants + 1)
        return [self.out.with_stem(f"{self.out.stem}-{number}") for number in numbers]

    @property
    def written(self) -> list[Path]:
        """All files that the job writes."""
        return [*self.outs, *([] if self.steps is None else [self.steps])]


class Plan(NamedTuple):
    """The jobs, an error for each photo that has none, and lines on what is left out."""

    jobs: list[Job]
    problems: list[InputError]
    left_out: list[str]


def plan(
    photo: Path,
    mask: Path | None,
    out: Path,
    steps: Path | None = None,
    recursive: bool = False,
    variants: int | None = None,
    format: str | None = None,
) -> Plan:
    """Plan the jobs for one photo, or for a folder of photos.

    Args:
        photo: A file or a folder.
        mask: One file for all photos, a folder with a mask of the same stem for each photo, or
            None for the transparent pixels of each photo.
        out: The file for one photo; the folder for a folder of photos. There, each result has the
            name of its photo, with .png in place of a suffix of no writable format.
        steps: The file or folder for the side-by-side pictures, or None. In a folder they have
            the names of the results, with .png.
        recursive: Take the photos of subfolders too. Masks and results lie in the same subfolders.
        variants: As for `Job`; not with `steps`.
        format: As for `Job`; of one photo.

    Raises:
        InputError: A file or folder is missing, a folder has no pictures, an output's format is
            unknown, or the output of one photo would overwrite an input or another output.
        OSError: The system refuses to look at a file or folder.
    """
    if mask is not None and not mask.exists():
        raise InputError(f"{mask}: no such mask; check the name")
    if not photo.exists():
        raise InputError(f"{photo}: no such file or folder; check the name")
    if photo.is_dir():
        return _plan_folder(photo, mask, out, steps, recursive, variants)
    if steps is not None and steps.is_dir():
        steps = steps / f"{photo.stem if out == PIPE else out.stem}.png"
    job = Job(photo, None, out, steps, variants=variants, format=format)
    for path in [out] if out.is_dir() else job.written:
        files.output_format(path, name=format if path == out else None)
    job = replace(job, mask=Masks(mask).of(photo))
    check_written([job.photo, job.mask], job.written)
    return Plan([job], [], [])


def _plan_folder(
    folder: Path,
    mask: Path | None,
    out: Path,
    steps: Path | None,
    recursive: bool,
    variants: int | None,
) -> Plan:
    read = {path.resolve() for path in (folder, mask) if path is not None}
    for written in filter(None, (out, steps)):
        if written.exists() and not written.is_dir():
            raise InputError(f"{written}: is a file; for a folder of photos name a folder")
        if written.resolve() in read:
            raise InputError(f"{written}: holds the photos or masks; name another folder")
    if steps is not None and steps.resolve() == out.resolve():
        raise InputError(f"{steps}: would hold results and steps; name another folder for one")
    found = search(folder, recursive, apart=(mask, out, steps))
    if not found.pictures and not found.problems:
        raise InputError("; ".join([f"{folder}: holds no pictures", *found.left_out()]))
    problems, jobs, masks = found.problems, [], Masks(mask, recursive)
    for photo in found.pictures:
        name = photo.relative_to(folder)
        result = out / result_name(name)
        try:
            own = masks.of(photo, name)
        except InputError as error:
            problems.append(error)
            continue
        side_by_side = steps and steps / name.with_suffix(".png")
        jobs.append(Job(photo, own, result, side_by_side, renamed=True, variants=variants))
    free, clashes = _apart(jobs)
    return Plan(free, problems + clashes, found.left_out())


def _apart(jobs: Sequence[Job]) -> tuple[list[Job], list[InputError]]:
    """The jobs that overwrite nothing, and an error on the first such file of each other one."""
    read = [path for job in jobs for path in (job.photo, job.mask)]
    written = {job: job.written for job in jobs}
    clashes = overwriting(read, [(job.photo, path) for job in jobs for path in written[job]])
    errors = {job: [clashes[path] for path in written[job] if path in clashes] for job in jobs}
    free = [job for job in jobs if not errors[job]]
    return free, list(dict.fromkeys(found[0] for found in errors.values() if found))
