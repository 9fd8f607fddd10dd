"""`python -m export saved-model | litert | tfjs | check | web`: see each command's --help."""

import os
import sys
from collections.abc import Sequence

from tfpaint.terminal import command_parser, exit_code

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from export import check, litert, saved_model, tfjs, web_assets  # noqa: E402

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
    return exit_code("export", options.run, options)


if __name__ == "__main__":
    sys.exit(main())
