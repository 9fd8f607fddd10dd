"""`-` among a command's options: the picture on standard input, the result on standard output."""

import argparse
from pathlib import Path

from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import WRITABLE_FORMATS
from tfpaint.pictures.formats import READABLE
from tfpaint.pictures.pipes import PIPE


def add_format(parser: argparse.ArgumentParser) -> None:
    """Defines the option --format."""
    parser.add_argument(
        "--format",
        type=str.lower,
        choices=[suffix[1:] for suffix in WRITABLE_FORMATS],
        help="of -o -, standard output; by default the photo's own, or png",
    )


def output_format(out: Path, given: str | None, photo: Path) -> str | None:
    """The format to write to standard output; None if the output is a file with a suffix.

    Args:
        out: The output, `-` for standard output.
        given: What --format says.
        photo: The file whose format is taken without it.

    Raises:
        InputError: --format is given for a file.
    """
    if out != PIPE:
        if given:
            raise InputError(f"--format: is for -o -; {out} has the format of its suffix")
        return None
    if given:
        return WRITABLE_FORMATS[f".{given}"]
    try:
        with Image.open(photo, formats=READABLE) as image:
            own = "JPEG" if image.format == "MPO" else image.format
    except Exception:  # the reason is told when the photo is read
        own = None
    return own if own in WRITABLE_FORMATS.values() else "PNG"
