"""What a network expects of its error is compared with what it makes."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from benchmarks import calibration
from tfpaint.networks.image2feature import Image2Feature
from train.coarse import packed


@pytest.fixture
def folder(tmp_path):
    """Twelve photos, each of one grey."""
    for i in range(12):
        Image.new("L", (48, 40), 20 * i).save(tmp_path / f"{i:02}.png")
    return tmp_path


def of_known_bias():
    """Fills in black, and expects half of the error that this makes."""
    image, mask = keras.Input((32, 32, 3)), keras.Input((32, 32, 1))
    known = image[:, :16, :16, :1] * (1 - mask[:, :16, :16])  # a corner, of the photo's grey
    corner = known[:, :1, :1] + 1 + 0 * known
    filled = keras.ops.concatenate([0 * corner - 1] * 3, -1)
    return keras.Model([image, mask], [filled, corner / 2])


def test_a_network_that_expects_half_of_its_error(folder):
    found = calibration.calibrate(of_known_bias(), packed.load([folder]))
    assert len(found) == 10
    expected = [one["predicted"] for one in found]
    assert expected == sorted(expected) and expected[-1] > 5 * max(expected[0], 1)
    for one in found:
        assert one["true"] == pytest.approx(2 * one["predicted"], abs=1e-3)
    pixels = [one["pixels"] for one in found]
    assert sum(pixels) > 300 and max(pixels) - min(pixels) <= 1
    # The mean over all is that of the greys, weighted by their holes.
    assert 0 < np.average([one["true"] for one in found], weights=pixels) < 100 * 220 / 255


def test_the_command(folder, capsys):
    photos = ["--photos", str(folder)]
    for name, sure in (("sure", True), ("plain", False)):
        Image2Feature(16, width=2, uncertainty=sure).save(folder / f"{name}.keras")
    out = folder / "table.json"
    file = str(folder / "sure.keras")
    assert calibration.main(["--image2feature", file, *photos, "--json", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| ")][2:]
    for number, (row, one) in enumerate(zip(rows, json.loads(out.read_text()), strict=True), 1):
        cells = f"| {number} | {one['predicted']:.2f} | {one['true']:.2f} | {one['pixels']} |"
        assert row == cells
    assert len(rows) == 10

    assert calibration.main(["--image2feature", str(folder / "plain.keras"), *photos]) == 2
    assert "uncertainty=True" in capsys.readouterr().err
