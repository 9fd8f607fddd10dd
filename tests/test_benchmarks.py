"""The fills to compare with, and the table that compares them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import inpainting, large_photo, patch_swap
from benchmarks.baselines import harmonic, mean_colour, telea

FILLS = [mean_colour.fill, harmonic.fill, telea.fill]


@pytest.fixture
def ramp():
    """A picture that rises from top to bottom only, which is harmonic."""
    column = np.arange(32, dtype=np.uint8)[:, None, None] * 7
    return np.broadcast_to(column, (32, 32, 3)).copy()


@pytest.fixture
def hole():
    """Two holes, one at the photo's left edge."""
    mask = np.zeros((32, 32), bool)
    mask[10:20, :8] = mask[5:25, 14:30] = True
    return mask


@pytest.mark.parametrize("fill", FILLS)
def test_fills_keep_the_known_pixels_and_never_see_the_others(fill, hole):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    result = fill(image, hole)
    np.testing.assert_array_equal(result[~hole], image[~hole])
    image[hole] = 255 - image[hole]
    np.testing.assert_array_equal(fill(image, hole), result)


def test_harmonic_fill_continues_a_ramp_exactly(ramp, hole):
    image = np.where(hole[..., None], 0, ramp).astype(np.uint8)
    np.testing.assert_array_equal(harmonic.fill(image, hole), ramp)


def test_mean_colour_is_the_mean_of_the_known(hole):
    image = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    image[hole] = 255
    assert (mean_colour.fill(image, hole) == (10, 20, 30)).all()


def test_the_square_is_cut_from_the_centre():
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[:, 10:50] = 200
    assert (inpainting.square(photo, 16) == 200).all()


def test_the_table_measures_what_the_inpainter_gives(ramp):
    def inpainter(image, mask, steps):
        assert not image[mask].any()
        coarse = np.where(mask[..., None], ramp + 5, ramp).astype(np.uint8)
        return SimpleNamespace(image=harmonic.fill(image, mask), coarse=coarse)

    table, rows = inpainting.measure(inpainter, [ramp, ramp])
    assert table["whole system"]["mean L1 %"] == 0
    assert table["whole system"]["SSIM"] == pytest.approx(1)
    assert table["G1 alone"]["mean L1 %"] == pytest.approx(5 / 2.55)
    assert table["mean colour"]["sharpness"] < 1
    assert [len(row) for row in rows] == [4, 4]

    lines = inpainting.markdown(table)
    assert lines[-2].startswith("| G1 alone | 1.96 |")
    assert lines[-2].endswith("| – |")


@pytest.mark.slow
def test_patch_swap_is_measured():
    rates = {"multiply_adds_2": 1e11, "bytes": 1e10}
    cases = {case["engine"]: case for case in patch_swap.compare(32, None, rates)}
    assert list(cases) == ["conv2d", "exact", "propagated"]
    assert cases["conv2d"]["agreement"] == cases["exact"]["agreement"] == 1
    assert cases["exact"]["quality"] == 1 and 0.8 < cases["propagated"]["quality"] <= 1
    assert cases["exact"]["ratio_to_conv2d"] > 0.2 and cases["exact"]["times_floor"] > 0.2
    lines = patch_swap.rows(list(cases.values()))
    assert lines[0].startswith("| 32 | conv2d |")


@pytest.mark.slow
def test_a_large_photo_is_measured(tmp_path, monkeypatch):
    files = {name: tmp_path / name for name in ("curve.png", "crop.jpg", "report.json")}
    options = ["--curve", "--crop", "--json"]
    arguments = [text for pair in zip(options, files.values(), strict=True) for text in pair]
    monkeypatch.setattr("sys.argv", ["large_photo", "--quick", *map(str, arguments)])
    large_photo.main()
    report = json.loads(files["report.json"].read_text())
    assert report["megapixels"] == 0.12 and report["peak_mib"] > 100
    assert all(file.stat().st_size > 100 for file in files.values())
