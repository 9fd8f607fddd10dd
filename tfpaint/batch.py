"""Inpaint files: pair photos with masks and outputs, then fill them one after another."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfpaint.errors import InputError
from tfpaint.pictures import files, masks, sheets
from tfpaint.pictures.folders import check_written, find_mask, pictures

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter


@dataclass(frozen=True)
class Job:
    """One photo to inpaint.

    Args:
        photo: The photo file to read.
        mask: The mask file, white = missing. None: the photo's transparent pixels are missing.
        out: The file to write the result to.
        steps: The file to write the side-by-side picture to, or None.
    """

    photo: Path
    mask: Path | None
    out: Path
    steps: Path | None = None


def plan(
    photo: Path, mask: Path | None, out: Path, steps: Path | None = None
) -> tuple[list[Job], list[InputError]]:
    """Plan the jobs for one photo, or for a folder of photos.

    Args:
        photo: A file or a folder.
        mask: One file for all photos, a folder with a mask of the same stem for each photo, or
            None for the transparent pixels of each photo.
        out: The file for one photo; the folder for a folder of photos. There, each result has the
            name of its photo, with .png in place of a suffix of no writable format.
        steps: The file or folder for the side-by-side pictures, or None. In a folder they have
            the names of the results, with .png.

    Returns:
        The jobs, and an error for each photo in the folder without exactly one mask.

    Raises:
        InputError: A file or folder is missing, a folder has no pictures, an output's format is
            unknown, or an output would overwrite an input or another output.
    """
    if mask is not None and not mask.exists():
        raise InputError(f"{mask}: no such mask; check the name")
    if not photo.exists():
        raise InputError(f"{photo}: no such file or folder; check the name")
    if not photo.is_dir():
        steps = steps / f"{out.stem}.png" if steps is not None and steps.is_dir() else steps
        for path in filter(None, (out, steps)):
            files.output_format(path)
        jobs = [Job(photo, find_mask(photo, mask), out, steps)]
        _check(jobs)
        return jobs, []

    sources = {path.resolve() for path in (photo, mask) if path is not None}
    for folder in filter(None, (out, steps)):
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file; for a folder of photos name a folder")
        if folder.resolve() in sources:
            raise InputError(f"{folder}: holds the photos or masks; name another folder")
    photos = pictures(photo)
    if not photos:
        raise InputError(f"{photo}: holds no pictures; name a folder that does")
    jobs = []
    problems: list[InputError] = []
    for path in photos:
        writable = path.suffix.lower() in files.WRITABLE_FORMATS
        result = out / (path.name if writable else f"{path.stem}.png")
        try:
            found = find_mask(path, mask)
        except InputError as error:
            problems.append(error)
            continue
        jobs.append(Job(path, found, result, steps and steps / f"{path.stem}.png"))
    _check(jobs)
    return jobs, problems


def run(
    jobs: Sequence[Job],
    load_inpainter: Callable[[], "Inpainter"],
    resize_masks: bool = False,
    max_pixels: int = files.MAX_PIXELS,
    show: bool = False,
) -> list[InputError]:
    """Do the jobs. On a terminal, several jobs get a progress bar.

    Args:
        jobs: The jobs, from `plan`.
        load_inpainter: Returns the Inpainter. Called once, after the first photo has been read.
        resize_masks: Stretch masks of another size to the size of their photos.
        max_pixels: Photos and masks with more pixels are refused.
        show: Open the side-by-side pictures on the screen.

    Returns:
        An error for each photo that could not be filled. If the Inpainter cannot be loaded, that
        error comes last and the remaining jobs are dropped.
    """
    inpainter = None
    problems = []
    for job in tqdm(jobs, unit="photo", disable=None if len(jobs) > 1 else True):
        try:
            photo = files.read_photo(job.photo, max_pixels)
            if job.mask is None:
                mask, photo = masks.transparency(photo), photo.opaque()
            else:
                mask = masks.read_mask(job.mask, max_pixels)
                mask = masks.fit_mask(mask, photo, job.mask, resize_masks)
            files.output_format(job.out, photo)
        except InputError as error:
            problems.append(error)
            continue
        if inpainter is None:
            try:
                inpainter = load_inpainter()
            except InputError as error:
                return [*problems, error]
        try:
            _inpaint(job, photo, mask, inpainter, show)
        except InputError as error:
            problems.append(error)
    return problems


def _inpaint(
    job: Job, photo: files.Photo, mask: np.ndarray, inpainter: "Inpainter", show: bool
) -> None:
    with_steps = show or job.steps is not None
    try:
        with _interruptible():
            result = inpainter(photo.pixels, mask, steps=with_steps)
    except InputError as error:
        pair = f"{job.photo} with {job.mask}" if job.mask else job.photo
        raise InputError(f"{pair}: {error}") from error
    files.write_photo(job.out, photo.filled(result.image if with_steps else result, mask))
    if with_steps:
        sheet = sheets.side_by_side(
            [sheets.mark_hole(photo.pixels, mask), result.coarse, result.image],
            ["photo and hole", "coarse fill", "result"],
        )
        if job.steps is not None:
            files.write_picture(job.steps, sheet)
        if show:
            Image.fromarray(sheet).show(job.out.name)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the program at once; by default Python waits for TensorFlow to return.

    Outside the main thread, or with another handler installed, nothing is changed.
    """
    mine = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    if not mine or handler is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _check(jobs: Sequence[Job]) -> None:
    pairs = [((job.photo, job.mask), (job.out, job.steps)) for job in jobs]
    check_written(chain(*(read for read, _ in pairs)), chain(*(written for _, written in pairs)))
