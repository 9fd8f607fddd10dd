"""The benchmark of the servers runs, and tells a bad server from a good one."""

import json

import pytest

from benchmarks import serving, serving_hostile
from tests.serving_model import running, save


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("benchmark") / "tfpaint" / "1")


@pytest.mark.slow
def test_everything_is_measured(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")  # no TensorFlow Serving
    report = tmp_path / "report.json"
    command = ["serving", "--model", str(model), "--quick", "--seconds", "0.5"]
    monkeypatch.setattr("sys.argv", [*command, "--json", str(report)])
    serving.main()
    found = json.loads(report.read_text())
    assert found["overhead"]["embedded"]["ratios"]["embedded"]["saved_model"] > 0.5
    assert [one["clients"] for one in found["load"]["embedded"]] == [1, 4, 16, 64]
    for one in found["load"]["embedded"]:
        assert one["per_second"] > 1 and 0 < one["p50"] <= one["p95"] <= one["p99"]
        assert one["errors"] == {}
    assert found["memory"]["embedded"]["mib"][0] > 50
    hostile = found["hostile"]["embedded"]
    assert len(hostile["outcomes"]) == 16 and hostile["failures"] == []
    assert "failures: none" in capsys.readouterr().out


def test_a_server_that_takes_anything_is_found_out(model, monkeypatch):
    """The same attacks, with good files in the place of the bad ones."""
    monkeypatch.setattr(serving_hostile, "bad_files", lambda *files: [files])
    with running(model) as server:
        files = serving.picture(serving.SMALL_SIDE)
        port = server.server.rest_port
        target = f"127.0.0.1:{server.server.grpc.port}"
        found = serving_hostile.attack(target, port, files, 3)
    assert found["failures"] == ["bad files: OK"] and found["good"] == 1


def test_a_server_that_does_not_start(tmp_path):
    with pytest.raises(RuntimeError, match="holds no version folder"):
        with serving.started(tmp_path):
            pass
