"""Runs an exported model on photos with holes and compares it with the Inpainter.

    python -m export check models/tfpaint
    python -m export check tfpaint_256.tflite
    python -m export check web/model/256

A folder of versions is a SavedModel, of which the newest version is taken. A folder with a
model.json is a TF.js model, which runs in Node on WebAssembly. A .tflite file runs in LiteRT. Both
of these run in a process of their own, and are compared with the Inpainter's fill of the same
window. The photos are scikit-image's; the holes are random rectangles.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from export import litert_runner, tfjs_runner
from export import photos as samples
from tfpaint.errors import InputError

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter


@dataclass(frozen=True)
class Row:
    """How an exported model's picture differs from the Inpainter's.

    Attributes:
        photo: The photo's name.
        mean: Mean absolute difference in the hole, in grey levels (0 to 255).
        within_one: Share of the values in the hole that differ by at most 1, from 0 to 1.
        largest: Largest difference in the hole, in grey levels.
        known_equal: Whether all known pixels are as in the photo.
        seconds: Of a second run of the model.
        reference_seconds: Of a second run of the Inpainter.
    """

    photo: str
    mean: float
    within_one: float
    largest: float
    known_equal: bool
    seconds: float
    reference_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m export check`."""
    parser.add_argument("model", type=Path, metavar="DIR_OR_FILE")
    parser.add_argument(
        "--preset", default="photo", help="the preset it was exported from (%(default)s)"
    )
    parser.add_argument(
        "--photos",
        type=int,
        default=5,
        choices=range(1, len(samples.NAMES) + 1),
        metavar="N",
        help="how many photos, up to 20 (%(default)s)",
    )
    parser.add_argument(
        "--most",
        type=float,
        metavar="MEAN",
        help="fail if the mean difference is more grey levels than this",
    )


def run(options: argparse.Namespace) -> None:
    """The command `python -m export check`."""
    from tfpaint.inpainter import Inpainter

    mean = report(Inpainter.from_preset(options.preset), options.model, options.photos)
    if options.most is not None and not mean <= options.most:  # NaN is no success
        raise InputError(f"{options.model}: {mean:.3f} grey levels from the preset's pictures")


def report(inpainter: "Inpainter", path: Path, count: int = 5) -> float:
    """Prints how an exported model differs from the inpainter, photo by photo.

    Args:
        inpainter: What the model was exported from.
        path: The model.
        count: How many photos to try.

    Returns:
        The mean absolute difference in the holes, in grey levels.

    Raises:
        InputError: As for `compare`, or the model changes known pixels.
    """
    rows = compare(inpainter, path, samples.load(count))
    path = _newest(path)
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    print(f"{path}: {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    print(f"{'photo':22}{'mean':>8}{'within 1':>10}{'largest':>9}{'known':>9}{'ms':>7}{'TF ms':>7}")
    for row in rows:
        known = "equal" if row.known_equal else "CHANGED"
        print(
            f"{row.photo:22}{row.mean:8.3f}{row.within_one:10.2%}{row.largest:9.0f}{known:>9}"
            f"{1000 * row.seconds:7.0f}{1000 * row.reference_seconds:7.0f}"
        )
    mean = float(np.mean([row.mean for row in rows]))
    print(f"{'all':22}{mean:8.3f}{np.mean([row.within_one for row in rows]):10.2%}")
    if not all(row.known_equal for row in rows):
        raise InputError(f"{path}: changes known pixels")
    return mean


def compare(
    inpainter: "Inpainter", path: str | Path, photos: Mapping[str, np.ndarray]
) -> list[Row]:
    """Runs an exported model and the inpainter on the same photos.

    Args:
        inpainter: What the model was exported from.
        path: The model: a folder or a .tflite file.
        photos: uint8 (H, W, 3) by name, at least half as large as the model's window.

    Returns:
        A row for each photo.

    Raises:
        InputError: There is no model, or it cannot be run here.
    """
    from tfpaint import saved_model

    inpainter = saved_model.in_float32(inpainter)
    path = _newest(Path(path))
    if (path / "saved_model.pb").is_file():
        return _saved_model(inpainter, path, photos)
    runner = _runner(path)
    side = runner.side(path)
    cases = [samples.window(photo, side, seed) for seed, photo in enumerate(photos.values())]
    results = runner.run(path, cases)
    reference = _reference(inpainter, side)
    return [
        _row(name, case, result, _timed(reference, *case))
        for name, case, result in zip(photos, cases, results, strict=True)
    ]


def _newest(path: Path) -> Path:
    """The newest version in a SavedModel's folder of versions, else the path itself."""
    from tfpaint import saved_model

    versions = [path / str(number) for number in saved_model.versions(path)]
    return [path, *(one for one in versions if (one / "saved_model.pb").is_file())][-1]


def _runner(path: Path) -> ModuleType:
    """What runs the model of a window: `litert_runner` or `tfjs_runner`.

    Raises:
        InputError: There is no such model.
    """
    if path.suffix == ".tflite" and path.is_file():
        return litert_runner
    if (path / "model.json").is_file():
        return tfjs_runner
    if windows := sorted(path.glob("*/model.json")):
        raise InputError(f"{path}: holds models of windows; name one, such as {windows[0].parent}")
    raise InputError(
        f"{path}: neither a SavedModel's folder nor a TF.js model's nor a .tflite file"
    )


def _saved_model(inpainter: "Inpainter", path: Path, photos: Mapping[str, np.ndarray]) -> list[Row]:
    import tensorflow as tf

    signature = tf.saved_model.load(path).signatures["serving_default"]

    def serve(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        masks = mask[None, ..., None] * np.uint8(255)
        outputs = signature(image=tf.constant(image[None]), mask=tf.constant(masks))
        return outputs["image"].numpy()[0]

    rows = []
    for seed, (name, photo) in enumerate(photos.items()):
        height, width = photo.shape[:2]
        case = photo, samples.hole(height, width, np.random.default_rng(seed))
        rows.append(_row(name, case, _timed(serve, *case), _timed(inpainter, *case)))
    return rows


def _reference(inpainter: "Inpainter", side: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The inpainter's own fill of a window, with the matching that it uses on photos.

    Patches are swapped in features alone, as phones and browsers do.

    Args:
        inpainter: In float32.
        side: Side S of the window in pixels.

    Returns:
        Function of uint8 (S, S, 3) and bool (S, S) to float32 (S, S, 3) in [0, 255].
    """
    import tensorflow as tf

    from tfpaint.saved_model import static_window

    filler = inpainter.filler.changed(pixels=False)
    fill = tf.function(lambda image, mask: static_window.fill(filler, image, mask), autograph=False)

    def reference(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        inputs = tf.constant(image[None], tf.float32), tf.constant(mask[None, ..., None])
        return fill(*inputs).numpy()[0]

    return reference


def _row(
    name: str,
    case: tuple[np.ndarray, np.ndarray],
    result: tuple[np.ndarray, float],
    reference: tuple[np.ndarray, float],
) -> Row:
    """A row of the table.

    Args:
        name: The photo's name.
        case: The photo, uint8 (H, W, 3), and its mask, bool (H, W), True = missing.
        result: The model's picture, (H, W, 3) in [0, 255], and its seconds.
        reference: Likewise of the inpainter.
    """
    (image, mask), (picture, seconds), (wanted, reference_seconds) = case, result, reference
    apart = np.abs(picture.astype(np.float32) - wanted)[mask]
    return Row(
        name,
        mean=float(apart.mean()),
        within_one=float((apart <= 1).mean()),
        largest=float(apart.max()),
        known_equal=np.array_equal(picture[~mask], image[~mask]),
        seconds=seconds,
        reference_seconds=reference_seconds,
    )


def _timed(function: Callable[..., np.ndarray], *arguments: np.ndarray) -> tuple[np.ndarray, float]:
    """The result, and the seconds of a second call: the first one prepares."""
    function(*arguments)
    before = time.perf_counter()
    return function(*arguments), time.perf_counter() - before
