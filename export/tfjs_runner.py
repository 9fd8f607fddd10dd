"""Runs a TF.js model in Node, on WebAssembly. The npm packages go to out/tools."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfpaint.errors import InputError

TOOLS = Path(__file__).parents[1] / "out" / "tools"
VERSION = "4.22.0"
PACKAGES = tuple(
    f"@tensorflow/tfjs-{part}@{VERSION}" for part in ("core", "converter", "backend-wasm")
)


def side(path: Path) -> int:
    """The side in pixels of the window of the model in a folder."""
    inputs = json.loads((path / "model.json").read_text())["signature"]["inputs"]
    return int(inputs["image"]["tensorShape"]["dim"][1]["size"])


def run(
    path: Path, cases: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[tuple[np.ndarray, float]]:
    """Fills windows with the model.

    Args:
        path: The model's folder.
        cases: Pairs of uint8 (S, S, 3) and bool (S, S), True = missing.

    Returns:
        For each, float32 (S, S, 3) in [0, 255], and the seconds of a second run.

    Raises:
        InputError: Node or its packages are missing, or the model fails.
    """
    size = side(path)
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "inputs", Path(folder) / "outputs"
        pairs = [np.concatenate([image.ravel(), mask.ravel()]) for image, mask in cases]
        inputs.write_bytes(np.concatenate(pairs).astype("<f4").tobytes())
        script = Path(__file__).with_suffix(".js")
        _call("node", script, path, size, inputs, outputs, NODE_PATH=_packages() / "node_modules")
        results = np.frombuffer(outputs.read_bytes(), "<f4").reshape(len(cases), -1)
    return [(one[:-1].reshape(size, size, 3), float(one[-1]) / 1000) for one in results]


def _packages() -> Path:
    """The folder of TF.js, which is installed if it is missing."""
    folder = TOOLS / f"tfjs-{VERSION}"
    if not folder.exists():
        print(f"installing TF.js in {folder}, once", flush=True)
        building = folder.with_name(folder.name + ".part")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        _call("npm", "install", "--no-audit", "--no-fund", "--prefix", building, *PACKAGES)
        os.rename(building, folder)
    return folder


def _call(*command: str | Path | int, **environment: Path) -> None:
    variables = {**os.environ, **{key: str(value) for key, value in environment.items()}}
    words = [str(word) for word in command]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, env=variables)
    except FileNotFoundError as error:
        raise InputError(f"{command[0]} is missing: install Node.js") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"{command[0]} failed: {last}") from error
