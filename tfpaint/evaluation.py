"""How well holes are filled, by every method on the same photos in one run: `tfpaint evaluate`."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfpaint import batch, evaluation_page, images, masks, metrics, sheets
from tfpaint.classical import FILLS, Fill
from tfpaint.errors import InputError

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter
    from tfpaint.perceptual import PerceptualDistance

OURS = ("g1", "tfpaint")  # the coarse fill alone, and the whole system
METHODS = (*FILLS, *OURS)
# What is measured, the decimals to print, and whether less is better (None: 1 is best).
COLUMNS = {
    "l1": ("mean L1 in the hole, %", 2, True),
    "psnr": ("PSNR, dB", 2, False),
    "ssim": ("SSIM", 3, False),
    "perceptual": ("perceptual", 4, True),
    "efficientnet": ("EfficientNet", 4, True),
    "sharpness": ("sharpness", 2, None),
    "seconds": ("seconds", 2, True),
}


@dataclass(frozen=True)
class Case:
    """A photo to fill: its name, the truth uint8 (N, N, 3), and the hole bool (N, N)."""

    name: str
    truth: np.ndarray
    mask: np.ndarray

    @property
    def incomplete(self) -> np.ndarray:
        """The photo as the methods get it: 0 in the hole."""
        return np.where(self.mask[..., None], 0, self.truth).astype(np.uint8)


def cases(folder: Path | None, hole: str, size: int, limit: int | None = None) -> Iterator[Case]:
    """The photos of a folder, each cut to its largest centre square and resized to `size`.

    Args:
        folder: holds the photos; None for the four colour photos that scikit-image ships.
        hole: "centre" (a square of half the side), "centre:224" (of so many pixels), or a folder
            with a mask for every photo, of its size and name.
        size: side in pixels.
        limit: only the first so many photos.

    Raises:
        InputError: no photos, two of one name, a file that is none, or a hole that makes no sense.
    """
    centre = _centre_hole(hole, size)
    for photo, pixels in islice(_photos(folder), limit):
        mask = centre
        if mask is None:
            file = batch.find_mask(photo, Path(hole))
            assert file is not None
            whole = masks.read_mask(file)
            if whole.shape != pixels.shape[:2]:
                raise InputError(f"{file}: is not of the size of {photo}")
            mask = square(whole.astype(np.uint8) * 255, size, Image.Resampling.NEAREST) > 127
        if not mask.any() or mask.all():
            raise InputError(f"{photo}: its hole at {size} px is empty or everything")
        yield Case(photo.stem, square(pixels, size), mask)


def _photos(folder: Path | None) -> Iterator[tuple[Path, np.ndarray]]:
    if folder is None:
        yield from ((Path(name), pixels) for name, pixels in sample_photos().items())
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of photos")
    photos = batch.pictures(folder)
    if not photos:
        raise InputError(f"{folder}: holds no pictures; name a folder that does")
    names: dict[str, Path] = {}
    for photo in photos:
        if names.setdefault(photo.stem, photo) != photo:
            raise InputError(f"{photo}: has the name of {names[photo.stem].name}; rename one")
    for photo in photos:
        yield photo, images.read_photo(photo).pixels


def sample_photos() -> dict[str, np.ndarray]:
    """The colour photos inside scikit-image's own package, uint8 (H, W, 3)."""
    from skimage import data

    return {name: getattr(data, name)() for name in ("coffee", "chelsea", "rocket", "astronaut")}


def _centre_hole(hole: str, size: int) -> np.ndarray | None:
    kind, _, side = hole.partition(":")
    if kind != "centre":
        if not Path(hole).is_dir():
            raise InputError(f"--hole {hole}: write centre, centre:PIXELS or a folder of masks")
        return None
    if side and not side.isdecimal():
        raise InputError(f"--hole {hole}: {side} is no number of pixels")
    width = int(side) if side else size // 2
    if not 0 < width < size:
        raise InputError(
            f"--hole {hole}: has to be from 1 to {size - 1} pixels in a photo of {size}"
        )
    start = (size - width) // 2
    mask = np.zeros((size, size), bool)
    mask[start : start + width, start : start + width] = True
    return mask


def square(
    pixels: np.ndarray, size: int, method: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """The largest centre square of a picture, resized; by default each pixel is its area's mean.

    Args:
        pixels: uint8 (H, W, 3) or (H, W).
        size: side of the result.
        method: of Pillow's resizing.

    Returns:
        uint8 (size, size, 3) or (size, size).
    """
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    crop = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(crop.resize((size, size), method))


def fill(
    case: Case,
    methods: Sequence[str],
    inpainter: "Inpainter | None",
    fills: Mapping[str, Fill] = FILLS,
) -> dict[str, tuple]:
    """What every method makes of a case: (picture uint8 (N, N, 3), seconds or None)."""
    results: dict[str, tuple] = {}
    for name in methods:
        start = time.perf_counter()
        if name in fills:
            picture = fills[name](case.incomplete, case.mask)
            results[name] = picture, time.perf_counter() - start
        elif name not in results:
            assert inpainter is not None
            steps = inpainter(case.incomplete, case.mask, steps=True)
            seconds = time.perf_counter() - start
            made = {"g1": (steps.coarse, None), "tfpaint": (steps.image, seconds)}
            results |= {key: made[key] for key in OURS if key in methods}
    return {name: results[name] for name in methods}


def score(
    case: Case, results: Mapping[str, tuple], distances: "Mapping[str, PerceptualDistance]"
) -> dict[str, dict[str, float | None]]:
    """COLUMNS of every method's picture; None for what is not measured or not a number."""
    pictures = [picture for picture, _ in results.values()]
    far = {key: measure(pictures, case.truth, case.mask) for key, measure in distances.items()}
    scores = {}
    for i, (name, (picture, seconds)) in enumerate(results.items()):
        psnr = metrics.psnr(picture, case.truth)
        sharpness = metrics.sharpness(picture, case.truth, case.mask)
        scores[name] = {
            "l1": metrics.mean_l1(picture, case.truth, case.mask),
            "psnr": psnr if np.isfinite(psnr) else None,
            "ssim": metrics.ssim(picture, case.truth),
            "perceptual": far["perceptual"][i] if "perceptual" in far else None,
            "efficientnet": far["efficientnet"][i] if "efficientnet" in far else None,
            "sharpness": sharpness if np.isfinite(sharpness) else None,
            "seconds": seconds,
        }
    return scores


def evaluate(
    found: Sequence[Case],
    methods: Sequence[str],
    inpainter: "Inpainter | None" = None,
    distances: "Mapping[str, PerceptualDistance] | None" = None,
    out: Path | None = None,
    about: Mapping[str, str] | None = None,
    fills: Mapping[str, Fill] = FILLS,
) -> dict:
    """Fills and measures every case with every method, with a progress bar on a terminal.

    Args:
        found: from `cases`.
        methods: of `fills` and OURS.
        inpainter: needed for "g1" and "tfpaint".
        distances: perceptual distances to measure, as "perceptual" and "efficientnet".
        out: a folder for `report.json`, `index.html` with all pictures, and `sheet.png` with the
            first 24; None writes nothing.
        about: what the report says of the run.
        fills: the methods beside OURS, by name.

    Returns:
        `{"about": ..., "methods": {name: means}, "photos": {photo: {name: scores}}}`.

    Raises:
        InputError: `out` cannot be made.
    """
    if out is not None:
        try:
            (out / "pictures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{out}: is no folder to write to ({error.strerror})") from error
    photos: dict[str, dict] = {}
    rows: list[list[np.ndarray]] = []
    _warm_up([fills[name] for name in methods if name in fills], inpainter, found)
    for case in tqdm(found, unit="photo", disable=None):
        results = fill(case, methods, inpainter, fills)
        photos[case.name] = score(case, results, distances or {})
        shown = {"input": sheets.mark_hole(case.truth, case.mask)}
        shown |= {name: picture for name, (picture, _) in results.items()} | {"truth": case.truth}
        if out is not None:
            for name, picture in shown.items():
                images.write_picture(out / "pictures" / f"{case.name}-{name}.png", picture)
        if len(rows) < 24:
            rows.append(list(shown.values()))
    report = {"about": dict(about or {}), "methods": _means(photos, methods), "photos": photos}
    if out is not None:
        header = ["input", *methods, "truth"]
        images.write_picture(out / "sheet.png", sheets.contact_sheet(rows, header))
        (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        (out / "index.html").write_text(evaluation_page.page(report, COLUMNS), "utf-8")
    return report


def _warm_up(fills: Sequence[Fill], inpainter: "Inpainter | None", found: Sequence[Case]) -> None:
    """First calls import packages, and build graphs for every number of scales."""
    square = np.zeros((32, 32), bool)
    square[12:20, 12:20] = True
    for method in fills:
        method(np.zeros((32, 32, 3), np.uint8), square)
    if inpainter is None:
        return
    holes = {case.mask.tobytes(): case for case in found}
    by_scales = {inpainter.scales_for(case.mask): case for case in holes.values()}
    for case in by_scales.values():
        inpainter(case.incomplete, case.mask, steps=True)


def _means(photos: Mapping[str, dict], methods: Sequence[str]) -> dict[str, dict]:
    def mean(name, column):
        values = [scores[name][column] for scores in photos.values()]
        measured = [value for value in values if value is not None]
        return float(np.mean(measured)) if measured else None

    return {name: {column: mean(name, column) for column in COLUMNS} for name in methods}


def markdown(report: Mapping) -> str:
    """The table of a report: a row for every method, a dash where there is no number."""
    columns = [c for c in COLUMNS if any(row[c] is not None for row in report["methods"].values())]
    lines = ["| method | " + " | ".join(COLUMNS[c][0] for c in columns) + " |"]
    lines.append("| --- |" + " ---: |" * len(columns))
    for name, row in report["methods"].items():
        cells = ["–" if row[c] is None else f"{row[c]:.{COLUMNS[c][1]}f}" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
