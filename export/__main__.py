"""`python -m export saved-model | litert | tfjs | check | web`: see each command's --help."""

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from export import check, litert, saved_model, tfjs, web_assets  # noqa: E402
from tfpaint.errors import InputError  # noqa: E402

PROGRAMS = {
    "saved-model": saved_model,
    "litert": litert,
    "tfjs": tfjs,
    "check": check,
    "web": web_assets,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m export", description="Exports tfpaint.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, program in PROGRAMS.items():
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
        print(f"export: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nexport: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
