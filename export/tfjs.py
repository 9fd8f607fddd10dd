"""Writes the TF.js graph models for browsers, each of which fills windows of one size.

    python -m export tfjs --out out/web/model

Each size has a folder of its own: out/web/model/128 and so on. The converter needs an older
TensorFlow. Its environment is built in out/tools by the first export.

Inputs and output are those of the LiteRT model: `image` float32 (1, S, S, 3) in [0, 255] and `mask`
float32 (1, S, S, 1), above 0 = missing; `image` float32 (1, S, S, 3) in [0, 255]. Kernels are
stored in float16, as in the preset. The graph has neither loops nor branches, so that `execute`
runs it. Run it in float32: half precision cannot hold the indices of patches.
"""

import argparse
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from export.tfjs_runner import TOOLS
from tfpaint.errors import InputError

if TYPE_CHECKING:
    from tfpaint.inpainter import Inpainter

PACKAGES = (
    "tensorflowjs==4.22.0",
    "tensorflow==2.19.0",
    "tensorflow-decision-forests==1.12.0",
    "ydf==0.11.0",
    "setuptools<81",  # newer ones have no pkg_resources
)
ENVIRONMENT = "tensorflowjs-" + PACKAGES[0].partition("==")[2]
CONVERT = "from tensorflowjs.converters.converter import pip_main; pip_main()"
SIZES = (128, 256)
BYTES = {"float32": 4, "int32": 4, "float16": 2, "bool": 1}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m export tfjs`."""
    parser.add_argument("--preset", default="photo", help="a name or a folder (%(default)s)")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, metavar="S", help="sides of the windows"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--check", action="store_true", help="compare them with TensorFlow, in Node"
    )


def run(options: argparse.Namespace) -> None:
    """The command `python -m export tfjs`."""
    from export import check
    from tfpaint.inpainter import Inpainter

    inpainter = Inpainter.from_preset(options.preset)
    for size in options.sizes:
        folder = write(inpainter, options.out / str(size), size)
        files = list(folder.iterdir())
        print(f"{folder}: {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
        if options.check:
            check.report(inpainter, folder)


def write(inpainter: "Inpainter", path: str | Path, size: int) -> Path:
    """Writes the model for windows of one size, whole or not at all; an earlier one is replaced.

    Args:
        inpainter: Of any precision.
        path: The model's folder.
        size: Side of the window in pixels, one of `static_window.sides(inpainter.filler)`.

    Returns:
        The folder.

    Raises:
        InputError: There is no window of that size, the converter cannot be installed or fails, or
            the folder cannot be written.
    """
    import tensorflow as tf

    from tfpaint import saved_model
    from tfpaint.saved_model import static_window

    path = Path(path)
    inpainter = saved_model.in_float32(inpainter)
    graph = static_window.function(inpainter.filler, size).get_concrete_function()
    module = tf.Module()
    module.variables_of_networks = inpainter.filler.variables
    temporary = path.with_name(f".tfpaint-{secrets.token_hex(4)}")
    try:
        temporary.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as work:  # the converter takes no path with a space
            tf.saved_model.save(module, f"{work}/saved", signatures=graph)
            options = ("--input_format=tf_saved_model", "--quantize_float16=*")
            _call(_python(), "-c", CONVERT, *options, f"{work}/saved", f"{work}/converted")
            share_kernels(Path(work, "converted"))
            shutil.copytree(f"{work}/converted", temporary, dirs_exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        os.rename(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def share_kernels(folder: Path) -> None:
    """Stores equal kernels once. The converter copies a kernel for each scale that uses it.

    Args:
        folder: The folder of a graph model; its files are replaced.
    """
    file = folder / "model.json"
    model = json.loads(file.read_text())
    (group,) = model["weightsManifest"]
    shards = [folder / name for name in group["paths"]]
    data = b"".join(shard.read_bytes() for shard in shards)
    kept: list[tuple[dict, bytes]] = []
    first: dict[tuple, str] = {}  # the first name of each content
    same: dict[str, str] = {}  # from other names to the first
    at = 0
    for weight in group["weights"]:
        kind = weight.get("quantization", weight)["dtype"]
        size = math.prod(weight["shape"]) * BYTES[kind]
        content = data[at : at + size]
        at += size
        name = first.setdefault((kind, tuple(weight["shape"]), content), weight["name"])
        if name == weight["name"]:
            kept.append((weight, content))
        else:
            same[weight["name"]] = name
    nodes = [node for node in model["modelTopology"]["node"] if node["name"] not in same]
    for node in nodes:
        inputs = node.get("input", [])
        # "^name" means to wait for that node; for a constant that is not needed.
        node["input"] = [same.get(one, one) for one in inputs if one[1:] not in same]
    model["modelTopology"]["node"] = nodes
    group["weights"] = [weight for weight, _ in kept]
    group["paths"] = ["weights.bin"]
    for shard in shards:
        shard.unlink()
    (folder / "weights.bin").write_bytes(b"".join(content for _, content in kept))
    file.write_text(json.dumps(model, separators=(",", ":")))


def _python() -> Path:
    """The interpreter of the converter's environment, which is built if it is missing."""
    environment = TOOLS / ENVIRONMENT
    if not environment.exists():
        print(
            f"building the converter's environment in {environment}: some minutes, once", flush=True
        )
        building = environment.with_name(environment.name + ".part")
        shutil.rmtree(building, ignore_errors=True)
        _call(_interpreter(), "-m", "venv", building)
        _call(building / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES)
        os.rename(building, environment)
    return environment / "bin" / "python"


def _interpreter() -> str:
    """A Python for which the converter's older TensorFlow has packages.

    Raises:
        InputError: There is none.
    """
    if sys.version_info < (3, 13):
        return sys.executable
    for name in ("python3.12", "python3.11"):
        if found := shutil.which(name):
            return found
    raise InputError("the converter needs Python 3.11 or 3.12 beside this one; install one")


def _call(*command: str | Path) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip() or "no message").splitlines()[-1]
        raise InputError(f"{command[0]} failed: {last}") from error
