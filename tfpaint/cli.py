"""The command line: `tfpaint inpaint PHOTO --mask MASK -o OUT`."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfpaint import __version__, batch
from tfpaint.errors import InputError, system_error
from tfpaint.evaluation.cases import Case, load_cases
from tfpaint.evaluation.evaluate import METHODS, OURS, evaluate, markdown
from tfpaint.pictures import files
from tfpaint.pictures.files import MAX_PIXELS
from tfpaint.pictures.folders import check_written
from tfpaint.pictures.mask_files import MaskOptions
from tfpaint.terminal import add_mask_options, count, load_tensorflow, silent

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
TIFF, WebP and BMP files. Of a folder, all pictures are taken, whatever their suffixes; other files
are named on stderr, hidden ones passed over. Exit code: 0 done, 2 a bad photo, mask or option, or
a file that the system refuses, 130 interrupted.
"""


_EVALUATE_EXAMPLES = """\
examples:
  tfpaint evaluate
  tfpaint evaluate --images photos/ --hole centre:224 --size 512 -o out/evaluation
  tfpaint evaluate --images photos/ --hole masks/ --methods telea,patchmatch,tfpaint -o out/mine
  tfpaint evaluate --images photos/ --irregular 1 --seed 3 -o out/strokes-and-blobs
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
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


def _inpaint(options: argparse.Namespace) -> list[InputError]:
    jobs, problems, left_out = batch.plan(
        options.photo, options.mask, options.out, options.save_steps, options.recursive
    )
    for line in left_out:
        print(f"tfpaint: {line}", file=sys.stderr)
    if options.show and len(jobs) > 1:
        raise InputError("--show: opens one picture; for a folder use --save-steps FOLDER")
    load = partial(_load_inpainter, options.preset, options.iterations)
    reading = MaskOptions(options.fit_mask, options.mask_alpha, options.invert_mask)
    return problems + batch.run(jobs, load, reading, options.max_pixels, options.show)


def _evaluate(options: argparse.Namespace) -> list[InputError]:
    try:
        found = list(
            load_cases(
                options.images,
                options.hole,
                options.size,
                options.limit,
                options.irregular,
                options.seed,
            )
        )
        return _measure(found, options)
    except ImportError as error:
        raise InputError(
            f"{error}; pip install 'tfpaint[evaluate]', or choose --methods "
            "and --images that do without"
        ) from error


def _measure(found: list[Case], options: argparse.Namespace) -> list[InputError]:
    load_tensorflow()  # which the metrics need, too
    ours = set(options.methods) & set(OURS)
    inpainter = _load_inpainter(options.preset, None) if ours else None
    distances = {}
    if options.vgg or options.efficientnet:
        with silent():
            from tfpaint.evaluation.perceptual import PerceptualDistance

            if options.vgg:
                distances["perceptual"] = PerceptualDistance.vgg19(options.vgg)
            if options.efficientnet:
                distances["efficientnet"] = PerceptualDistance.efficientnet()
    about = {
        "photos": f"{len(found)} from {options.images or 'scikit-image'}, {options.size} px",
        "hole": options.hole,
        "preset": options.preset,
    }
    if options.irregular:
        drawn = sum(case.irregular for case in found)
        about["irregular holes"] = f"{drawn} ({options.irregular:g} of them, seed {options.seed})"
    report = evaluate(found, options.methods, inpainter, distances, options.out, about)
    print("; ".join(f"{key}: {value}" for key, value in about.items()), end="\n\n")
    print(markdown(report))
    return []


def _stylize(options: argparse.Namespace) -> list[InputError]:
    photo, style = (files.read_photo(path).opaque() for path in (options.content, options.style))
    files.output_format(options.out)
    check_written([options.content, options.style], [options.out])
    inpainter = _load_inpainter(options.preset, None)
    from tfpaint.style_transfer import stylize

    result = stylize(
        photo.pixels, style.pixels, inpainter, options.strength, options.size, options.keep_colours
    )
    profile = None if photo.grey else photo.icc
    files.write_photo(options.out, files.Photo(options.out, result, photo.exif, profile))
    return []


def _load_inpainter(preset: str, iterations: int | None) -> "Inpainter":
    load_tensorflow()  # takes seconds
    with silent():
        import tensorflow as tf

        from tfpaint.inpainter import Inpainter

        # Graphs are as fast without, and the first photo is done seconds sooner.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        settings: dict[str, Any] = {} if iterations is None else {"iterations": iterations}
        return Inpainter.from_preset(preset, **settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfpaint", description="Fill the holes in photos.")
    parser.add_argument("--version", action="version", version=f"tfpaint {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_inpaint(commands)
    _add_evaluate(commands)
    _add_stylize(commands)
    return parser


def _add_inpaint(commands: Any) -> None:
    inpaint = commands.add_parser(
        "inpaint",
        help="fill the hole in a photo, or in each photo of a folder",
        description="Fill the hole in a photo, or in each photo of a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inpaint.set_defaults(command=_inpaint)
    add = inpaint.add_argument
    add("photo", type=Path, metavar="PHOTO", help="a picture file, or a folder of them")
    add(
        "--mask",
        type=Path,
        help="picture, white = missing; or a folder, paired by name; "
        "without it, what is more than half transparent in the photo is missing",
    )
    add("-o", "--out", type=Path, required=True, help="file to write; a folder for a folder")
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--iterations", type=count, metavar="N", help="times the last network is applied")
    add_mask_options(inpaint)
    add("--recursive", action="store_true", help="take the photos of subfolders, too")
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
        type=count,
        default=MAX_PIXELS,
        metavar="N",
        help=f"refuse larger pictures ({MAX_PIXELS:.0e})".replace("e+0", "e"),
    )


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="compare methods on photos with a hole, and write a page of the results",
        description="Fill a hole in every photo with every method, and measure against the truth.",
        epilog=_EVALUATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.set_defaults(command=_evaluate)
    add = evaluate.add_argument
    add("--images", type=Path, metavar="DIR", help="photos (default: scikit-image's own four)")
    add(
        "--hole",
        default="centre",
        help="centre (half the side), centre:PIXELS, or a folder of masks, paired by name",
    )
    add(
        "--irregular",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="of the photos, 0 to 1, that get strokes or blobs for a hole (%(default)g)",
    )
    add("--seed", type=_seed, default=0, metavar="N", help="of these holes (%(default)s)")
    add("--size", type=count, default=256, metavar="N", help="side of the squares (%(default)s)")
    add(
        "--methods",
        type=_methods,
        default="harmonic,telea,g1,tfpaint",
        metavar="A,B,...",
        help=f"of {', '.join(METHODS)} (%(default)s)",
    )
    add("--vgg", metavar="FILE", help="VGG19's weights (.npz, or imagenet): perceptual distance")
    add(
        "--efficientnet",
        action="store_true",
        help="perceptual distance by EfficientNet-Lite0; convert its weights first, once: "
        "python -m benchmarks.efficientnet_weights",
    )
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--limit", type=count, metavar="N", help="only the first N photos")
    add(
        "-o", "--out", type=Path, metavar="DIR", help="index.html, report.json, pictures, sheet.png"
    )


def _add_stylize(commands: Any) -> None:
    stylize = commands.add_parser(
        "stylize",
        help="paint a picture in the manner of another",
        description="Paint a picture with the patches of another.",
    )
    stylize.set_defaults(command=_stylize)
    add = stylize.add_argument
    add("content", type=Path, metavar="CONTENT", help="the picture to paint")
    add("style", type=Path, metavar="STYLE", help="the picture whose manner it takes")
    add("-o", "--out", type=Path, required=True, help="file to write")
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


def _share(text: str) -> float:
    """The argparse type of a number from 0 to 1."""
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def _seed(text: str) -> int:
    """The argparse type of a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _methods(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(METHODS)}")
    return list(dict.fromkeys(names))
