"""Shares the photos of a bulk job among the workers of a Dask cluster.

Beam's own Dask runner cannot do it. As of 2.77 it gives every consumer of a step all its outputs,
whatever their tags, and loses what a step yields at the end of a bundle.
"""

from collections.abc import Callable, Sequence

from dask.distributed import Client

from serving import bulk_files
from serving.bulk_files import Record
from serving.bulk_plan import Job
from tfpaint.errors import InputError

CONNECT_SECONDS = 10


def run(address: str, fill: Callable[[Job], Record], jobs: Sequence[Job]) -> list[Record]:
    """Does every job on some worker. Dask repeats elsewhere what a lost worker has not told.

    Args:
        address: The scheduler's, as tcp://host:8786.
        fill: Does a job on a worker and returns its record; a job that is done is not done again.
        jobs: From `bulk_plan.plan`.

    Returns:
        The jobs' records, in their order.

    Raises:
        InputError: No scheduler answers.
    """
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--dask {address}: no scheduler answers; start one with: python -m dask scheduler"
        ) from error
    with client:
        futures = client.map(fill, jobs, pure=False)
        return [_record(job, future) for job, future in zip(jobs, futures, strict=True)]


def _record(job, future) -> Record:
    try:
        return future.result()
    except Exception as error:  # as a KilledWorker: a photo that no worker has survived
        return bulk_files.record(job, None, f"{job.photo}: {error}")
