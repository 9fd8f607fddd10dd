"""Contact sheets: labelled pictures in a row or a grid."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MARGIN = 8
"""Pixels between the pictures of a sheet, and around them."""

HOLE_COLOUR = (255, 0, 128)
"""RGB of a hole: a pink that is rare in photos."""


def mark_hole(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Paint the hole of a picture in `HOLE_COLOUR`.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        mask: bool (H, W), True = missing.

    Returns:
        A copy, uint8 (H, W, 3).
    """
    return np.where(mask[..., None], np.array(HOLE_COLOUR, np.uint8), pixels)


def side_by_side(
    pictures: Sequence[np.ndarray], labels: Sequence[str], longest: int = 1024
) -> np.ndarray:
    """One row of pictures, each under its label.

    Args:
        pictures: uint8 (H, W, 3) RGB, of any sizes.
        labels: One for each picture.
        longest: The longest side of a picture on the sheet; larger ones are reduced to it.

    Returns:
        The sheet, uint8 (H', W', 3) RGB.

    Raises:
        ValueError: There are more pictures than labels, or fewer.
    """
    return contact_sheet([pictures], labels, longest)


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray]], header: Sequence[str], longest: int = 256
) -> np.ndarray:
    """A grid of pictures under a header line.

    Args:
        rows: The pictures of each row, uint8 (H, W, 3) RGB, of any sizes.
        header: One label for each column.
        longest: The longest side of a picture on the sheet; larger ones are reduced to it.

    Returns:
        The sheet, uint8 (H', W', 3) RGB.

    Raises:
        ValueError: A row is longer or shorter than the header.
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
