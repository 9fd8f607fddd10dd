"""Table 1 of the paper, with more methods: all of them on the same photos in one run.

    python -m benchmarks.table1 --images DIR --work DIR --vgg FILE [--limit N] [--out DIR]
    python -m benchmarks.table1 --quick

The context encoder and the local-global network are those that `python -m benchmarks.baselines`
left in `--work`. `--quick` is a rehearsal in a minute: two photos of 128 px, and whatever is not at
hand has random weights.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.baselines import context_encoder, local_global, neural
from tfpaint.errors import InputError
from tfpaint.evaluation.cases import load_cases
from tfpaint.evaluation.classical import FILLS
from tfpaint.evaluation.evaluate import OURS, evaluate
from tfpaint.evaluation.evaluate import markdown as plain_table
from tfpaint.evaluation.perceptual import PerceptualDistance
from tfpaint.inpainter import Inpainter
from tfpaint.networks.encoder import VGG19Encoder
from train.config import load_network

LEARNED = {
    "context-encoder": (context_encoder, context_encoder.ContextEncoder, 128),
    "local-global": (local_global, local_global.LocalGlobal, 256),
}
CLASSICAL = ("harmonic", "telea", "ns", "biharmonic", "patchmatch")
METHODS = (*CLASSICAL, "context-encoder", "local-global", "neural", *OURS)
PAPER = {  # 200 photos of ImageNet: mean L1 error, SSIM
    "context-encoder": ("15.46 %", 0.87),
    "neural": ("15.13 %", 0.88),
    "tfpaint": ("15.61 %", 0.89),
}


def fills(methods, inpainter, encoder, work=None, iterations=neural.ITERATIONS):
    """The methods beside ours, by name.

    Args:
        methods: of METHODS.
        inpainter: whose coarse fill neural inpainting begins with.
        encoder: a `tfpaint.networks.encoder.VGG19Encoder`.
        work: folder of the trained baselines; None builds small ones of random weights.
        iterations: of neural inpainting at each scale.

    Raises:
        InputError: a network has not been trained.
    """
    found = {name: FILLS[name] for name in methods if name in FILLS}
    for name, (module, network, side) in LEARNED.items():
        if name not in methods:
            continue
        path = work and work / name / "network.keras"
        if path and not path.exists():
            raise InputError(f"{path}: first run python -m benchmarks.baselines {name}")
        found[name] = module.fill(load_network(path) if path else network(side, width=4))
    if "neural" in methods:

        def optimise(image, mask):
            coarse = inpainter(image, mask, steps=True).coarse
            return neural.inpaint(image, mask, coarse, encoder, iterations=iterations).image

        found["neural"] = optimise
    return found


def markdown(report):
    """The report's table with the paper's two columns beside it."""
    head, rule, *rows = plain_table(report).splitlines()
    lines = [f"{head} paper: L1 | SSIM |", f"{rule} ---: | ---: |"]
    for name, row in zip(report["methods"], rows, strict=True):
        lines.append(row + " {} | {} |".format(*PAPER.get(name, ("", ""))))
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--images", type=Path, metavar="DIR", help="photos (default: scikit-image's own)")
    add("--size", type=int, default=512, help="side of the squares (%(default)s)")
    add("--methods", default=",".join(METHODS), help="(%(default)s)")
    add("--work", type=Path, default=Path("runs/baselines"), help="(%(default)s)")
    add("--vgg", default="imagenet", help="VGG19's weights, .npz or imagenet (%(default)s)")
    add("--limit", type=int, metavar="N", help="only the first N photos")
    add(
        "--iterations",
        type=int,
        default=neural.ITERATIONS,
        help="of neural inpainting at each scale (%(default)s)",
    )
    add("--quick", action="store_true", help="the rehearsal")
    add("-o", "--out", type=Path, help="report.json, index.html, sheet.png")
    options = parser.parse_args(arguments)
    methods = options.methods.split(",")
    inpainter = Inpainter.from_preset("photo")
    encoder = VGG19Encoder()
    if options.quick:
        options.size, options.limit = 128, 2
        others = fills(methods, inpainter, encoder, iterations=3)
        distances = None
    else:
        encoder.load_vgg19(options.vgg)
        others = fills(methods, inpainter, encoder, options.work, options.iterations)
        distances = {
            "perceptual": PerceptualDistance.vgg19(options.vgg),
            "efficientnet": PerceptualDistance.efficientnet(),
        }
    hole = f"centre:{options.size * 7 // 16}"
    cases = list(load_cases(options.images, hole, options.size, options.limit))
    about = {
        "photos": f"{len(cases)} from {options.images or 'scikit-image'}, {options.size} px",
        "hole": hole,
    }
    report = evaluate(cases, methods, inpainter, distances, options.out, about, others)
    print(markdown(report))
    return report


if __name__ == "__main__":
    main()
