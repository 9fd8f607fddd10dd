"""`tfpaint inpaint PHOTO --mask MASK -o OUT`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfpaint import batch, fill_files
from tfpaint.commands import loading, pipes
from tfpaint.commands.devices import add_device_options
from tfpaint.errors import InputError
from tfpaint.filling.options import WRAPS
from tfpaint.overlap import add_jobs_option, jobs_for
from tfpaint.pictures.files import MAX_PIXELS
from tfpaint.pictures.mask_files import MaskOptions
from tfpaint.pictures.pipes import PIPE, readable
from tfpaint.terminal import add_mask_options, count, seed

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter

_MOST = 20  # variants

_EXAMPLES = """\
examples:
  tfpaint inpaint beach.jpg --mask people.png -o empty-beach.jpg
  tfpaint inpaint beach.jpg --mask people.png -o empty-beach.png --save-steps steps.png
  tfpaint inpaint beach.jpg --mask people.png -o empty-beach.jpg --variants 3
  tfpaint inpaint erased.png -o filled.png              the transparent pixels are the hole
  tfpaint inpaint photos/ --mask masks/ -o filled/      photos/a.jpg goes with masks/a.png
  tfpaint inpaint scans/ --mask dust.png -o clean/      one mask for all
  curl URL | tfpaint inpaint - --mask mask.png -o - | display -

White in a mask is missing, black is known. Known pixels stay as they are, bit for bit in PNG,
TIFF, WebP and BMP files. Of a folder, all pictures are taken, whatever their suffixes; other files
are named on stderr, hidden ones passed over. Exit code: 0 done, 2 a bad photo, mask or option, or
a file that the system refuses, 130 interrupted.
"""


def add_parser(commands: Any) -> None:
    """Adds the command to the `tfpaint` parser's subparsers."""
    parser = commands.add_parser(
        "inpaint",
        help="fill the hole in a photo, or in each photo of a folder",
        description="Fill the hole in a photo, or in each photo of a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    add = parser.add_argument
    add(
        "photo",
        type=Path,
        metavar="PHOTO",
        help="a picture file, a folder of them, or -, standard input",
    )
    add(
        "--mask",
        type=Path,
        help="picture, white = missing; or a folder, paired by name; "
        "without it, what is more than half transparent in the photo is missing",
    )
    add("-o", "--out", type=Path, required=True, help="file to write; a folder for a folder; -")
    pipes.add_format(parser)
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--iterations", type=count, metavar="N", help="times the last network is applied")
    add_mask_options(parser)
    add(
        "--wrap",
        choices=WRAPS,
        help="edges that meet: x: left and right, as in a 360-degree panorama; y; both, as a tile",
    )
    add("--recursive", action="store_true", help="take the photos of subfolders, too")
    add(
        "--save-steps",
        type=Path,
        metavar="PATH",
        help="also write photo and hole, coarse fill "
        "and result side by side; a folder for a folder",
    )
    add("--show", action="store_true", help="open that picture on the screen")
    add("--seed", type=seed, default=0, metavar="S", help="0: the best fill; others: another one")
    add(
        "--variants",
        type=int,
        metavar="N",
        help=f"write OUT-1, the best, to OUT-N, other plausible fills, 1 to {_MOST}",
    )
    add(
        "--max-pixels",
        type=count,
        default=MAX_PIXELS,
        metavar="N",
        help=f"refuse larger pictures ({MAX_PIXELS:.0e})".replace("e+0", "e"),
    )
    add_jobs_option(parser)
    add_device_options(parser)


def run(options: argparse.Namespace) -> list[InputError]:
    """Fills the photos, and returns an error for each that could not be filled."""
    _check_variants(options)
    _check_pipes(options)
    photo, mask = readable(options.photo, options.mask)
    format = pipes.output_format(options.out, options.format, photo)
    jobs, problems, left_out = batch.plan(
        photo,
        mask,
        options.out,
        options.save_steps,
        options.recursive,
        options.variants,
        format,
    )
    for line in left_out:
        print(f"tfpaint: {line}", file=sys.stderr)
    if options.show and len(jobs) > 1:
        raise InputError("--show: opens one picture; for a folder use --save-steps FOLDER")

    at_a_time = jobs_for(len(jobs), options.jobs)

    def load() -> "Inpainter":
        device = options.device, options.threads, at_a_time
        inpainter = loading.load_inpainter(options.preset, options.iterations, *device)
        inpainter.check_seed(options.seed, options.variants)
        return inpainter

    reading = MaskOptions.parsed(options)
    how = options.max_pixels, options.show, options.seed, options.wrap, at_a_time
    return problems + fill_files.run(jobs, load, reading, *how)


def _check_variants(options: argparse.Namespace) -> None:
    if options.variants is None:
        return
    if not 1 <= options.variants <= _MOST:
        raise InputError(f"--variants {options.variants}: has to be from 1 to {_MOST}")
    if options.save_steps or options.show:
        raise InputError("--variants: goes without --save-steps and --show; leave out one of them")


def _check_pipes(options: argparse.Namespace) -> None:
    """Refuses what cannot be done with one picture on a standard stream."""
    photo, mask, out = options.photo, options.mask, options.out
    if out == PIPE and options.variants is not None:
        raise InputError("--variants: writes several files, which -o - cannot hold; name a file")
    if PIPE in (mask, out) and photo.is_dir():
        raise InputError(f"{photo}: is a folder, and - holds one picture; name folders throughout")
    if photo == PIPE and mask is not None and mask.is_dir():
        raise InputError(f"{mask}: is a folder; name the mask of the photo on standard input")
