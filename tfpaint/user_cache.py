"""The folder of tfpaint's files that can be made again."""

import os
from pathlib import Path


def user_cache() -> Path:
    """The folder `tfpaint` in `$XDG_CACHE_HOME`, or in `~/.cache` if that is unset.

    It need not exist.

    Raises:
        OSError: The user has no home folder.
    """
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:
        raise OSError(str(error)) from error
    return Path(cache, "tfpaint")
