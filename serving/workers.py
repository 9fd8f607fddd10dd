"""A bounded queue before a few threads: a request gets a place at once or is refused at once."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.status import Code, ServingError

T = TypeVar("T")
_GRACE = 0.5  # a job that runs ends itself in time, and says so better


class Workers:
    """Threads that work on one request each.

    Args:
        threads: How many requests run at a time.
        limit: How many may be there in all, running or waiting.
    """

    def __init__(self, threads: int, limit: int):
        self.limit = limit
        self.in_flight = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="worker")

    async def run(self, job: Callable[[float], T], seconds: float) -> T:
        """The result of `job`, which is told how many seconds are left to it.

        A job whose caller goes away while it waits is never begun; one that runs keeps its place
        until it ends.

        Raises:
            ServingError: RESOURCE_EXHAUSTED at once if all places are taken, DEADLINE_EXCEEDED
                if its turn does not come in time.
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
        """Wait for what runs."""
        self._pool.shutdown(wait=True)

    def _leave(self, _=None) -> None:
        with self._lock:
            self.in_flight -= 1
