"""The way of a request, the same for gRPC and REST: place, version, inputs, graph, answer."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from serving.limits import Limits, check_values
from serving.metrics import Metrics
from serving.model import DEFAULT_SIGNATURE, Model
from serving.status import Code, ServingError
from serving.versions import State, Versions
from serving.workers import Workers

log = logging.getLogger(__name__)
T = TypeVar("T")


class Predictor:
    """Runs requests on the versions of one model, within limits, and counts them.

    Args:
        name: The model's name, which requests have to give.
        versions: What is served.
        workers: The threads and the queue.
        limits: For each request.
    """

    def __init__(self, name: str, versions: Versions, workers: Workers, limits: Limits):
        self.name = name
        self.versions = versions
        self.workers = workers
        self.limits = limits
        self.metrics = Metrics(lambda: workers.in_flight, self._served)

    def _served(self) -> list[int]:
        known = list(self.versions.known.values())
        return [version.number for version in known if version.state == State.AVAILABLE]

    async def predict(
        self,
        call: "Call",
        spec,
        read: Callable[[Model], tuple[str, dict, list[str]]],
        write: Callable[[dict, int, str], T],
        seconds: float | None = None,
    ) -> T:
        """Answers one request.

        Args:
            call: From `call`; gets the version and signature, for the log.
            spec: A ModelSpec: which model, and which version of it.
            read: Gives the signature's name, the inputs as arrays and the outputs asked for.
            write: Makes the answer of the outputs, the version and the signature's name.
            seconds: The client's own time limit.

        Raises:
            ServingError: It is refused or has failed.
        """
        self.check_name(spec.name)
        number, label = choice(spec)
        began = time.monotonic()

        def job(left: float) -> T:
            waited = time.monotonic() - began
            self.metrics.waiting.observe(waited)
            call.note(queue_seconds=round(waited, 4))
            with self.versions.lease(number, label) as version:
                call.note(version=version.number)
                assert version.model is not None
                name, inputs, outputs = read(version.model)
                signature = version.model.signature(name)
                call.note(signature=name or DEFAULT_SIGNATURE)
                check_values(inputs, self.limits)
                left -= time.monotonic() - began - waited
                arrays = version.model.run(signature, inputs, outputs, left)
                return write(arrays, version.number, name or DEFAULT_SIGNATURE)

        limit = self.limits.seconds
        return await self.workers.run(job, limit if seconds is None else min(limit, seconds))

    def check_name(self, name: str) -> None:
        """NOT_FOUND for any other model, in TensorFlow Serving's words."""
        if name != self.name:
            raise ServingError(
                Code.NOT_FOUND, f"Servable not found for request: Latest({name[:100]})"
            )

    @contextmanager
    def call(self, protocol: str, method: str) -> Iterator["Call"]:
        """Counts and logs what happens inside; an unforeseen error becomes INTERNAL."""
        call = Call()
        code, message, level = Code.OK, "", logging.INFO
        try:
            yield call
        except ServingError as error:
            code, message = error.code, error.message
            raise
        except asyncio.CancelledError:
            code = Code.CANCELLED
            raise
        except Exception as error:
            code, level = Code.INTERNAL, logging.ERROR
            message = type(error).__name__
            log.exception("unforeseen_error")
            raise ServingError(code, "internal error; the server's log has more") from error
        finally:
            seconds = time.monotonic() - call.began
            signature = call.notes.get("signature", "")
            self.metrics.requests.labels(protocol, signature, code.name).inc()
            self.metrics.seconds.labels(protocol).observe(seconds)
            entry: dict[str, Any] = {"protocol": protocol, "method": method, "code": code.name}
            entry |= {**call.notes, "seconds": round(seconds, 4)}
            log.log(level, "request", extra=entry | ({"error": message} if message else {}))


class Call:
    """What is noted of a request for the log."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.notes: dict[str, Any] = {}

    def note(self, **entries: Any) -> None:
        self.notes |= entries


def choice(spec) -> tuple[int | None, str]:
    """The version number and the label that a ModelSpec names, if any."""
    return (spec.version.value if spec.HasField("version") else None), spec.version_label
