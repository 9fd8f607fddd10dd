"""--jobs: photos are filled in threads, while the main thread reads and writes others."""

import argparse
import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from tfpaint.terminal import count, interruptible

T = TypeVar("T")
R = TypeVar("R")

MANY = 8  # photos, above which a graph pays at the first one
MOST = 4  # fills at a time, unless the user asks for more
MEMORY = 2 * 2**30  # bytes of a fill, with the networks


def add_jobs_option(parser: argparse.ArgumentParser) -> None:
    """Defines --jobs."""
    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help=f"photos filled at a time; by default one a core and 2 GB, up to {MOST}",
    )


def default_jobs() -> int:
    """How many photos to fill at a time: one for each core, and for each 2 GiB of free memory."""
    return max(1, min(MOST, cores(), _free_memory() // MEMORY))


def jobs_for(photos: int, asked: int | None = None) -> int:
    """How many of so many photos to fill at a time: as many as asked for, or `default_jobs`."""
    return min(asked or default_jobs(), photos or 1)


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _free_memory() -> int:
    """The bytes that a program can take before the system swaps; without such a figure, a lot."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return MOST * MEMORY


def overlapped(
    fill: Callable[[T], R], photos: Iterable[T], jobs: int
) -> Generator[tuple[T, "Future[R]"]]:
    """Fills photos in threads. Yields each with its outcome, in the order in which they end.

    Meanwhile this thread takes the next one from `photos`, and the caller does what it does with
    those that are ready. Where it has to wait, Ctrl-C ends the program at once. Close it
    (`contextlib.closing`) to leave it early: it waits for the fills that have begun.

    Args:
        fill: Is called in the threads.
        photos: What to call it with.
        jobs: How many are filled at a time. One more is taken from `photos` in advance.
    """
    coming = iter(photos)
    running: dict[Future[R], T] = {}
    threads = ThreadPoolExecutor(jobs)
    try:
        while True:
            fresh = list(islice(coming, jobs + 1 - len(running)))
            with interruptible():  # before a fill begins, which may let no other thread run
                running.update({threads.submit(fill, photo): photo for photo in fresh})
                done, _ = wait(running, return_when=FIRST_COMPLETED)
            if not running:
                return
            for future in [one for one in running if one in done]:
                yield running.pop(future), future
    finally:
        with interruptible():
            threads.shutdown(cancel_futures=True)
