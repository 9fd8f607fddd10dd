"""How well Image2Feature knows its own error: what it expects against what it makes, in ten bins.

    python -m benchmarks.calibration --image2feature best.keras --photos DIR

The network fills the holes on which `python -m train.coarse` validates. The missing pixels of all
photos are sorted by the error that the network expects there, and divided into ten equal parts. The
table has the mean of the expected and of the true error of each, in % of the range of values.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops

from tfpaint.errors import InputError
from tfpaint.terminal import exit_code
from train.coarse import packed
from train.coarse.learning import CoarseFill, held_out
from train.config import load_network

BINS = 10
_BATCH = 32
_HEAD = "| bin | predicted % | true % | pixels |\n| ---: | ---: | ---: | ---: |"


def calibrate(network: keras.Model, photos: packed.Photos) -> list[dict[str, float]]:
    """Compares the expected error with the true one, in ten bins of as many pixels.

    Args:
        network: Image2Feature with `uncertainty=True`, of at most 144 px.
        photos: The photos to fill.

    Returns:
        For each bin, from the surest on: `predicted` and `true`, the mean absolute errors in % of
        the range of values; and `pixels`, how many missing pixels it has.

    Raises:
        InputError: The network does not say how sure it is.
    """
    if len(network.outputs) < 2:
        raise InputError("--image2feature: a network without uncertainty=True; train.coarse has it")
    model = CoarseFill(network)
    inputs = held_out(photos)
    predicted, true = [], []
    for start in range(0, len(photos), _BATCH):
        found = model({name: one[start : start + _BATCH] for name, one in inputs.items()})
        found = {name: ops.convert_to_numpy(one) for name, one in found.items()}
        hole = found["hole"][..., 0] > 0
        predicted.append(50 * found["error"][hole][:, 0])  # values differ by at most 2
        true.append(50 * np.abs(found["filled"] - found["truth"]).mean(-1)[hole])
    expected, made = np.concatenate(predicted), np.concatenate(true)
    bins = np.array_split(np.argsort(expected, kind="stable"), BINS)
    return [
        {
            "predicted": float(expected[one].mean(dtype=np.float64)),
            "true": float(made[one].mean(dtype=np.float64)),
            "pixels": len(one),
        }
        for one in bins
    ]


def run(options: argparse.Namespace) -> None:
    """Prints the table, and writes it as JSON if asked to."""
    network = load_network(options.image2feature, "image2feature")
    found = calibrate(network, packed.load(options.photos))
    print(_HEAD)
    for number, one in enumerate(found, 1):
        print(f"| {number} | {one['predicted']:.2f} | {one['true']:.2f} | {one['pixels']} |")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--image2feature", required=True, help="a .keras that train.coarse wrote")
    add("--photos", nargs="+", required=True, help="folders of photos, or one that `pack` wrote")
    add("--json", type=Path, help="a file for the table")
    return exit_code("benchmarks.calibration", run, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
