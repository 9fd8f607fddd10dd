"""Places to write a file to: whether one may, and how to put a complete file there."""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tfpaint.errors import InputError
from tfpaint.pictures.pipes import PIPE, check_stdout, to_stdout

# What the system says of a folder that takes no new file, or of a file that cannot be replaced, as
# one that a container mounts.
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)


def check_place(path: Path) -> None:
    """Tells, before any work, whether a file, or `-`, standard output, can be written.

    Raises:
        InputError: It cannot be.
    """
    if path == PIPE:
        check_stdout()
        return
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    if path.is_file() and not path.stat().st_mode & 0o222:
        raise InputError(f"{path}: is read-only; make it writable, or name another file")
    place = _real(path)
    try:
        place.stat()
        asked = [place, place.parent]  # written to, or replaced
    except FileNotFoundError:
        asked = [next(folder for folder in place.parents if folder.exists())]
    except OSError as error:
        raise _unwritable(path, error) from error
    if not any(_may_write(one) for one in asked):
        raise _unwritable(path, f"no permission to write to {asked[0]}")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file, and moves it to `path` once it is complete.

    If `path` is a symbolic link, this is done where it points to. An old file's mode is kept. What
    cannot be replaced by another file, such as a device, a pipe or the target of a mount, is
    written to in its place, once all is there. So is standard output, `-`.

    Raises:
        InputError: The file cannot be written, or what is written to it is refused.
    """
    place = _real(path)
    temporary = None
    try:
        if path == PIPE:
            with to_stdout() as file:
                yield file
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(place) as file:
            temporary = Path(file.name)
            yield file
        if temporary.parent != place.parent or not _moved(temporary, place):
            with open(temporary, "rb") as complete, open(place, "wb") as target:
                shutil.copyfileobj(complete, target)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def _real(path: Path) -> Path:
    """Where a link points to; any other path as it is, for the folders above may be closed."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _temporary(place: Path) -> BinaryIO:
    """A new file beside a place; or elsewhere, if the place exists and cannot be replaced."""
    if not place.exists() or place.is_file():
        try:
            return open(place.with_name(f".tfpaint-{secrets.token_hex(4)}{place.suffix}"), "xb")
        except OSError as error:
            if error.errno not in _REFUSED or not place.exists():
                raise
    number, name = tempfile.mkstemp(place.suffix, ".tfpaint-")
    os.close(number)
    return open(name, "wb")


def _moved(temporary: Path, place: Path) -> bool:
    """Moves a file to a place, with the mode of the file there; False if that is refused."""
    if place.exists() and not place.is_file():
        return False
    try:
        if place.exists():
            temporary.chmod(stat.S_IMODE(place.stat().st_mode))
        os.replace(temporary, place)
    except OSError as error:
        if error.errno not in _REFUSED or not place.exists():
            raise
        return False
    return True


def _may_write(path: Path) -> bool:
    mode = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _unwritable(path: Path, reason: object) -> InputError:
    return InputError(f"{path}: could not be written ({reason}); choose another place")
