"""`python -m export saved-model | litert | tfjs | check | web`: see each command's --help."""

import argparse
import sys
from collections.abc import Sequence

from export import check, litert, saved_model, tfjs, web_assets
from tfpaint.terminal import command_parser, exit_code, load_tensorflow

PROGRAMS = {
    "saved-model": saved_model,
    "litert": litert,
    "tfjs": tfjs,
    "check": check,
    "web": web_assets,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    options = command_parser("export", "Exports tfpaint.", PROGRAMS).parse_args(arguments)
    return exit_code("export", _run, options)


def _run(options: argparse.Namespace) -> None:
    if options.command != "web":
        load_tensorflow()
    options.run(options)


if __name__ == "__main__":
    sys.exit(main())
