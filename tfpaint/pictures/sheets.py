"""Sheets of pictures to look at: steps side by side, rows of results under a header."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MARGIN = 8
HOLE_COLOUR = (255, 0, 128)


def mark_hole(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A copy of uint8 (H, W, 3) pixels with the hole, bool (H, W), in a colour of no photo."""
    return np.where(mask[..., None], np.array(HOLE_COLOUR, np.uint8), pixels)


def side_by_side(
    pictures: Sequence[np.ndarray], labels: Sequence[str], longest: int = 1024
) -> np.ndarray:
    """One row of pictures, each under its label.

    Args:
        pictures: uint8 (H, W, 3) RGB, of any sizes.
        labels: One for each picture.
        longest: Larger pictures are reduced until no side is longer than this.

    Returns:
        The sheet, uint8 (H', W', 3).
    """
    return contact_sheet([pictures], labels, longest)


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray]], header: Sequence[str], longest: int = 256
) -> np.ndarray:
    """Rows of pictures under a header line.

    Args:
        rows: For each row its pictures, uint8 (H, W, 3) RGB, of any sizes.
        header: One label for each column.
        longest: Larger pictures are reduced until no side is longer than this.

    Returns:
        The sheet, uint8 (H', W', 3).

    Raises:
        ValueError: A row is not as long as the header.
    """
    cells = [[_reduce(picture, longest) for picture in row] for row in rows]
    tallest = max((cell.height for row in cells for cell in row), default=0)
    font = ImageFont.load_default(min(28, max(14, tallest // 24)))
    widths = [
        max([math.ceil(font.getlength(label)), *(cell.width for cell in column)])
        for label, column in zip(header, zip(*cells, strict=True), strict=True)
    ]
    heights = [max(cell.height for cell in row) for row in cells]
    line = math.ceil(font.getbbox("Ag")[3])

    lefts = np.cumsum([MARGIN] + [width + MARGIN for width in widths])
    tops = np.cumsum([line + 2 * MARGIN] + [height + MARGIN for height in heights])
    sheet = Image.new("RGB", (int(lefts[-1]), int(tops[-1])), "white")
    draw = ImageDraw.Draw(sheet)
    for left, label in zip(lefts, header, strict=False):
        draw.text((left, MARGIN), label, "black", font)
    for top, row in zip(tops, cells, strict=False):
        for left, cell in zip(lefts, row, strict=False):
            sheet.paste(cell, (int(left), int(top)))
    return np.asarray(sheet)


def _reduce(picture: np.ndarray, longest: int) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((longest, longest), Image.Resampling.BOX)
    return image
