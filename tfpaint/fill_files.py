"""Inpaint files: reads photos and masks, fills the holes and writes the results."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfpaint.batch import Job
from tfpaint.errors import InputError, system_error
from tfpaint.overlap import MANY, overlapped
from tfpaint.pictures import files, sheets
from tfpaint.pictures.folders import check_written
from tfpaint.pictures.mask_files import AS_THEY_ARE, MaskOptions, read_pair
from tfpaint.pictures.panorama import is_full_circle

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter

log = logging.getLogger(__name__)


class _Read(NamedTuple):
    """A job with its pictures in memory, and its number among the jobs."""

    number: int
    job: Job
    photo: files.Photo
    mask: np.ndarray


def run(
    jobs: Sequence[Job],
    load_inpainter: Callable[[], "Inpainter"],
    mask_options: MaskOptions = AS_THEY_ARE,
    max_pixels: int = files.MAX_PIXELS,
    show: bool = False,
    seed: int = 0,
    wrap: Literal["x", "y", "both"] | None = None,
    at_a_time: int = 1,
) -> list[InputError]:
    """Do the jobs. On a terminal, several jobs get a progress bar.

    Args:
        jobs: The jobs, from `tfpaint.batch.plan`.
        load_inpainter: Returns the Inpainter. Called once, after the first photo has been read.
        mask_options: How masks are read.
        max_pixels: Photos and masks with more pixels are refused.
        show: Open the side-by-side pictures on the screen.
        seed: Of the fills, as for `Inpainter`: 0 is the best. Variants begin with it.
        wrap: Which edges of the photos meet, as for `Inpainter`.
        at_a_time: How many photos to fill at a time, in threads.

    Returns:
        An error for each photo that could not be filled, in the order of the jobs. If the
        Inpainter cannot be loaded, that error comes last and the remaining jobs are dropped.
    """
    problems: dict[int, InputError] = {}
    inpainter: Any = None
    alone = len(jobs) == 1

    def readable() -> Iterator[_Read]:
        nonlocal inpainter
        for number, job in enumerate(jobs):
            with _noting(problems, number, job.photo):
                read = _Read(number, *_read(job, jobs, mask_options, max_pixels, wrap))
            if number in problems:
                bar.update()
                continue
            if inpainter is None:
                try:
                    inpainter = load_inpainter()
                except InputError as error:
                    problems[len(jobs)] = error
                    return
                if len(jobs) > MANY:
                    inpainter.untraced = 0
            yield read

    def fill(read: _Read) -> Any:
        return _fill(read, inpainter, show, {"seed": seed, "wrap": wrap}, alone)

    with (
        tqdm(total=len(jobs), unit="photo", disable=True if alone else None) as bar,
        closing(overlapped(fill, readable(), at_a_time)) as filled,
    ):
        for read, result in filled:
            with _noting(problems, read.number, read.job.out):
                _write(read, result.result(), show)
            bar.update()
    return [problems[number] for number in sorted(problems)]


@contextmanager
def _noting(problems: dict[int, InputError], number: int, path: Path) -> Iterator[None]:
    """Notes what the user can mend as the problem of a number, and goes on."""
    try:
        yield
    except InputError as error:
        problems[number] = error
    except OSError as error:
        problems[number] = system_error(error, path)


def _read(
    job: Job,
    jobs: Sequence[Job],
    mask_options: MaskOptions,
    max_pixels: int,
    wrap: str | None,
) -> tuple[Job, files.Photo, np.ndarray]:
    """The job as it can be written, its photo and its mask."""
    photo = files.read_photo(job.photo, max_pixels)
    photo, mask = read_pair(photo, job.mask, mask_options, max_pixels)
    job = _renamed(job, photo, jobs)
    for out in job.outs:
        files.output_format(out, photo, job.format)
    if job.steps is not None:
        files.output_format(job.steps)
    if wrap is None and sys.stderr.isatty() and is_full_circle(photo.extras.xmp):
        log.warning("%s: looks like a 360-degree panorama; --wrap x joins its sides", photo.path)
    return job, photo, mask


def _renamed(job: Job, photo: files.Photo, jobs: Sequence[Job]) -> Job:
    """The job, with a .png output if that may be and its own format cannot hold the photo."""
    if not job.renamed or files.can_hold(job.out, photo):
        return job
    job = replace(job, out=job.out.with_suffix(".png"))
    check_written([], [*job.outs, *(out for other in jobs for out in other.outs)])
    names = " and ".join(map(str, job.outs))
    log.warning("%s: is transparent, and is written as %s", job.photo, names)
    return job


def _fill(
    read: _Read, inpainter: "Inpainter", show: bool, settings: dict[str, Any], alone: bool
) -> Any:
    """What the Inpainter returns: `Steps` if they are shown or written, else a list of variants."""
    _, job, photo, mask = read
    with_steps = show or job.steps is not None
    how: dict[str, Any] = settings | (
        {"steps": True} if with_steps else {"variants": len(job.outs)}
    )
    try:
        with _bar_of_windows(alone) as progress:
            if progress is not None:
                how["progress"] = progress
            return inpainter(photo.colours, mask, unknown=photo.unknown, **how)
    except InputError as error:
        pair = f"{job.photo} with {job.mask}" if job.mask else job.photo
        raise InputError(f"{pair}: {error}") from error


def _write(read: _Read, result: Any, show: bool) -> None:
    _, job, photo, mask = read
    with_steps = show or job.steps is not None
    fills = [result.image] if with_steps else result
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
