"""The files of a bulk job, on any file system that Beam knows: local, gs://, s3://, hdfs://."""

import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from apache_beam.io.filesystems import FileSystems

from serving.bulk_plan import Job, match
from tfpaint.errors import InputError
from tfpaint.pictures import files

MANIFEST = "manifest.jsonl"
DEAD_LETTERS = "dead-letter.jsonl"
RECORDS = "records"
_TEMPORARY = ".tfpaint-"
Record = dict[str, Any]


def finished(job: Job, output: str) -> Record | None:
    """The record of a job whose result exists, whichever run made it; None if there is none."""
    if not FileSystems.exists(job.out):
        return None
    with suppress(OSError, ValueError), FileSystems.open(_record_path(job, output)) as file:
        return json.loads(file.read())
    return record(job, None, None)


def record(job: Job, began: float | None, error: str | None) -> Record:
    """A line of the manifest.

    Args:
        job: What was to be done.
        began: When it began, by `time.monotonic`; None if that is not known.
        error: Why it failed, or None.
    """
    seconds = None if began is None else round(time.monotonic() - began, 3)
    return {
        "input": job.photo,
        "mask": job.mask,
        "output": None if error else job.out,
        "seconds": seconds,
        "error": error,
    }


def write(job: Job, photo: files.Photo, output: str, began: float) -> None:
    """Writes a result under a temporary name, then its record, and last renames the result.

    So there is never half a result, nor one without a record. Beam may run a job twice at the same
    time, so each attempt has a temporary name of its own.
    """
    name = PurePosixPath(job.out).name
    temporary = join(output, f"{_TEMPORARY}{uuid.uuid4().hex}")
    for path in (_record_path(job, output), job.out):
        _make_folder(os.path.dirname(path))
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder, name)
            files.write_photo(result, photo)
            with FileSystems.create(temporary) as file:
                file.write(result.read_bytes())
        with FileSystems.create(_record_path(job, output)) as file:
            file.write(json.dumps(record(job, began, None)).encode())
        FileSystems.rename([temporary], [job.out])
    except BaseException:
        with suppress(OSError):
            FileSystems.delete([temporary])
        raise


def write_manifest(records: Iterable[Record], output: str) -> None:
    """Writes the manifest and the dead-letter list, and deletes what killed runs have left.

    Each file is written whole or not at all.
    """
    lines = sorted(records, key=lambda entry: entry["input"])
    _make_folder(output)
    for name, entries in (
        (MANIFEST, lines),
        (DEAD_LETTERS, [entry for entry in lines if entry["error"]]),
    ):
        temporary = join(output, f".{name}")
        with FileSystems.create(temporary) as file:
            file.write("".join(json.dumps(entry) + "\n" for entry in entries).encode())
        FileSystems.rename([temporary], [join(output, name)])
    if left := match(join(output, f"{_TEMPORARY}*")):
        FileSystems.delete(left)


def count_failed(output: str) -> int:
    """The number of lines in the dead-letter list."""
    with FileSystems.open(join(output, DEAD_LETTERS)) as file:
        return file.read().count(b"\n")


@contextmanager
def local(path: str) -> Iterator[Path]:
    """A local path of a file; one that is elsewhere is copied for as long as the context lasts.

    Raises:
        InputError: The file cannot be read.
    """
    if FileSystems.get_scheme(path) is None:
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, PurePosixPath(path).name)
        try:
            with FileSystems.open(path) as file:
                copy.write_bytes(file.read())
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error}); check the name") from error
        yield copy


def join(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return FileSystems.join(folder, name)


def _record_path(job: Job, output: str) -> str:
    name = PurePosixPath(job.out).relative_to(output)
    return FileSystems.join(output, RECORDS, *name.parent.parts, f"{name.name}.json")


def _make_folder(path: str) -> None:
    with suppress(OSError):  # it exists already, or an object store has no folders
        FileSystems.mkdirs(path)
