"""The programs behind docs/experiments.md run on tiny networks, and what they print holds."""

import json

import pytest
from PIL import Image
from skimage import data

from benchmarks import ablations, running_time, table1
from tests.tiny import save_vgg19
from tfpaint.errors import InputError


def test_table1_has_every_method(capsys):
    methods = [one for one in table1.METHODS if one not in ("biharmonic", "patchmatch")]
    report = table1.main(["--quick", "--methods", ",".join(methods)])
    assert list(report["methods"]) == methods and len(report["photos"]) == 2
    errors = [row["l1"] for row in report["methods"].values()]
    assert len(set(errors)) == len(errors) and min(errors) > 1
    lines = capsys.readouterr().out.splitlines()
    (ours,) = (line for line in lines if line.startswith("| tfpaint "))
    assert ours.endswith("| 15.61 % | 0.89 |") and ours.count("|") == lines[1].count("|")


def test_table1_says_what_is_not_trained(tmp_path):
    with pytest.raises(InputError, match="first run python -m benchmarks.baselines local-global"):
        table1.fills(["local-global"], None, None, tmp_path)


def test_running_time_adds_up(tmp_path):
    file = tmp_path / "times.json"
    report = running_time.main(["--quick", "--json", str(file)])
    stages = {"Image2Feature", "encoder", "patch-swap", "Feature2Image"}
    assert stages < set(report["stages"])
    assert report["swap_64"] > 0 and report["ratio"] > 1
    assert report["neural"]["texture"]["ours"] > 0
    assert json.loads(file.read_text())["ratio"] == report["ratio"]


@pytest.mark.slow
def test_every_ablation_is_trained_and_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "SIZE", 32)
    monkeypatch.setattr(ablations, "EPOCHS", 1)
    names = ("base", "relu2_1", "mixture in the second half")
    runs = {
        name: [part.__class__(**{**vars(part), "size": 32}) for part in ablations.G2_RUNS[name]]
        for name in names
    }
    monkeypatch.setattr(ablations, "G2_RUNS", runs)
    monkeypatch.setattr(
        ablations, "G1", ablations.G1.__class__(**{**vars(ablations.G1), "size": 32})
    )
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("chelsea", "coffee"):
        Image.fromarray(getattr(data, name)()).resize((60, 40)).save(photos / f"{name}.png")
    vgg = tmp_path / "vgg.npz"
    save_vgg19(vgg)
    out, work = tmp_path / "out", tmp_path / "work"
    folders = ["--photos", str(photos), "--val", str(photos), "--work", str(work)]
    options = ["--vgg", str(vgg), "--out", str(out), "--steps", "2", "--width", "2"]
    ablations.main([*folders, *options])
    table = (out / "ablations.md").read_text()
    for name in (*names, "context encoder first: coarse fill alone", "4 iterations"):
        assert f"| {name} |" in table
    assert (out / "ablations.png").stat().st_size > 1000
    assert Image.open(out / "ablations.jpg").width > 100
    before = (work / "base" / "network.keras").stat().st_mtime
    ablations.main([*folders, *options])
    assert (work / "base" / "network.keras").stat().st_mtime == before  # nothing trains twice
