"""How well holes are filled: the system beside simple fills, on the same photos in one run.

    python -m benchmarks.inpainting --photos ../shared/photos/val --sheet out/val.png
    python -m benchmarks.inpainting --quick

Each photo is centre-cropped to a square and resized; its centre square of half the side is the
hole. Without --photos it takes the colour photos that scikit-image ships.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.baselines import harmonic, mean_colour, telea
from tfpaint import images, metrics
from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter
from tfpaint.sheets import contact_sheet, mark_hole

BASELINES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean colour": mean_colour.fill,
    "harmonic fill": harmonic.fill,
    "OpenCV Telea": telea.fill,
}
COLUMNS = {"mean L1 %": 2, "PSNR dB": 2, "SSIM": 3, "sharpness": 2, "seconds": 3}  # decimals


def main() -> None:
    """Parses the command line, measures, prints the table and writes what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, metavar="DIR", help="a folder of photos")
    parser.add_argument("--preset", default="photo", help="a name or a folder (default: photo)")
    parser.add_argument("--size", type=int, help="side in pixels (default: 256, or 128 if quick)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos")
    parser.add_argument("--quick", action="store_true", help="four photos, small")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write the pictures there")
    options = parser.parse_args()
    size = options.size or (128 if options.quick else 256)
    limit = options.limit or (4 if options.quick else None)

    try:
        sources = sorted(options.photos.iterdir()) if options.photos else sample_photos()
        photos = [square(source, size) for source in sources[:limit]]
        if not photos:
            raise InputError(f"{options.photos}: holds no photos; name a folder that does")
        table, rows = measure(Inpainter.from_preset(options.preset), photos)
    except (InputError, OSError) as error:
        parser.error(str(error))

    print(f"{len(photos)} photos of {size} px, the centre half as hole\n")
    print("\n".join(markdown(table)))
    if options.json:
        report = {"photos": len(photos), "size": size, "fills": table}
        options.json.write_text(json.dumps(report, indent=2))
    if options.sheet:
        sheet = contact_sheet(rows, ["input", "coarse", "final", "truth"])
        images.write_picture(options.sheet, sheet)


def measure(
    inpainter: Inpainter, photos: list[np.ndarray]
) -> tuple[dict[str, dict[str, float]], list[list[np.ndarray]]]:
    """Fills the centre hole of every photo, square uint8 (S, S, 3), in every way.

    Returns:
        For each way its COLUMNS, means over the photos, and the pictures of the contact sheet.
    """
    mask = centre_hole(len(photos[0]))
    scores: dict[str, list[dict[str, float]]] = defaultdict(list)
    rows = []
    inpainter(np.zeros_like(photos[0]), mask, steps=True)  # the first call builds the graph
    for truth in tqdm(photos, unit="photo", disable=None):
        image = np.where(mask[..., None], 0, truth).astype(np.uint8)  # nobody sees the truth
        for name, fill in BASELINES.items():
            result, seconds = timed(fill, image, mask)
            scores[name].append(quality(result, truth, mask) | {"seconds": seconds})
        steps, seconds = timed(inpainter, image, mask, steps=True)
        scores["G1 alone"].append(quality(steps.coarse, truth, mask))  # made on the way: untimed
        scores["whole system"].append(quality(steps.image, truth, mask) | {"seconds": seconds})
        rows.append([mark_hole(truth, mask), steps.coarse, steps.image, truth])
    table = {
        name: {column: float(np.nanmean([one[column] for one in ones])) for column in ones[0]}
        for name, ones in scores.items()
    }
    return table, rows


def quality(result: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """The first four of COLUMNS."""
    return {
        "mean L1 %": metrics.mean_l1(result, truth, mask),
        "PSNR dB": metrics.psnr(result, truth),
        "SSIM": metrics.ssim(result, truth),
        "sharpness": metrics.sharpness(result, truth, mask),
    }


def timed(function: Callable, *arguments, **options) -> tuple[Any, float]:
    """What the function returns, and the seconds it took."""
    start = time.perf_counter()
    return function(*arguments, **options), time.perf_counter() - start


def centre_hole(size: int) -> np.ndarray:
    """bool (S, S), True (missing) in the centre square of half the side."""
    mask = np.zeros((size, size), bool)
    mask[size // 4 : size - size // 4, size // 4 : size - size // 4] = True
    return mask


def square(source: Path | np.ndarray, size: int) -> np.ndarray:
    """The largest centre square of a photo, uint8 (S, S, 3): each pixel the mean of its area."""
    pixels = images.read_photo(source).pixels if isinstance(source, Path) else source
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    crop = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(crop.resize((size, size), Image.Resampling.BOX))


def sample_photos() -> list[np.ndarray]:
    """The colour photos inside scikit-image's own package."""
    from skimage import data

    return [data.coffee(), data.chelsea(), data.rocket(), data.astronaut()]


def markdown(table: dict[str, dict[str, float]]) -> list[str]:
    """The lines of a table of COLUMNS, a row for each name; a dash where there is no number."""
    lines = ["| fill | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, row in table.items():
        cells = [f"{row[key]:.{n}f}" if key in row else "–" for key, n in COLUMNS.items()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
