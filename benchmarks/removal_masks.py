"""Masks of things that people remove: a blob, wires, text, or several small objects.

    python -m benchmarks.removal_masks PHOTOS --out masks
    tfpaint evaluate --images PHOTOS --hole masks --size 512 -o out/removal

The photos take the four kinds in turn, by name. Each mask has its photo's size and depends on its
place in the list alone. `tfpaint evaluate` cuts out the centre square, in which everything lies.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfpaint.pictures import files
from tfpaint.pictures.folders import search

WORDS = "tfpaint", "SAMPLE", "2026-11-29", "Sold out"

Draw = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]


def mask(index: int, width: int, height: int) -> Image.Image:
    """The mask of the photo at a place in the list, of a size: mode "L", 255 = missing."""
    side = min(width, height)
    square = Image.new("L", (512, 512))
    _KINDS[index % len(_KINDS)](ImageDraw.Draw(square), np.random.default_rng(index))
    whole = Image.new("L", (width, height))
    whole.paste(square.resize((side, side)), ((width - side) // 2, (height - side) // 2))
    return whole.point(lambda value: 255 * (value > 127))


def _blob(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    _outline(draw, rng, rng.uniform(180, 332, 2), rng.uniform(70, 120))


def _several(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for corner in rng.permutation(4)[:3]:
        middle = 146 + 220 * np.array(divmod(corner, 2)) + rng.uniform(-50, 50, 2)
        _outline(draw, rng, middle, rng.uniform(25, 55))


def _outline(draw: ImageDraw.ImageDraw, rng: np.random.Generator, middle, radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    away = np.full(60, 1.0)
    for waves in range(2, 6):
        away += rng.uniform(0, 0.6 / waves) * np.cos(waves * angles + rng.uniform(0, 2 * np.pi))
    points = middle + radius * away[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    draw.polygon([tuple(point) for point in points], fill=255)


def _wires(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(2, 5)):
        left, right = rng.uniform(40, 472, 2)
        x = np.linspace(0, 1, 40)
        y = left + (right - left) * x + rng.uniform(20, 80) * 4 * x * (1 - x)  # it sags
        width = int(rng.integers(3, 12))
        draw.line(list(zip(512 * x, y, strict=True)), fill=255, width=width, joint="curve")


def _text(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    font = ImageFont.load_default(float(rng.uniform(60, 90)))
    for top in (110, 280):
        place = rng.uniform(20, 100), top + rng.uniform(-30, 30)
        draw.text(place, str(rng.choice(WORDS)), fill=255, font=font, stroke_width=2)


_KINDS: tuple[Draw, ...] = (_blob, _wires, _text, _several)


def main() -> None:
    """Parses the command line and writes the masks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for index, photo in enumerate(search(options.photos).pictures):
        height, width = files.read_photo(photo).pixels.shape[:2]
        mask(index, width, height).save(options.out / f"{photo.stem}.png")


if __name__ == "__main__":
    main()
