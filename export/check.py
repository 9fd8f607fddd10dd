"""Loads what was exported, runs it on photos with holes and compares it with the Inpainter.

    python -m export check models/tfpaint
    python -m export check tfpaint_256.tflite
    python -m export check web/model/256

A folder with versions is a SavedModel (the newest is taken), one with a model.json a TF.js model,
which runs in Node on WebAssembly; a .tflite file runs in LiteRT. Models of a window are compared
with the same window filled by the Inpainter. The photos are scikit-image's, the holes random
rectangles; LiteRT and TF.js run in processes of their own.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export import photos as samples
from tfpaint.errors import InputError


@dataclass(frozen=True)
class Row:
    """How a picture from an exported model differs from the Inpainter's, in grey levels.

    Attributes:
        photo: its name.
        mean: mean absolute difference in the hole.
        within_one: share of the hole's values at most 1 apart.
        largest: largest difference in the hole.
        known_equal: whether all is as in the photo outside the hole.
        seconds: of the second run, and of the reference's.
        reference_seconds: likewise.
    """

    photo: str
    mean: float
    within_one: float
    largest: float
    known_equal: bool
    seconds: float
    reference_seconds: float


def add_arguments(parser):
    parser.add_argument("model", type=Path, metavar="DIR_OR_FILE")
    parser.add_argument("--preset", default="photo", help="what it was made of (%(default)s)")
    parser.add_argument(
        "--photos",
        type=int,
        default=5,
        choices=range(1, len(samples.NAMES) + 1),
        metavar="N",
        help="how many, up to 20 (%(default)s)",
    )
    parser.add_argument(
        "--most", type=float, metavar="MEAN", help="fail if the pictures differ by more grey levels"
    )


def run(options):
    from tfpaint.inpainter import Inpainter

    mean = report(Inpainter.from_preset(options.preset), options.model, options.photos)
    if options.most is not None and not mean <= options.most:  # NaN is no success
        raise InputError(f"{options.model}: {mean:.3f} grey levels from the preset's pictures")


def report(inpainter, path, count=5):
    """Prints the table of `compare` on a count of photos; the mean difference in the holes.

    Raises:
        InputError: as `compare`, or known pixels are not as they were.
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
    shares = [np.mean([getattr(row, name) for row in rows]) for name in ("mean", "within_one")]
    print(f"{'all':22}{shares[0]:8.3f}{shares[1]:10.2%}")
    if not all(row.known_equal for row in rows):
        raise InputError(f"{path}: changes known pixels")
    return shares[0]


def compare(inpainter, path, photos):
    """Runs an exported model and the inpainter on the same photos.

    Args:
        inpainter: what the model was made of.
        path: of the model, see above.
        photos: uint8 (H, W, 3) by name, at least half as large as the model's window.

    Returns:
        A list of `Row`.

    Raises:
        InputError: There is no model, or it cannot be run here.
    """
    from tfpaint import saved_model

    inpainter = saved_model.in_float32(inpainter)
    path = _newest(Path(path))
    if (path / "saved_model.pb").is_file():
        return _saved_model(inpainter, path, photos)
    if path.suffix == ".tflite" and path.is_file():
        from export import litert_runner as runner
    elif (path / "model.json").is_file():
        from export import tfjs_runner as runner
    elif windows := sorted(path.glob("*/model.json")):
        raise InputError(f"{path}: holds models of windows; name one, such as {windows[0].parent}")
    else:
        raise InputError(
            f"{path}: neither a SavedModel's folder nor a TF.js model's nor a .tflite file"
        )
    side = runner.side(path)
    cases = {
        name: samples.window(photo, side, seed) for seed, (name, photo) in enumerate(photos.items())
    }
    results = runner.run(path, list(cases.values()))
    reference = _reference(inpainter, side)
    return [
        _row(name, *case, *result, *_timed(lambda case=case: reference(*case)))
        for (name, case), result in zip(cases.items(), results, strict=True)
    ]


def _newest(path):
    """Of a folder with versions of a SavedModel the newest, else the path itself."""
    from tfpaint import saved_model

    versions = [path / str(number) for number in saved_model.versions(path)]
    return [path, *(one for one in versions if (one / "saved_model.pb").is_file())][-1]


def _saved_model(inpainter, path, photos):
    import tensorflow as tf

    serve = tf.saved_model.load(path).signatures["serving_default"]
    rows = []
    for seed, (name, photo) in enumerate(photos.items()):
        mask = samples.hole(*photo.shape[:2], np.random.default_rng(seed))
        inputs = {"image": photo[None], "mask": mask[None, ..., None] * np.uint8(255)}
        inputs = {key: tf.constant(value) for key, value in inputs.items()}
        result = _timed(lambda inputs=inputs: serve(**inputs)["image"].numpy()[0])
        wanted = _timed(lambda photo=photo, mask=mask: inpainter(photo, mask))
        rows.append(_row(name, photo, mask, *result, *wanted))
    return rows


def _reference(inpainter, side):
    """The window as the inpainter itself fills it, with its own matching."""
    import tensorflow as tf

    from tfpaint.saved_model import static_window

    fill = tf.function(
        lambda image, mask: static_window.fill(inpainter.filler, image, mask), autograph=False
    )

    def reference(image, mask):
        image, mask = tf.constant(image[None], tf.float32), tf.constant(mask[None, ..., None])
        return fill(image, mask).numpy()[0]

    return reference


def _row(name, image, mask, result, seconds, wanted, reference_seconds):
    apart = np.abs(np.float32(result) - wanted)[mask]
    known = np.array_equal(result[~mask], image[~mask])
    shares = float(apart.mean()), float((apart <= 1).mean()), float(apart.max())
    return Row(name, *shares, known, seconds, reference_seconds)


def _timed(function):
    """The result and the seconds of the second call: the first one prepares."""
    function()
    before = time.perf_counter()
    return function(), time.perf_counter() - before
