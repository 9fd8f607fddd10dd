"""The programs that measure run, and what they print holds."""

import json

import pytest

from benchmarks import large_photo, patch_swap


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
