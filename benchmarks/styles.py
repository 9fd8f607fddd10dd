"""Figure 10 of the paper: pictures in the manner of others.

    python -m benchmarks.styles [--size 256] [--out docs/styles.jpg]

A row for each pair of scikit-image's photos: content, style, result, half strength, and with the
content's colours. Prints the seconds of the results.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from tfpaint.pictures import files

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PAIRS = (
    ("astronaut", "immunohistochemistry"),
    ("astronaut", "coffee"),
    ("rocket", "retina"),
    ("chelsea", "immunohistochemistry"),
)
VARIANTS: tuple[dict[str, Any], ...] = ({}, {"strength": 0.5}, {"keep_colours": True})


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.styles", description=__doc__)
    parser.add_argument("--size", type=int, default=256, metavar="N", help="(%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/styles.jpg"), metavar="FILE")
    options = parser.parse_args(arguments)

    from skimage import data

    from tfpaint import Inpainter, stylize

    inpainter = Inpainter.from_preset("photo")
    rows, seconds = [], []
    for names in PAIRS:
        content, style = (getattr(data, name)() for name in names)
        row = [content, style]
        for variant in VARIANTS:
            before = time.perf_counter()
            row.append(stylize(content, style, inpainter, size=options.size, **variant))
            seconds.append(time.perf_counter() - before)
        rows.append(np.hstack([_tile(picture, options.size) for picture in row]))
        print(f"{' in the manner of '.join(names):45} {seconds[-1]:6.2f} s", flush=True)
    print(f"median {statistics.median(seconds):.2f} s a picture of {options.size} px")
    files.write_picture(options.out, np.vstack(rows))


def _tile(picture, side):
    """The picture in the middle of a white square."""
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.pad(Image.fromarray(picture), (side, side), color="white"))


if __name__ == "__main__":
    main()
