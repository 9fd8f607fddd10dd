"""`python -m train prepare | run | distill | average | preset`: see each command's --help."""

import argparse
import sys
from collections.abc import Sequence

from tfpaint.errors import InputError
from tfpaint.terminal import command_parser, exit_code, load_tensorflow, silent

load_tensorflow()
with silent():
    import tensorflow as tf

    from train import average, distill, prepare, preset, run

PROGRAMS = {
    "prepare": prepare,
    "run": run,
    "distill": distill,
    "average": average,
    "preset": preset,
}
_STOPPED = "stopped; the same command resumes from the last checkpoint"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; 3 if another worker was lost."""
    options = command_parser("train", "Trains tfpaint.", PROGRAMS).parse_args(arguments)
    try:
        return exit_code("train", _run, options, _STOPPED)
    except tf.errors.UnavailableError:
        print(
            "train: another worker was lost; run the same command on all workers to resume",
            file=sys.stderr,
        )
        return 3


def _run(options: argparse.Namespace) -> None:
    """Runs a command; a file or photo that it cannot use is an InputError."""
    try:
        options.run(options)
    except OSError as error:
        if error.filename is None:
            raise
        raise InputError(f"{error.filename}: {error.strerror}") from error
    except tf.errors.InvalidArgumentError as error:
        if "DecodeImage" not in str(error):
            raise
        raise InputError(
            "a photo cannot be decoded; `python -m train prepare` names such photos and leaves "
            "them out"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
