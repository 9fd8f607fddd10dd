"""Pictures for the model card: random crops of scikit-image's photos, and the worst of them.

    python -m benchmarks.gallery --out docs

Crops are drawn with a fixed seed, not chosen. `photo_random.jpg` has the first twelve;
`photo_worst.jpg` the six of all with the largest error in the hole, after those twelve.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tfpaint.evaluation.cases import sample_photos
from tfpaint.inpainter import Inpainter
from tfpaint.pictures.sheets import contact_sheet, mark_hole

SIDE, RANDOM, WORST = 256, 12, 6


def crops(count, seed=0):
    """So many random squares of `SIDE` pixels."""
    rng = np.random.default_rng(seed)
    photos = list(sample_photos().values())
    for _ in range(count):
        photo = photos[rng.integers(len(photos))]
        top, left = (rng.integers(length - SIDE + 1) for length in photo.shape[:2])
        yield photo[top : top + SIDE, left : left + SIDE]


def row(inpainter, photo):
    """Incomplete, coarse, result, truth; and the mean error in the hole."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = True
    steps = inpainter(photo, mask, steps=True)
    error = np.abs(steps.image.astype(int) - photo)[mask].mean()
    return [mark_hole(photo, mask), steps.coarse, steps.image, photo], error


def main(arguments=None):
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--preset", default="photo")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=60, help="crops (%(default)s)")
    options = parser.parse_args(arguments)
    inpainter = Inpainter.from_preset(options.preset)
    rows, errors = zip(*(row(inpainter, photo) for photo in crops(options.count)), strict=True)
    worst = sorted(range(RANDOM, len(rows)), key=lambda i: -errors[i])[:WORST]
    options.out.mkdir(parents=True, exist_ok=True)
    for name, chosen in (("random", range(min(RANDOM, len(rows)))), ("worst", worst)):
        pairs = [[*rows[a], *rows[b]] for a, b in zip(chosen[::2], chosen[1::2], strict=True)]
        sheet = contact_sheet(pairs, ["hole", "coarse", "result", "truth"] * 2, longest=160)
        Image.fromarray(sheet).save(options.out / f"photo_{name}.jpg", quality=85)


if __name__ == "__main__":
    main()
