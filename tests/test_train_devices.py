"""Training on two devices, and in mixed precision."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import photo_folder, train_command
from train.__main__ import main


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
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    names = [(report["run"], report["network"]) for report in reports]
    assert len(set(names)) == 4
    for report in reports:
        assert report["moved"] > 3e-4 and report["apart"] < 3e-5, report


def state(work):
    """All numbers of the newest checkpoint, by name: networks, moments, scales of the losses."""
    reader = tf.train.load_checkpoint(str(work / "checkpoints"))
    return {
        name: reader.get_tensor(name)
        for name, dtype in reader.get_variable_to_dtype_map().items()
        if dtype != tf.string
    }


@pytest.mark.parametrize("run", ["image2feature", "feature2image-128"])
def test_float16_trains_and_resumes(folder, tmp_path, run):
    def train(work, steps):
        command = train_command(folder, tmp_path / work, f"paris/{run}", steps)
        assert main([*command, "--precision", "mixed_float16"]) == 0
        return state(tmp_path / work)

    first, resumed, whole = train("parts", 1), train("parts", 2), train("whole", 2)
    assert resumed.keys() == whole.keys()
    for network in ("generator", "discriminator"):
        weights = [name for name in whole if name.startswith(f"{network}/")]
        assert any(not np.array_equal(first[name], resumed[name]) for name in weights)
    for name, number in resumed.items():
        assert np.isfinite(number).all(), name
        np.testing.assert_allclose(number, whole[name], rtol=1e-4, atol=1e-5, err_msg=name)
