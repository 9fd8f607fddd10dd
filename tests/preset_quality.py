"""Measures the bundled preset on scikit-image's photos, and fixes the figures for the tests.

python -m tests.preset_quality VGG.npz: writes data/preset/quality.json; a release does it at most.
"""

import json
import sys
from pathlib import Path

from tfpaint.evaluation.cases import load_cases
from tfpaint.evaluation.evaluate import evaluate
from tfpaint.evaluation.perceptual import PerceptualDistance
from tfpaint.inpainter import Inpainter

FIGURES = Path(__file__).parent / "data" / "preset" / "quality.json"
SIZE, HOLE = 256, "centre:64"
# What draws the last picture: the photo's own pixels, or Feature2Image alone.
VARIANTS = {"photo": {}, "photo, pixels=False": {"pixels": False}}


def means(methods, vgg=None, variant="photo"):
    """L1 in the hole in %, PSNR, SSIM and, with VGG19's weights, the perceptual distance."""
    distances = {"perceptual": PerceptualDistance.vgg19(vgg)} if vgg else {}
    inpainter = Inpainter.from_preset("photo", **VARIANTS[variant])
    found = evaluate(list(load_cases(None, HOLE, SIZE)), methods, inpainter, distances)["methods"]
    columns = ("l1", "psnr", "ssim", "perceptual")
    return {name: {column: row[column] for column in columns} for name, row in found.items()}


def main(vgg):
    figures = means(["harmonic", "patchmatch"], vgg)
    for variant in VARIANTS:
        figures[variant] = means(["tfpaint"], vgg, variant)["tfpaint"]
    rounded = {
        name: {column: round(value, 4) for column, value in row.items()}
        for name, row in figures.items()
    }
    command = f"python -m tests.preset_quality {Path(vgg).name}"
    about = {"command": command, "size": SIZE, "hole": HOLE}
    FIGURES.write_text(json.dumps({**about, "means": rounded}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
