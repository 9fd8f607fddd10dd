"""The versions of the model that are served: new ones are picked up, old ones drained."""

import gc
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tensorflow_serving.apis import get_model_status_pb2

from serving.loading_line import loading_line
from serving.model import Model
from serving.status import Code, ServingError, one_line

log = logging.getLogger(__name__)
State = get_model_status_pb2.ModelVersionStatus.State


class Version:
    """A version of the model: its number, its folder and its state.

    `error` says why it could not be loaded, and `users` is the number of requests that run on it.
    """

    def __init__(self, number: int, folder: Path):
        self.number = number
        self.folder = folder
        self.state = State.START
        self.error = ""
        self.model: Model | None = None
        self.users = 0
        self.seen = _fingerprint(folder)

    def may_load(self, seen: frozenset) -> bool:
        """Whether to load it again: it was unloaded, or it was broken and its files have changed.

        Args:
            seen: The present `_fingerprint` of the folder.
        """
        return self.state == State.END and (not self.error or self.seen != seen)


class Versions:
    """Serves the latest version in a folder, and the versions that have a label.

    Args:
        folder: Holds a folder for each version: `1/saved_model.pb`, `2/saved_model.pb`.
        labels: The version number behind each label.
    """

    def __init__(self, folder: Path, labels: Mapping[str, int] | None = None):
        self.folder = folder
        self.labels = dict(labels or {})
        self.known: dict[int, Version] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None

    def watch(self, seconds: float = 1.0) -> None:
        """Looks for new versions every so many seconds, in a thread of its own."""

        def loop():
            while not self._stopped.wait(seconds):
                try:
                    self.refresh()
                except Exception:  # files may vanish meanwhile; it looks again
                    log.exception("refresh_failed")

        self._watcher = threading.Thread(target=loop, name="versions", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stops watching, and unloads every version as soon as no request runs on it."""
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join()
        for version in self.known.values():
            if version.state == State.AVAILABLE:
                self._unload(version)

    def refresh(self) -> None:
        """Loads new versions, then drains and unloads those that are no longer wanted.

        If the newest cannot be loaded, the newest that can is served in its place.
        """
        folders = version_folders(self.folder)
        wanted = {n for n in self.labels.values() if n in folders and self._try(n, folders[n])}
        newest = next((n for n in sorted(folders, reverse=True) if self._try(n, folders[n])), None)
        if newest is not None:
            for version in list(self.known.values()):
                if version.state == State.AVAILABLE and version.number not in {newest, *wanted}:
                    self._unload(version)

    def status(self, number: int | None = None, label: str = "") -> list[Version]:
        """All known versions, or the one asked for by number or label; the newest first.

        Raises:
            ServingError: NOT_FOUND: there is no such version.
        """
        with self._changed:
            number = self._number(number, label)
            found = [v for v in self.known.values() if number in (None, v.number)]
        if not found:
            raise self._missing(number)
        return sorted(found, key=lambda version: -version.number)

    @property
    def ready(self) -> bool:
        """Whether any version is served."""
        return any(version.state == State.AVAILABLE for version in list(self.known.values()))

    @contextmanager
    def lease(self, number: int | None = None, label: str = "") -> Iterator[Version]:
        """A served version, by number or label or else the latest; not unloaded in this context.

        Raises:
            ServingError: NOT_FOUND: there is no such version. UNAVAILABLE: none is loaded yet.
        """
        with self._changed:
            number = self._number(number, label)
            served = [v for v in self.known.values() if v.state == State.AVAILABLE]
            found = [v for v in served if number in (None, v.number)]
            if not found:
                raise self._missing(number)
            version = max(found, key=lambda version: version.number)
            version.users += 1
        try:
            yield version
        finally:
            with self._changed:
                version.users -= 1
                self._changed.notify_all()

    def _number(self, number: int | None, label: str) -> int | None:
        if label:
            if label not in self.labels:
                raise ServingError(
                    Code.NOT_FOUND, f"Unrecognized servable version label: {label[:100]}"
                )
            return self.labels[label]
        return number

    def _missing(self, number: int | None) -> ServingError:
        if number is None:
            return ServingError(Code.UNAVAILABLE, "the model is not loaded yet; try again soon")
        return ServingError(Code.NOT_FOUND, f"version {number} of the model is not served")

    def _try(self, number: int, folder: Path) -> bool:
        """Loads a version, unless it is loaded or known as broken; returns whether it is served."""
        version = self.known.get(number)
        if version is None or version.may_load(_fingerprint(folder)):
            version = Version(number, folder)
            self._load(version)
        return version.state == State.AVAILABLE

    def _load(self, version: Version) -> None:
        version.state = State.LOADING
        with self._changed:
            self.known[version.number] = version
        try:
            with loading_line(version.number) as progress:
                model = Model(version.folder, progress)
        except Exception as error:  # a bad folder must not stop the server
            version.error, version.state = one_line(str(error)), State.END
            log.error("load_failed", extra={"version": version.number, "error": version.error})
            return
        with self._changed:
            version.model, version.state = model, State.AVAILABLE
        log.info("loaded", extra={"version": version.number})

    def _unload(self, version: Version) -> None:
        with self._changed:
            version.state = State.UNLOADING
            self._changed.wait_for(lambda: version.users == 0)
        assert version.model is not None
        version.model.close()
        version.model, version.state = None, State.END
        gc.collect()
        log.info("unloaded", extra={"version": version.number})


def version_folders(folder: Path) -> dict[int, Path]:
    """The version folders in the model's folder, by number."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return {}
    return {
        int(entry.name): entry
        for entry in entries
        if entry.name.isascii() and entry.name.isdigit() and (entry / "saved_model.pb").exists()
    }


def _fingerprint(folder: Path) -> frozenset:
    """A value that changes when the files in a folder do: paths, sizes and times."""
    found = set()
    for path in folder.rglob("*"):
        try:
            status = path.stat()
        except OSError:
            continue
        found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)
