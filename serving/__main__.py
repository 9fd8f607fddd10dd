"""`python -m serving server | client | bulk`: see each command's --help."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from tfpaint.cli import silent
from tfpaint.errors import InputError

_COMMANDS = {
    "server": "serve a SavedModel by gRPC and REST, and the page",
    "client": "send a photo to a server and write the result",
    "bulk": "inpaint many photos with Apache Beam",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m serving", description="Serves tfpaint.")
    commands = parser.add_subparsers(dest="command", required=True)
    chosen = next(iter(arguments), None)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:  # the others' packages need not be there
            with silent():
                program = import_module(f"serving.{name}")
            command.description = program.__doc__
            program.add_arguments(command)
            command.set_defaults(run=program.run)
    options, rest = parser.parse_known_args(arguments)
    if chosen == "bulk":
        options.beam = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        options.run(options)
    except InputError as error:
        print(f"serving: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("serving: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
