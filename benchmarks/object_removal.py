"""Figures 9 and 11 of the paper: things removed by hand-drawn masks, and what fails.

    python -m benchmarks.object_removal [--out docs/object_removal.jpg]

Each of scikit-image's photos with its holes, the coarse fill and the result. The last two rows are
failures: most of an object is missing.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from tfpaint.pictures import files

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WIDTH, HEIGHT = 384, 300

Points = list[tuple[int, int]]  # x, y
# Photo, polygons, strokes of 5 px.
CASES: tuple[tuple[str, list[Points], list[Points]], ...] = (
    ("astronaut", [[(368, 96), (388, 0), (446, 0), (472, 270), (356, 270)]], []),
    (
        "coffee",
        [
            [(318, 258), (345, 222), (388, 224), (402, 58), (438, 62)]
            + [(424, 250), (420, 318), (398, 344), (350, 346), (316, 312)]
        ],
        [],
    ),
    (
        "rocket",
        [
            [(0, 0), (86, 0), (102, 345), (0, 345)],
            [(172, 120), (212, 120), (212, 330), (172, 330)],
            [(404, 100), (478, 100), (478, 338), (404, 338)],
            [(545, 0), (639, 0), (639, 345), (545, 345)],
        ],
        [],
    ),
    (
        "chelsea",
        [],
        [
            [(0, 40), (120, 95), (260, 80), (450, 160)],
            [(60, 299), (150, 180), (170, 60), (230, 0)],
            [(300, 0), (330, 130), (310, 299)],
        ],
    ),
    ("chelsea", [[(120, 90), (230, 80), (240, 180), (130, 190)]], []),
    ("astronaut", [[(180, 50), (270, 50), (270, 180), (180, 180)]], []),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.object_removal", description=__doc__
    )
    parser.add_argument("--out", type=Path, default=Path("docs/object_removal.jpg"), metavar="FILE")
    options = parser.parse_args(arguments)

    from skimage import data

    from tfpaint import Inpainter
    from tfpaint.pictures import sheets

    inpainter = Inpainter.from_preset("photo")
    rows = []
    for name, polygons, strokes in CASES:
        photo = getattr(data, name)()
        mask = drawn(photo.shape[:2], polygons, strokes)
        steps = inpainter(photo, mask, steps=True)
        row = [sheets.mark_hole(photo, mask), steps.coarse, steps.image]
        rows.append(np.hstack([_tile(picture) for picture in row]))
        print(f"{name}: {mask.mean():.1%} missing", flush=True)
    files.write_picture(options.out, np.vstack(rows))


def drawn(shape, polygons, strokes):
    """bool (H, W) of shapes in pixels (x, y), True = missing."""
    picture = Image.new("L", shape[::-1])
    draw = ImageDraw.Draw(picture)
    for points in polygons:
        draw.polygon(points, fill=255)
    for points in strokes:
        draw.line(points, fill=255, width=5, joint="curve")
    return np.asarray(picture) > 127


def _tile(picture):
    return np.asarray(ImageOps.pad(Image.fromarray(picture), (WIDTH, HEIGHT), color="white"))


if __name__ == "__main__":
    main()
