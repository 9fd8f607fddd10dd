"""Load the networks for a command, without TensorFlow's own messages."""

from typing import TYPE_CHECKING, Any

from tfpaint.commands import devices
from tfpaint.terminal import silent

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter


def load_inpainter(
    preset: str,
    iterations: int | None = None,
    device: str | None = None,
    threads: int | None = None,
    jobs: int = 1,
) -> "Inpainter":
    """The Inpainter of a preset.

    Args:
        preset: A name or a folder.
        iterations: In place of the preset's.
        device, threads, jobs: As for `tfpaint.commands.devices.set_up`.

    Raises:
        InputError: There is no such preset or device, or the preset's files do not fit.
    """
    devices.set_up(device, threads, jobs)  # loads TensorFlow, which takes seconds
    with silent():
        from tfpaint.inpainter import Inpainter

        settings: dict[str, Any] = {} if iterations is None else {"iterations": iterations}
        return Inpainter.from_preset(preset, **settings)
