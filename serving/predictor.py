"""The steps of a request, by gRPC and REST alike: queue, version, inputs, graph, answer."""

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
        versions: The versions that are served.
        workers: The threads and their queue.
        limits: The limits of each request.
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
            call: From `call`; the version and signature are noted on it, for the log.
            spec: A ModelSpec, which names the model and may name a version.
            read: From the model to the signature's name, the inputs as arrays by name, and the
                names of the outputs asked for.
            write: From the outputs, the version and the signature's name to the answer.
            seconds: The client's own time limit.

        Raises:
            ServingError: The request is refused or has failed.
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
        """Checks the name of the model in a request.

        Raises:
            ServingError: NOT_FOUND, in TensorFlow Serving's words.
        """
        if name != self.name:
            raise ServingError(
                Code.NOT_FOUND, f"Servable not found for request: Latest({name[:100]})"
            )

    @contextmanager
    def call(self, protocol: str, method: str) -> Iterator["Call"]:
        """Counts and logs the request in this context; an unexpected error becomes INTERNAL."""
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
    """A request, with notes on it for the log."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.notes: dict[str, Any] = {}

    def note(self, **entries: Any) -> None:
        """Adds entries to the request's line in the log."""
        self.notes |= entries


def choice(spec) -> tuple[int | None, str]:
    """The version number and the label that a ModelSpec names, if any."""
    return (spec.version.value if spec.HasField("version") else None), spec.version_label
