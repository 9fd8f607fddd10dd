"""`tfpaint stylize CONTENT STYLE -o OUT`."""

import argparse
from pathlib import Path
from typing import Any

from tfpaint.commands import loading, pipes
from tfpaint.commands.devices import add_device_options
from tfpaint.errors import InputError
from tfpaint.pictures import files
from tfpaint.pictures.folders import check_written
from tfpaint.pictures.pipes import readable
from tfpaint.terminal import count


def add_parser(commands: Any) -> None:
    """Adds the command to the `tfpaint` parser's subparsers."""
    parser = commands.add_parser(
        "stylize",
        help="paint a picture in the manner of another",
        description="Paint a picture with the patches of another.",
    )
    parser.set_defaults(command=run)
    add = parser.add_argument
    add("content", type=Path, metavar="CONTENT", help="the picture to paint; -: standard input")
    add("style", type=Path, metavar="STYLE", help="the picture whose manner it takes; or -")
    add("-o", "--out", type=Path, required=True, help="file to write; -: standard output")
    pipes.add_format(parser)
    add("--strength", type=float, default=1.0, metavar="S", help="from 0 to 1 (%(default)s)")
    add(
        "--size",
        type=count,
        default=512,
        metavar="N",
        help="longest side, 64 to 768 (%(default)s)",
    )
    add("--keep-colours", action="store_true", help="take the lightness alone from the style")
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add_device_options(parser)


def run(options: argparse.Namespace) -> list[InputError]:
    """Paints and writes one picture; nothing is left to report."""
    paths = readable(options.content, options.style)
    format = pipes.output_format(options.out, options.format, paths[0])
    photo, style = (files.read_photo(path).opaque() for path in paths)
    files.output_format(options.out, name=format)
    check_written(paths, [options.out])
    inpainter = loading.load_inpainter(options.preset, None, options.device, options.threads)
    from tfpaint.style_transfer import stylize

    result = stylize(
        photo.pixels, style.pixels, inpainter, options.strength, options.size, options.keep_colours
    )
    profile = None if photo.grey else photo.icc
    files.write_photo(options.out, files.Photo(options.out, result, photo.exif, profile), format)
    return []
