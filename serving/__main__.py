"""`python -m serving server | client | bulk`: see each command's --help."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from tfpaint.terminal import command_parser, exit_code, importing

_SUMMARIES = {
    "server": "serve a SavedModel by gRPC and REST, and the page",
    "client": "send a photo to a server and write the result",
    "bulk": "inpaint many photos with Apache Beam",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next(iter(arguments), "")
    programs: dict[str, ModuleType | str] = {**_SUMMARIES}
    if chosen in programs:  # only this one: the packages that the others need may be missing
        with importing():
            programs[chosen] = import_module(f"serving.{chosen}")
    parser = command_parser("serving", "Serves tfpaint.", programs)
    options, rest = parser.parse_known_args(arguments)
    if chosen == "bulk":
        options.beam = rest  # Beam's own options
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return exit_code("serving", options.run, options)


if __name__ == "__main__":
    sys.exit(main())
