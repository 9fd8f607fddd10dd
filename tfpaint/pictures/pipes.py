"""Pictures on standard input and output, for which `-` stands in place of a file."""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tfpaint.errors import InputError, system_error

PIPE = Path("-")
_STDIN = Path("/dev/stdin")


def readable(*paths: Path | None) -> list[Any]:
    """The files to read, with the picture on standard input in place of `-`.

    A pipe can be read once only, a picture file is read in several places. So standard input is
    read to its end, and replaced by a file in memory that can be opened by its name.

    Args:
        paths: Files, `-`, or None, which stays None.

    Raises:
        InputError: Several are `-`, or standard input is a terminal, empty, or cannot be read.
    """
    if paths.count(PIPE) > 1:
        raise InputError("-: standard input holds one picture; name a file for the other")
    if PIPE in paths:
        _keep_stdin()
    return [_STDIN if path == PIPE else path for path in paths]


def _keep_stdin() -> None:
    if os.isatty(0):
        raise InputError("-: standard input is a terminal; send a picture: ... < photo.png")
    with open(os.memfd_create("stdin"), "w+b") as kept:
        try:
            with open(0, "rb", closefd=False) as stdin:
                shutil.copyfileobj(stdin, kept)
        except OSError as error:
            raise system_error(error, PIPE) from error
        if kept.tell() == 0:
            raise InputError("-: standard input is empty; check the program that writes to it")
        kept.flush()
        os.dup2(kept.fileno(), 0)


def check_stdout() -> None:
    """Tells, before any work, that standard output is no place for a picture.

    Raises:
        InputError: It is a terminal.
    """
    if sys.stdout.isatty():
        raise InputError("-: standard output is a terminal; send it on: ... > filled.png")


@contextmanager
def to_stdout() -> Iterator[BinaryIO]:
    """Opens a file in memory, and writes it to standard output once it is complete.

    If nobody reads on, the rest is dropped.

    Raises:
        OSError: It cannot be written, as on a full disk.
    """
    file = io.BytesIO()
    yield file
    stdout = sys.stdout.buffer
    try:
        stdout.write(file.getbuffer())
        stdout.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stdout.fileno())  # for what is still in the buffer
        os.close(null)
        if not isinstance(error, BrokenPipeError):
            raise
