"""The programs that measure run, and what they print holds."""

import json

import numpy as np
import pytest

from benchmarks import first_photo, large_photo, patch_swap, training
from tests.test_presets import networks
from tfpaint.presets import save_preset


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


@pytest.mark.slow
def test_the_first_photo_is_measured(tmp_path, monkeypatch, capsys):
    save_preset(tmp_path / "tiny", **networks(), scales=[16])
    arguments = ["--sizes", "48", "--runs", "1", "--preset", tmp_path / "tiny"]
    file = tmp_path / "report.json"
    monkeypatch.setattr("sys.argv", ["first_photo", *map(str, arguments), "--json", str(file)])
    first_photo.main()
    row = json.loads(file.read_text())["48"]
    assert 0 < row["later"] < row["python"] and 0 < row["later"] < row["import"]
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 48 px | ")


@pytest.mark.parametrize("case", training.CASES)
def test_our_layers_give_the_gradients_of_keras_layers(case, monkeypatch):
    name, _, _ = training.CASES[case]
    monkeypatch.setitem(training.CASES, case, (name, 64, 2))
    data = training.batches(case, 1)[0]
    plain = training.gradients(case, "float32", True, data, width=4)
    ours = training.gradients(case, "float32", False, data, width=4)
    assert np.linalg.norm(ours - plain) < 1e-3 * np.linalg.norm(plain)
    off = training.disagreement(case, data, width=4)
    assert 0 < off["ours_from_float32"] < 2 * off["plain_from_float32"] < 1


def test_the_plain_step_minimises_our_loss(monkeypatch):
    case = "image2feature-128"
    name, _, _ = training.CASES[case]
    monkeypatch.setitem(training.CASES, case, (name, 64, 2))
    data = training.batches(case, 1)[0]
    plain = training.plain_step(training.make(case, "float32", plain=True, width=4), data)
    ours = training.make(case, "float32", width=4).train_step(data)
    np.testing.assert_allclose(plain["loss"], ours["loss"], rtol=1e-5)


def test_losses_within_the_spread_of_other_seeds():
    plain = np.array([[1.0] * 30, [2.0] * 30, [1.5] * 30])
    share = training.share_within({"plain": plain, "ours": np.array([1.2] * 30)})
    assert share == 1
    assert training.share_within({"plain": plain, "ours": np.array([4.0] * 30)}) == 0
