"""Where commands and servers compute, and that the library sets nothing up by itself."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import tensorflow as tf

from serving import backend
from serving.__main__ import main as serving
from serving.options import Options
from tests import test_cli
from tests.serving_model import save
from tests.test_cli import folder, loads
from tests.tiny import SCALES, networks
from tfpaint import cli
from tfpaint.commands import devices
from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter

GPUS = ["first", "second"]


@pytest.fixture
def machine(monkeypatch):
    """A machine with two GPUs; lists what is set up on it."""
    done = []

    def record(name):
        return lambda *arguments: done.append((name, *arguments))

    config = SimpleNamespace(gpus=list(GPUS), done=done)
    threading = tf.config.threading
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: config.gpus)
    monkeypatch.setattr(tf.config, "set_visible_devices", record("see"))
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", record("grow"))
    monkeypatch.setattr(threading, "set_intra_op_parallelism_threads", record("intra"))
    monkeypatch.setattr(threading, "set_inter_op_parallelism_threads", record("inter"))
    return config


@pytest.mark.parametrize(
    "device, threads, done",
    [
        (None, None, [("grow", "first", True), ("grow", "second", True)]),
        ("cpu", None, [("see", [], "GPU")]),
        ("gpu", None, [("see", ["first"], "GPU"), ("grow", "first", True)]),
        ("gpu:1", None, [("see", ["second"], "GPU"), ("grow", "second", True)]),
        ("cpu", 3, [("see", [], "GPU"), ("intra", 3), ("inter", 3)]),
    ],
)
def test_what_is_set_up(machine, device, threads, done):
    devices.set_up(device, threads)
    assert machine.done == done


@pytest.mark.parametrize("cores, jobs, intra", [(2, 2, 1), (8, 4, 2), (2, 4, 1), (9, 2, 4)])
def test_photos_that_are_filled_at_a_time_share_the_cores(machine, monkeypatch, cores, jobs, intra):
    monkeypatch.setattr(devices, "cores", lambda: cores)
    devices.set_up("cpu", jobs=jobs)
    assert machine.done[1:] == [("intra", intra)]
    machine.done.clear()
    devices.set_up("cpu", 3, jobs)
    assert machine.done[1:] == [("intra", 3), ("inter", 3)]

    def too_late(count):
        raise RuntimeError("in use")

    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", too_late)
    devices.set_up("cpu", jobs=jobs)  # a program that has used TensorFlow keeps its threads


def test_a_gpu_that_is_not_there(machine):
    with pytest.raises(InputError, match="gpu:2: TensorFlow finds 2 GPUs, from gpu:0"):
        devices.set_up("gpu:2")
    machine.gpus = []
    with pytest.raises(InputError, match="--device gpu: TensorFlow finds no GPU; .* cpu"):
        devices.set_up("gpu")


def test_the_library_sets_nothing_up(machine):
    Inpainter(*networks(), scales=SCALES)
    assert machine.done == []


def test_tfpaint_inpaint(folder, machine, capsys):
    pair = ["photo.png", "--mask", "mask.png", "-o", "out.png"]
    assert test_cli.tfpaint(capsys, *pair, "--device", "GPU:1", "--threads", "2") == (0, [])
    assert machine.done[0] == ("see", ["second"], "GPU") and ("intra", 2) in machine.done
    assert "--device gpu:7: " in test_cli.error_of(capsys, *pair, "--device", "gpu:7")
    with pytest.raises(SystemExit):
        cli.main(["inpaint", *pair, "--device", "tpu"])
    assert "'tpu' is not cpu, gpu, or gpu:N" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["stylize photo.png photo.png -o out.png", "evaluate"])
def test_the_other_commands(folder, machine, capsys, command):
    assert cli.main([*command.split(), "--device", "gpu:7"]) == 2
    assert "--device gpu:7: " in capsys.readouterr().err


def test_the_server(tmp_path, machine, capsys):
    model = save(tmp_path / "tfpaint" / "1")
    assert serving(["server", "--model", str(model), "--device", "gpu:7"]) == 2
    assert "--device gpu:7: " in capsys.readouterr().err


def test_tensorflow_serving_is_told_the_same(tmp_path):
    options = Options(tmp_path, host="0.0.0.0", device="gpu:1", threads=3)
    assert backend.environment(options)["CUDA_VISIBLE_DEVICES"] == "1"
    assert backend.environment(options)["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "--tensorflow_intra_op_parallelism=3" in backend.command(options)
    assert backend.environment(Options(tmp_path, device="cpu"))["CUDA_VISIBLE_DEVICES"] == "-1"
    device = os.environ.get("CUDA_VISIBLE_DEVICES")
    assert backend.environment(Options(tmp_path)).get("CUDA_VISIBLE_DEVICES") == device


def test_a_process_and_its_sessions_keep_to_their_threads(root):
    """The embedded server runs its models in sessions."""
    program = """
from tfpaint.commands import devices
devices.set_up("cpu", 1)
import os
import tensorflow as tf
with tf.Graph().as_default():
    x = tf.random.normal([700, 700])
    session = tf.compat.v1.Session()
    for _ in range(9):
        session.run(x @ x)
assert tf.config.threading.get_intra_op_parallelism_threads() == 1
assert session._config.intra_op_parallelism_threads == 1
tf.constant(1) + 1
devices.set_up("cpu", 1)  # as it is
try:
    devices.set_up("cpu", 2)
except ValueError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "too late" in done.stdout
