"""The exception that tfpaint raises for invalid input, and for what the system refuses."""

import os
from pathlib import Path


class InputError(ValueError):
    """A picture, mask, preset or option that cannot be used.

    The message is one sentence that names the file or option and says what to do about it.
    """


def system_error(error: OSError, path: str | os.PathLike | None = None) -> InputError:
    """What the operating system has refused, as an InputError.

    Args:
        error: Its error.
        path: The file, if the error names none.
    """
    name = path if error.filename is None else error.filename
    where = f"{Path(os.fsdecode(name))}: " if isinstance(name, str | bytes | os.PathLike) else ""
    reason = error.strerror or error
    return InputError(f"{where}{reason}; check the name, the permissions and the space left")
