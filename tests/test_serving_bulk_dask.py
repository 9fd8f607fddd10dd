"""A bulk job on a real Dask cluster, which loses a worker in the middle."""

# ruff: noqa: F401, F811  (the fixture `preset`)

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.__main__ import main
from tests.serving_model import wait_until
from tests.test_serving_bulk import arguments, check_result, lines, preset, results

distributed = pytest.importorskip("distributed", reason="needs Dask: make setup")
PHOTOS = 60


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """60 photos in `in/` with masks in `masks/`, and one that is none."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    mask = np.zeros((20, 24), np.uint8)
    mask[4:10, 6:12] = 255
    for folder in ("in", "masks"):
        Path(folder).mkdir()
    for index in range(PHOTOS):
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(f"in/{index:03}.png")
        Image.fromarray(mask).save(f"masks/{index:03}.png")
    Path("in/bad.png").write_bytes(b"text")
    Image.fromarray(mask).save("masks/bad.png")


@pytest.fixture
def start(root):
    """Starts a program of Python, and ends it after the test."""

    @contextmanager
    def running(*command):
        environment = os.environ | {"PYTHONPATH": str(root)}
        with open(f"{command[1]}.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    with ExitStack() as stack:
        yield lambda *command: stack.enter_context(running(*command))


@pytest.mark.slow
def test_a_worker_is_killed(photos, preset, start):
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    start("dask", "scheduler", *local, "--port", "0", "--scheduler-file", "scheduler.json")
    wait_until(Path("scheduler.json").exists)
    alone = [*local, "--no-nanny", "--nthreads", "1", "--scheduler-file", "scheduler.json"]
    workers = [start("dask", "worker", *alone, "--name", str(number)) for number in range(2)]
    with distributed.Client(scheduler_file="scheduler.json") as client:
        client.wait_for_workers(2, timeout=60)
        address = client.scheduler.address
        job = start("serving", *arguments(preset), "--dask", address)
        wait_until(lambda: len(results()) > 10, 120)
        kept = records_kept_by_workers(client)
        busiest = max(kept, key=kept.get)
        workers[busiest].send_signal(signal.SIGKILL)
        before = {name: path.stat().st_mtime_ns for name, path in results().items()}
        assert kept[busiest] > 0 and len(before) < PHOTOS, "not in the middle"
        assert job.wait(120) == 2
    assert set(results()) == {f"{index:03}.png" for index in range(PHOTOS)}
    for name, path in results().items():
        check_result(path)
        if name in before:
            assert path.stat().st_mtime_ns == before[name], "written twice"
    manifest = lines("manifest.jsonl")
    assert [Path(one["input"]).name for one in manifest] == sorted(os.listdir("in"))
    assert [one["input"] for one in lines("dead-letter.jsonl")] == ["in/bad.png"]
    assert not [name for name in os.listdir("out") if name.startswith(".")]


def records_kept_by_workers(client):
    """How many jobs each worker has done whose records it would take with it, by its name."""

    def count(dask_scheduler):
        return {state.name: len(state.has_what) for state in dask_scheduler.workers.values()}

    return client.run_on_scheduler(count)


def test_what_cannot_be_used(photos, preset, monkeypatch, capsys):
    monkeypatch.setattr("serving.bulk_dask.CONNECT_SECONDS", 0.5)
    assert main([*arguments(preset), "--dask", "tcp://127.0.0.1:9"]) == 2
    assert "--dask tcp://127.0.0.1:9: no scheduler answers" in capsys.readouterr().err
    runner = "apache_beam.runners.dask.dask_runner.DaskRunner"
    assert main([*arguments(preset), "--runner", runner]) == 2
    assert "use --dask ADDRESS" in capsys.readouterr().err
