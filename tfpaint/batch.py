"""Inpaint files: pair photos with masks and outputs, then fill them one after another."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfpaint.errors import InputError, system_error
from tfpaint.pictures import files, sheets
from tfpaint.pictures.folders import Masks, check_written, overwriting, result_name, search
from tfpaint.pictures.mask_files import AS_THEY_ARE, MaskOptions, read_pair
from tfpaint.pictures.panorama import is_full_circle
from tfpaint.pictures.pipes import PIPE
from tfpaint.terminal import interruptible

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter

log = logging.getLogger(__name__)


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


def run(
    jobs: Sequence[Job],
    load_inpainter: Callable[[], "Inpainter"],
    mask_options: MaskOptions = AS_THEY_ARE,
    max_pixels: int = files.MAX_PIXELS,
    show: bool = False,
    seed: int = 0,
    wrap: Literal["x", "y", "both"] | None = None,
) -> list[InputError]:
    """Do the jobs. On a terminal, several jobs get a progress bar.

    Args:
        jobs: The jobs, from `plan`.
        load_inpainter: Returns the Inpainter. Called once, after the first photo has been read.
        mask_options: How masks are read.
        max_pixels: Photos and masks with more pixels are refused.
        show: Open the side-by-side pictures on the screen.
        seed: Of the fills, as for `Inpainter`: 0 is the best. Variants begin with it.
        wrap: Which edges of the photos meet, as for `Inpainter`.

    Returns:
        An error for each photo that could not be filled. If the Inpainter cannot be loaded, that
        error comes last and the remaining jobs are dropped.
    """
    inpainter = None
    problems = []
    alone = len(jobs) == 1
    for job in tqdm(jobs, unit="photo", disable=True if alone else None):
        try:
            photo = files.read_photo(job.photo, max_pixels)
            photo, mask = read_pair(photo, job.mask, mask_options, max_pixels)
            job = _renamed(job, photo, jobs)
            for out in job.outs:
                files.output_format(out, photo, job.format)
            if job.steps is not None:
                files.output_format(job.steps)
            if wrap is None and sys.stderr.isatty() and is_full_circle(photo.extras.xmp):
                log.warning(
                    "%s: looks like a 360-degree panorama; --wrap x joins its sides", photo.path
                )
        except InputError as error:
            problems.append(error)
            continue
        except OSError as error:
            problems.append(system_error(error, job.photo))
            continue
        if inpainter is None:
            try:
                inpainter = load_inpainter()
            except InputError as error:
                return [*problems, error]
        try:
            _inpaint(job, photo, mask, inpainter, show, {"seed": seed, "wrap": wrap}, alone)
        except InputError as error:
            problems.append(error)
        except OSError as error:
            problems.append(system_error(error, job.out))
    return problems


def _renamed(job: Job, photo: files.Photo, jobs: Sequence[Job]) -> Job:
    """The job, with a .png output if that may be and its own format cannot hold the photo."""
    if not job.renamed or files.can_hold(job.out, photo):
        return job
    job = replace(job, out=job.out.with_suffix(".png"))
    check_written([], [*job.outs, *(out for other in jobs for out in other.outs)])
    names = " and ".join(map(str, job.outs))
    log.warning("%s: is transparent, and is written as %s", job.photo, names)
    return job


def _inpaint(
    job: Job,
    photo: files.Photo,
    mask: np.ndarray,
    inpainter: "Inpainter",
    show: bool,
    settings: dict[str, Any],
    alone: bool,
) -> None:
    with_steps = show or job.steps is not None
    how: dict[str, Any] = settings | (
        {"steps": True} if with_steps else {"variants": len(job.outs)}
    )
    try:
        with interruptible(), _bar_of_windows(alone) as progress:
            if progress is not None:
                how["progress"] = progress
            result: Any = inpainter(photo.colours, mask, unknown=photo.unknown, **how)
            fills = [result.image] if with_steps else result
    except InputError as error:
        pair = f"{job.photo} with {job.mask}" if job.mask else job.photo
        raise InputError(f"{pair}: {error}") from error
    for out, fill in zip(job.outs, fills, strict=True):
        files.write_photo(out, photo.filled(fill, mask), job.format)
    if with_steps:
        sheet = sheets.side_by_side(
            [
                sheets.mark_hole(photo.pixels, mask),
                *map(files.as_uint8, (result.coarse, result.image)),
            ],
            ["photo and hole", "coarse fill", "result"],
        )
        if job.steps is not None:
            files.write_picture(job.steps, sheet)
        if show:
            Image.fromarray(sheet).show(job.out.name)


@contextmanager
def _bar_of_windows(alone: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar of one photo's windows on a terminal, if it takes more than two seconds."""
    if not alone or not sys.stderr or not sys.stderr.isatty():
        yield None
        return
    with tqdm(unit="window", delay=2, leave=False) as bar:

        def progress(index: int, count: int) -> None:
            bar.total = count
            bar.update(index - bar.n)

        yield progress
