"""`python -m train prepare | run | distill | average | preset`: see each command's --help."""

import argparse
import os
import sys

from tfpaint.cli import silent
from tfpaint.errors import InputError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silent():
    import tensorflow as tf

    from train import average, distill, prepare, preset, run


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m train", description="Trains tfpaint.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, program in (
        ("prepare", prepare),
        ("run", run),
        ("distill", distill),
        ("average", average),
        ("preset", preset),
    ):
        command = commands.add_parser(
            name,
            description=program.__doc__,
            help=program.__doc__.splitlines()[0],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        program.add_arguments(command)
        command.set_defaults(run=program.run)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"train: error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f"train: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except tf.errors.UnavailableError:
        print("train: another worker was lost; the same command on all goes on", file=sys.stderr)
        return 3
    except tf.errors.InvalidArgumentError as error:
        if "DecodeImage" not in str(error):
            raise
        print(
            "train: error: a photo cannot be decoded; `python -m train prepare` names such and "
            "leaves them out",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print(
            "\ntrain: stopped; the same command goes on from the last checkpoint", file=sys.stderr
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
