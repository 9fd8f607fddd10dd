"""Two workers on this machine train what one does with the whole batch."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.tiny import photo_folder
from train.__main__ import main
from train.config import load_network

STEPS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photo_folder(tmp_path_factory.mktemp("photos"), 6)


def arguments(folder, work, *more):
    return [
        *("run", "paris/image2feature", "--photos", str(folder), "--val", str(folder)),
        *("--work", str(work), "--encoder", str(folder / "encoder.keras"), "--width", "2"),
        *("--batch", "4", "--size", "32", "--epoch", "1", "--verbose", "2"),
        *("--steps", str(STEPS), *more),
    ]


def start(folder, work):
    """Both workers, as processes that log to files in `work`."""
    work.mkdir(exist_ok=True)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    workers = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        command = [sys.executable, "-m", "train"]
        command += arguments(folder, work, "--strategy", "multi-worker")
        with open(work / f"{index}.txt", "a") as log:
            workers.append(
                subprocess.Popen(
                    command,
                    env={**os.environ, "TF_CONFIG": json.dumps(task), "CUDA_VISIBLE_DEVICES": ""},
                    stdout=log,
                    stderr=log,
                )
            )
    return workers


def weights(work):
    return load_network(work / "network.keras").get_weights()


@pytest.mark.slow
def test_two_workers_with_a_kill_train_what_one_does(folder, tmp_path):
    main(arguments(folder, tmp_path / "one"))
    work = tmp_path / "two"
    workers = start(folder, work)
    log = work / "log.csv"
    deadline = time.monotonic() + 240
    while not (log.exists() and len(log.read_text().splitlines()) > 1):
        assert all(one.poll() is None for one in workers), (work / "0.txt").read_text()[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    workers[1].send_signal(signal.SIGKILL)
    assert workers[0].wait(120) == 3, "the other does not wait for ever"
    assert "the same command" in (work / "0.txt").read_text().splitlines()[-1]
    assert not (work / "network.keras").exists()

    for one in start(folder, work):
        assert one.wait(240) == 0, (work / "0.txt").read_text()[-2000:]
    assert len(log.read_text().splitlines()) == 1 + STEPS
    chief, other = weights(work), weights(work / "worker1")
    for a, b, single in zip(chief, other, weights(tmp_path / "one"), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, single, rtol=1e-3, atol=1e-4)
