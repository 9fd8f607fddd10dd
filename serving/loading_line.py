"""What the server is doing while it loads a model, as one line on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def loading_line(version: int) -> Iterator[Callable[[int, int], None]]:
    """A line on stderr for as long as the context lasts; nothing where that is no terminal.

    Args:
        version: The version that is loaded.

    Yields:
        To be called with the number of warm-up requests that are done, and of all.
    """
    words = f"loading model, version {version}"
    with tqdm(desc=words, bar_format="{desc}", disable=None, leave=False) as line:

        def tell(done: int, count: int) -> None:
            line.set_description_str(f"{words}: {done} of {count} warm-up requests")

        yield tell
