"""Compares inpainting methods on the same photos in one run: `tfpaint evaluate`."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from tfpaint.errors import InputError
from tfpaint.evaluation import metrics, page
from tfpaint.evaluation.cases import Case
from tfpaint.evaluation.classical import FILLS, Fill
from tfpaint.evaluation.pieces import piece_size
from tfpaint.evaluation.weave import weave_index
from tfpaint.pictures import files, sheets

if TYPE_CHECKING:
    from tfpaint.evaluation.perceptual import PerceptualDistance
    from tfpaint.inpainter import Inpainter

OURS = ("g1", "tfpaint")  # the coarse network alone, and the whole system
METHODS = (*FILLS, *OURS)
# For each measure its title, the decimals to print, and its direction: True means that lower is
# better, False that higher is better, None that 1 is best, "none" that no value is best.
COLUMNS = {
    "l1": ("mean L1 in the hole, %", 2, True),
    "psnr": ("PSNR, dB", 2, False),
    "ssim": ("SSIM", 3, False),
    "perceptual": ("perceptual", 4, True),
    "efficientnet": ("EfficientNet", 4, True),
    "sharpness": ("sharpness", 2, None),
    "weave": ("weave", 2, None),
    "piece": ("piece, px", 1, "none"),
    "seconds": ("seconds", 2, True),
}


def fill(
    case: Case,
    methods: Sequence[str],
    inpainter: "Inpainter | None",
    fills: Mapping[str, Fill] = FILLS,
) -> dict[str, tuple]:
    """Fills a case by every method.

    Args:
        case: The photo and its hole.
        methods: Names in `fills` and OURS.
        inpainter: Needed for "g1" and "tfpaint".
        fills: The other methods, by name.

    Returns:
        For each method the filled picture, uint8 (N, N, 3), and the seconds that it took. These are
        None for "g1", whose picture is an intermediate result of "tfpaint".
    """
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
    """Scores every method's picture.

    Args:
        case: The photo and its hole.
        results: As `fill` returns them.
        distances: Perceptual distances to measure, as "perceptual" and "efficientnet".

    Returns:
        For each method the scores named in COLUMNS. A score is None if it was not measured, or is
        infinite or NaN.
    """
    pictures = [picture for picture, _ in results.values()]
    far = {key: measure(pictures, case.truth, case.mask) for key, measure in distances.items()}
    scores = {}
    for i, (name, (picture, seconds)) in enumerate(results.items()):
        found = {
            "l1": metrics.mean_l1(picture, case.truth, case.mask),
            "psnr": metrics.psnr(picture, case.truth),
            "ssim": metrics.ssim(picture, case.truth),
            "perceptual": far["perceptual"][i] if "perceptual" in far else None,
            "efficientnet": far["efficientnet"][i] if "efficientnet" in far else None,
            "sharpness": metrics.sharpness(picture, case.truth, case.mask),
            "weave": weave_index(picture, case.mask),
            "piece": piece_size(picture, case.mask),
            "seconds": seconds,
        }
        scores[name] = {
            key: value if value is not None and np.isfinite(value) else None
            for key, value in found.items()
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
    """Fills every case by every method, and measures the results.

    A terminal shows a progress bar. Every method runs once before it is timed.

    Args:
        found: The cases, as from `cases.load_cases`.
        methods: Names in `fills` and OURS, in the order of the report.
        inpainter: Needed for "g1" and "tfpaint".
        distances: Perceptual distances to measure, as "perceptual" and "efficientnet".
        out: A folder for `report.json`, all results in `pictures`, `index.html` that shows them,
            and `sheet.png` with the first 24 cases. None writes nothing.
        about: Facts on the run for the report, such as the photos and the hole.
        fills: The other methods, by name.

    Returns:
        `{"about": about, "methods": {method: means}, "photos": {photo: {method: scores}},
        "irregular": [photo]}`; the last are the photos with irregular holes. The keys of means and
        scores are those of COLUMNS. A mean is over the photos whose score is not None, and is None
        if there are none.

    Raises:
        InputError: `out` cannot be created.
    """
    if out is not None:
        try:
            (out / "pictures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{out}: cannot be created as a folder ({error.strerror})") from error
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
                files.write_picture(out / "pictures" / f"{case.name}-{name}.png", picture)
        if len(rows) < 24:
            rows.append(list(shown.values()))
    report = {
        "about": dict(about or {}),
        "methods": _means(photos, methods),
        "photos": photos,
        "irregular": [case.name for case in found if case.irregular],
    }
    if out is not None:
        header = ["input", *methods, "truth"]
        files.write_picture(out / "sheet.png", sheets.contact_sheet(rows, header))
        (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        (out / "index.html").write_text(page.page(report, COLUMNS), "utf-8")
    return report


def _warm_up(fills: Sequence[Fill], inpainter: "Inpainter | None", found: Sequence[Case]) -> None:
    """Calls every method once, so that imports and graph building are not timed.

    The inpainter builds a graph for each number of scales, so it is called once for each.
    """
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
    """The table of a report in Markdown, with a row for every method.

    Measures without any number are left out. A dash stands for a single missing number.
    """
    columns = [c for c in COLUMNS if any(row[c] is not None for row in report["methods"].values())]
    lines = ["| method | " + " | ".join(COLUMNS[c][0] for c in columns) + " |"]
    lines.append("| --- |" + " ---: |" * len(columns))
    for name, row in report["methods"].items():
        cells = ["–" if row[c] is None else f"{row[c]:.{COLUMNS[c][1]}f}" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
