"""Worker threads behind a bounded queue. A request that finds no place is refused at once."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.status import Code, ServingError

T = TypeVar("T")
_GRACE = 0.5  # seconds in which a job that is late may end by itself, with a better message


class Workers:
    """Threads, each of which runs one job at a time.

    Args:
        threads: How many jobs run at a time.
        limit: How many jobs may run or wait in all.
    """

    def __init__(self, threads: int, limit: int):
        self.limit = limit
        self.in_flight = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="worker")

    async def run(self, job: Callable[[float], T], seconds: float) -> T:
        """Runs a job in a thread, and returns its result.

        If the caller is cancelled, a job that waits is never begun; one that runs keeps its place
        until it ends.

        Args:
            job: Gets the number of seconds that are left to it.
            seconds: Time for waiting and running.

        Raises:
            ServingError: RESOURCE_EXHAUSTED at once if all places are taken, DEADLINE_EXCEEDED if
                the job does not begin or end in time.
        """
        with self._lock:
            if self.in_flight >= self.limit:
                raise ServingError(
                    Code.RESOURCE_EXHAUSTED,
                    f"the server is busy with {self.limit} requests, its limit; try again later",
                )
            self.in_flight += 1
        end = time.monotonic() + seconds

        def timed() -> T:
            left = end - time.monotonic()
            if left <= 0:
                raise late
            return job(left)

        late = ServingError(
            Code.DEADLINE_EXCEEDED, "the server was too busy to begin in time; try again later"
        )
        try:
            future = self._pool.submit(timed)
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds + _GRACE)
        except TimeoutError:
            raise late from None

    def close(self) -> None:
        """Waits for the running jobs."""
        self._pool.shutdown(wait=True)

    def _leave(self, _=None) -> None:
        with self._lock:
            self.in_flight -= 1
