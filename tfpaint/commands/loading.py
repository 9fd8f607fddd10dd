"""Load the networks for a command, without TensorFlow's own messages."""

from typing import TYPE_CHECKING, Any

from tfpaint.terminal import load_tensorflow, silent

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter


def load_inpainter(preset: str, iterations: int | None = None) -> "Inpainter":
    """The Inpainter of a preset: a name or a folder; `iterations` in place of the preset's.

    Raises:
        InputError: There is no such preset, or its files do not fit.
    """
    load_tensorflow()  # takes seconds
    with silent():
        from tfpaint.inpainter import Inpainter

        settings: dict[str, Any] = {} if iterations is None else {"iterations": iterations}
        return Inpainter.from_preset(preset, **settings)
