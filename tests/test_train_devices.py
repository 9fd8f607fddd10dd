"""Training on two devices, and in mixed precision."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.tiny import photo_folder, train_command
from train.__main__ import main
from train.config import load_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photo_folder(tmp_path_factory.mktemp("photos"))


@pytest.mark.slow
def test_two_mirrored_devices_train_what_one_does(folder, root):
    """G1 and G2 with their adversaries, on two logical CPUs."""
    command = [sys.executable, "-m", "tests.mirrored", str(folder)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    names = [(report["run"], report["network"]) for report in reports]
    assert len(set(names)) == 4
    for report in reports:
        assert report["moved"] > 3e-4 and report["apart"] < 3e-5, report


@pytest.mark.parametrize("run", ["image2feature", "feature2image-128"])
def test_float16_trains_and_resumes(folder, tmp_path, run):
    def train(work, steps):
        command = train_command(folder, tmp_path / work, f"paris/{run}", steps)
        assert main([*command, "--precision", "mixed_float16"]) == 0
        return load_network(tmp_path / work / "network.keras").get_weights()

    first, resumed, whole = train("parts", 1), train("parts", 2), train("whole", 2)
    assert any(not np.array_equal(a, b) for a, b in zip(first, resumed, strict=True))
    for a, b in zip(resumed, whole, strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
