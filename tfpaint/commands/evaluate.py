"""`tfpaint evaluate --images DIR -o OUT`."""

import argparse
from pathlib import Path
from typing import Any

from tfpaint.commands import devices, loading
from tfpaint.errors import InputError
from tfpaint.evaluation.cases import Case, load_cases
from tfpaint.evaluation.evaluate import METHODS, OURS, evaluate, markdown
from tfpaint.terminal import count, seed, silent

_EXAMPLES = """\
examples:
  tfpaint evaluate
  tfpaint evaluate --images photos/ --hole centre:224 --size 512 -o out/evaluation
  tfpaint evaluate --images photos/ --hole masks/ --methods telea,patchmatch,tfpaint -o out/mine
  tfpaint evaluate --images photos/ --irregular 1 --seed 3 -o out/strokes-and-blobs
"""


def add_parser(commands: Any) -> None:
    """Adds the command to the `tfpaint` parser's subparsers."""
    parser = commands.add_parser(
        "evaluate",
        help="compare methods on photos with a hole, and write a page of the results",
        description="Fill a hole in every photo with every method, and measure against the truth.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    add = parser.add_argument
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
    add("--seed", type=seed, default=0, metavar="N", help="of these holes (%(default)s)")
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
    devices.add_device_options(parser)
    add("--limit", type=count, metavar="N", help="only the first N photos")
    add(
        "-o", "--out", type=Path, metavar="DIR", help="index.html, report.json, pictures, sheet.png"
    )


def _share(text: str) -> float:
    """The argparse type of a number from 0 to 1."""
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def _methods(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(METHODS)}")
    return list(dict.fromkeys(names))


def run(options: argparse.Namespace) -> list[InputError]:
    """Measures, writes and prints; nothing is left to report."""
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
    device = options.device, options.threads
    devices.set_up(*device)  # for the metrics, too
    ours = set(options.methods) & set(OURS)
    inpainter = loading.load_inpainter(options.preset, None, *device) if ours else None
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
