"""Several answers for one hole, side by side: photo and hole, the best answer, and others.

python -m benchmarks.variants --out docs/variants.jpg
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tfpaint.inpainter import Inpainter
from tfpaint.pictures.sheets import mark_hole

HOLES = {"coffee": (150, 60, 330, 240), "rocket": (180, 230, 400, 450)}
"""Photos of scikit-image and their holes `(top, left, bottom, right)`."""


def main() -> None:
    """Parses the command line and writes the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="photo", help="a name or a folder (default: photo)")
    parser.add_argument("--others", type=int, default=3, help="besides the best answer")
    parser.add_argument("--side", type=int, default=400, help="of what is shown, in pixels")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()

    from skimage import data

    inpainter = Inpainter.from_preset(options.preset)
    rows = []
    for name, (top, left, bottom, right) in HOLES.items():
        photo = np.ascontiguousarray(getattr(data, name)()[..., :3])
        mask = np.zeros(photo.shape[:2], bool)
        mask[top:bottom, left:right] = True
        fills = inpainter(photo, mask, variants=1 + options.others)
        centre = np.array([top + bottom, left + right]) // 2
        y, x = np.clip(centre - options.side // 2, 0, np.array(mask.shape) - options.side)
        near = slice(y, y + options.side), slice(x, x + options.side)
        rows.append(np.hstack([one[near] for one in (mark_hole(photo, mask), *fills)]))
    Image.fromarray(np.vstack(rows)).reduce(2).save(options.out, quality=88)


if __name__ == "__main__":
    main()
