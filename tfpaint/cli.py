"""The command line `tfpaint`: its commands, and how they end."""

import argparse
import sys
import warnings
from collections.abc import Sequence

from tfpaint import __version__
from tfpaint.commands import evaluate, inpaint, prepare, stylize
from tfpaint.errors import InputError, system_error
from tfpaint.terminal import open_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    open_streams()
    options = _parser().parse_args(arguments)
    warnings.filterwarnings("ignore", module="PIL")  # bad files get one line of ours
    try:
        problems = options.command(options)
    except InputError as error:
        problems = [error]
    except OSError as error:
        problems = [system_error(error)]
    except KeyboardInterrupt:
        print("tfpaint: interrupted", file=sys.stderr)
        return 130
    for message in dict.fromkeys(map(str, problems)):
        print(f"tfpaint: error: {message}", file=sys.stderr)
    return 2 if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfpaint", description="Fill the holes in photos.")
    parser.add_argument("--version", action="version", version=f"tfpaint {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (inpaint, evaluate, stylize, prepare):
        command.add_parser(commands)
    return parser
