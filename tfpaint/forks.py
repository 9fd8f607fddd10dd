"""TensorFlow's threads do not survive a fork: whatever a forked child asks of it waits for ever."""

import os

from tfpaint.errors import InputError

_used_in: int | None = None


def check() -> None:
    """Notes the process in which TensorFlow is used first, of which forks have a copy.

    Raises:
        InputError: This process has been forked from one in which TensorFlow was in use.
    """
    global _used_in
    if _used_in is None:
        _used_in = os.getpid()
    elif _used_in != os.getpid():
        raise InputError(
            "an inpainter has been made before this process was forked, and TensorFlow would wait "
            'for ever; start processes by multiprocessing.get_context("spawn"), or make the '
            "first inpainter in the child"
        )
