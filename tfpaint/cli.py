"""The command line: `tfpaint inpaint PHOTO --mask MASK -o OUT`."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfpaint import __version__, batch
from tfpaint.errors import InputError
from tfpaint.images import MAX_PIXELS

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter

_EXAMPLES = """\
examples:
  tfpaint inpaint beach.jpg --mask people.png -o empty-beach.jpg
  tfpaint inpaint beach.jpg --mask people.png -o empty-beach.png --save-steps steps.png
  tfpaint inpaint erased.png -o filled.png              the transparent pixels are the hole
  tfpaint inpaint photos/ --mask masks/ -o filled/      photos/a.jpg goes with masks/a.png
  tfpaint inpaint scans/ --mask dust.png -o clean/      one mask for all

White in a mask is missing, black is known. Known pixels stay as they are, bit for bit in PNG,
TIFF, WebP and BMP files. Exit code: 0 done, 2 a bad photo, mask or option, 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    warnings.filterwarnings("ignore", module="PIL")  # bad files get one line of ours
    try:
        jobs, problems = batch.plan(options.photo, options.mask, options.out, options.save_steps)
        if options.show and len(jobs) > 1:
            raise InputError("--show: opens one picture; for a folder use --save-steps FOLDER")
        load = partial(_load_inpainter, options.preset, options.iterations)
        problems += batch.run(jobs, load, options.fit_mask, options.max_pixels, options.show)
    except InputError as error:
        problems = [error]
    except KeyboardInterrupt:
        print("tfpaint: interrupted", file=sys.stderr)
        return 130
    for message in dict.fromkeys(map(str, problems)):
        print(f"tfpaint: error: {message}", file=sys.stderr)
    return 2 if problems else 0


def _load_inpainter(preset: str, iterations: int | None) -> "Inpainter":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent():
        from tfpaint.inpainter import Inpainter  # brings TensorFlow, which takes seconds

        settings: dict[str, Any] = {} if iterations is None else {"iterations": iterations}
        return Inpainter.from_preset(preset, **settings)


@contextmanager
def _silent() -> Iterator[None]:
    """Drops what native code writes to stderr: TensorFlow tells every user of missing GPUs."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfpaint", description="Fill the holes in photos.")
    parser.add_argument("--version", action="version", version=f"tfpaint {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    inpaint = commands.add_parser(
        "inpaint",
        help="fill the hole in a photo, or in each photo of a folder",
        description="Fill the hole in a photo, or in each photo of a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = inpaint.add_argument
    add("photo", type=Path, metavar="PHOTO", help="a picture file, or a folder of them")
    add(
        "--mask",
        type=Path,
        help="picture, white = missing; or a folder, paired by name; "
        "without it, what is transparent in the photo is missing",
    )
    add("-o", "--out", type=Path, required=True, help="file to write; a folder for a folder")
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--iterations", type=_count, metavar="N", help="times the last network is applied")
    add("--fit-mask", action="store_true", help="stretch a mask of another size to the photo")
    add(
        "--save-steps",
        type=Path,
        metavar="PATH",
        help="also write photo and hole, coarse fill "
        "and result side by side; a folder for a folder",
    )
    add("--show", action="store_true", help="open that picture on the screen")
    add(
        "--max-pixels",
        type=_count,
        default=MAX_PIXELS,
        metavar="N",
        help=f"refuse larger pictures ({MAX_PIXELS:.0e})".replace("e+0", "e"),
    )
    return parser


def _count(text: str) -> int:
    """A whole number above 0, also as 2e8."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number < 1 or not number.is_integer():
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(number)
