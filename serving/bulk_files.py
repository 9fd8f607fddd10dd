"""The files of a bulk job, on any file system that Beam knows: local, gs://, s3://, hdfs://."""

import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from apache_beam.io.filesystems import FileSystems

from tfpaint.errors import InputError
from tfpaint.pictures import files
from tfpaint.pictures.decoding import READABLE_SUFFIXES

MANIFEST = "manifest.jsonl"
DEAD_LETTERS = "dead-letter.jsonl"
RECORDS = "records"
_TEMPORARY = ".tfpaint-"
Record = dict[str, Any]


class Job(NamedTuple):
    """A photo, its mask (None: there is none) and where the result goes."""

    photo: str
    mask: str | None
    out: str


def plan(pattern: str, mask: str, output: str) -> list[Job]:
    """Find the photos and their masks.

    Args:
        pattern: A folder, or a pattern such as "photos/*.jpg".
        mask: One mask for all, or a folder that has a mask of each photo's stem.
        output: The folder of the results, which keep their photos' names; .png takes the place
            of a suffix that cannot be written.

    Raises:
        InputError: No photos, no masks, two results of one name, or a result that would replace a
            photo or a mask.
    """
    folder = [] if set("*?[") & set(pattern) else _pictures(join(pattern, "*"))
    photos = folder or _match(pattern)
    if not photos:
        raise InputError(f"{pattern}: no such photos; quote the pattern and check the folder")
    found: dict[str, list[str]] = {}
    for one in _pictures(join(mask, "*")):
        found.setdefault(PurePosixPath(one).stem, []).append(one)
    if not found and not FileSystems.exists(mask):
        raise InputError(f"{mask}: no such mask; check the name")
    taken = {_real(path) for path in [*photos, mask, *sum(found.values(), [])]}
    jobs: dict[str, Job] = {}
    for photo in photos:
        path = PurePosixPath(photo)
        writable = path.suffix.lower() in files.WRITABLE_FORMATS
        name = path.name if writable else f"{path.stem}.png"
        out = join(output, name)
        if _real(out) in taken:
            raise InputError(f"{output}: holds the photos or masks; name another folder")
        if out in jobs:
            raise InputError(
                f"{out}: would hold two results; give photos of the same name in two runs"
            )
        own = found.get(path.stem, [])
        jobs[out] = Job(photo, (own[0] if len(own) == 1 else None) if found else mask, out)
    return list(jobs.values())


def finished(job: Job, output: str) -> Record | None:
    """The record of a job whose result is there, from whichever run made it."""
    if not FileSystems.exists(job.out):
        return None
    with suppress(OSError, ValueError), FileSystems.open(_record_path(job, output)) as file:
        return json.loads(file.read())
    return record(job, None, None)


def record(job: Job, began: float | None, error: str | None) -> Record:
    """A line of the manifest."""
    seconds = None if began is None else round(time.monotonic() - began, 3)
    return {
        "input": job.photo,
        "mask": job.mask,
        "output": None if error else job.out,
        "seconds": seconds,
        "error": error,
    }


def write(job: Job, photo: files.Photo, output: str, began: float) -> None:
    """Write the result, then its record, and last give the result its name.

    So a result is never half, and never without a record. Engines may try a job twice at a time:
    each try has a temporary name of its own.
    """
    name = PurePosixPath(job.out).name
    temporary = join(output, f"{_TEMPORARY}{uuid.uuid4().hex}")
    _make_folder(join(output, RECORDS))
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, name)
        files.write_photo(result, photo)
        with FileSystems.create(temporary) as file:
            file.write(result.read_bytes())
    with FileSystems.create(_record_path(job, output)) as file:
        file.write(json.dumps(record(job, began, None)).encode())
    FileSystems.rename([temporary], [job.out])


def write_manifest(records: Iterable[Record], output: str) -> None:
    """Write the manifest and the dead-letter list, each whole, and tidy up after killed runs."""
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
    if left := _match(join(output, f"{_TEMPORARY}*")):
        FileSystems.delete(left)


def count_failed(output: str) -> int:
    """How many lines the dead-letter list has."""
    with FileSystems.open(join(output, DEAD_LETTERS)) as file:
        return file.read().count(b"\n")


@contextmanager
def local(path: str) -> Iterator[Path]:
    """A file on this machine's disk, copied there if it is elsewhere.

    Raises:
        InputError: It cannot be had.
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
    return FileSystems.join(folder, name)


def _real(path: str) -> str:
    return os.path.realpath(path) if FileSystems.get_scheme(path) is None else path


def _record_path(job: Job, output: str) -> str:
    return join(join(output, RECORDS), f"{PurePosixPath(job.out).name}.json")


def _make_folder(path: str) -> None:
    with suppress(OSError):  # it is there; object stores have none
        FileSystems.mkdirs(path)


def _pictures(pattern: str) -> list[str]:
    """The picture files that match, without hidden ones."""
    return [
        path
        for path in _match(pattern)
        if PurePosixPath(path).suffix.lower() in READABLE_SUFFIXES
        and not PurePosixPath(path).name.startswith(".")
    ]


def _match(pattern: str) -> list[str]:
    (result,) = FileSystems.match([pattern])
    return sorted(metadata.path for metadata in result.metadata_list)
