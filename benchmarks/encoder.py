"""How well the distilled encoder stands in for VGG19: fidelity, size, speed.

    python -m benchmarks.encoder --photos DIR --teacher imagenet --encoder photo

Prints the R^2 of its relu3_1 features, how patch-swap's choices agree (the same source patch, or
one whose VGG19 similarity is within 1 % of the best), the number of weights, and milliseconds for a
photo of --size pixels side by side. The hole is the centre square of 7/16 of the side.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfpaint.errors import InputError
from tfpaint.evaluation.cases import square
from tfpaint.maps.mask_cells import grow
from tfpaint.networks.encoder import VGG19Encoder
from tfpaint.patch_swap import match
from tfpaint.pictures.files import read_photo
from tfpaint.presets import load_preset


def main() -> None:
    """Parses the command line, measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--teacher", default="imagenet", help="'imagenet' or an .npz of VGG19")
    parser.add_argument("--encoder", default="photo", help="a preset, or a .keras file")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="only N photos")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    try:
        teacher = VGG19Encoder().load_vgg19(options.teacher)
        if options.encoder.endswith(".keras"):
            student = keras.saving.load_model(options.encoder, compile=False)
        else:
            student = load_preset(options.encoder).encoder
        paths = sorted(options.photos.iterdir())[: options.limit]
        figures = measure(
            student, teacher, [square(read_photo(path).pixels, options.size) for path in paths]
        )
    except (InputError, OSError) as error:
        parser.error(str(error))
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


def measure(student, teacher, photos: list[np.ndarray]) -> dict[str, float]:
    """The figures for photos uint8 (S, S, 3)."""
    size = len(photos[0])
    cells, hole = size // 4, round(size * 7 / 16 / 8) * 2
    before = (cells - hole) // 2
    missing = np.zeros((1, cells, cells, 1), np.float32)
    missing[:, before : before + hole, before : before + hole] = 1
    touched = grow(missing)
    encode = {"teacher": tf.function(teacher), "student": tf.function(student)}
    seconds: dict[str, list[float]] = {name: [] for name in encode}
    rows = []
    for photo in tqdm(photos, unit="photo", disable=None):
        image = tf.constant(photo[None] / np.float32(127.5) - 1)
        features = {}
        for name, function in encode.items():
            start = time.perf_counter()
            features[name] = function(image)
            seconds[name].append(time.perf_counter() - start)
        error = tf.reduce_sum((features["student"] - features["teacher"]) ** 2)
        centred = features["teacher"] - tf.reduce_mean(features["teacher"], (0, 1, 2))
        rows.append(
            (float(error), float(tf.reduce_sum(centred**2)), *_agreement(features, touched))
        )
    error, energy, same, close = np.array(rows).T
    return {
        "photos": len(photos),
        "r2": 1 - error.sum() / energy.sum(),
        "same_source": same.mean(),
        "within_1_percent": close.mean(),
        "weights": student.count_params(),
        "weights_of_vgg19": teacher.count_params(),
        "milliseconds": 1e3 * np.median(seconds["student"]),
        "milliseconds_of_vgg19": 1e3 * np.median(seconds["teacher"]),
    }


def _agreement(features, touched) -> tuple[float, float]:
    """Shares of queries with the same source, and with one as similar to VGG19 within 1 %."""
    chosen = {name: match(maps, maps, touched, 1 - touched) for name, maps in features.items()}
    asked = tf.where(touched[0, :, :, 0] > 0)
    best, ours = (tf.gather_nd(chosen[name][0], asked) for name in ("teacher", "student"))
    patches = _patches(features["teacher"][0])
    width = features["teacher"].shape[2]
    queries = tf.gather(patches, tf.cast(asked[:, 0] * width + asked[:, 1], tf.int32))
    similarity = [tf.reduce_sum(queries * tf.gather(patches, one), -1) for one in (best, ours)]
    same = tf.reduce_mean(tf.cast(best == ours, tf.float32))
    close = tf.reduce_mean(tf.cast(similarity[1] >= 0.99 * similarity[0], tf.float32))
    return float(same), float(close)


def _patches(features: tf.Tensor) -> tf.Tensor:
    """(h, w, C) -> the normalised 3x3 patch around every cell, (h * w, 9 C)."""
    height, width, _ = features.shape
    padded = tf.pad(features, [[1, 1], [1, 1], [0, 0]])
    shifts = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    patches = tf.reshape(tf.concat(shifts, -1), [height * width, -1])
    return tf.math.l2_normalize(patches, -1)


if __name__ == "__main__":
    main()
