"""Puts the web page together: its own files, TensorFlow.js from npm, and a sample photo.

    python -m export web --out out/web

Any static host can serve the folder, and so can the model's server:

    python -m serving server --model out/models/tfpaint --page out/web

The page can also fill photos in the browser itself. For that, export the model for browsers first:

    python -m export tfjs --out out/web/model
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tfpaint.errors import InputError

SOURCE = Path(__file__).parent / "web"
PAGE = ("index.html", "style.css", "others.css", "icon.svg", "icons.svg", "js")
VENDOR = (
    "tfjs-core/dist/tf-core.min.js",
    "tfjs-converter/dist/tf-converter.min.js",
    "tfjs-backend-wasm/dist/tf-backend-wasm.min.js",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    "tfjs-backend-webgl/dist/tf-backend-webgl.min.js",
    "tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
)
# The least that a browser loads of it, besides the model, before it fills the first photo.
LOADED = (
    "tf-core.min.js",
    "tf-converter.min.js",
    "tf-backend-wasm.min.js",
    "tfjs-backend-wasm-simd.wasm",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m export web`."""
    default = Path("out/web")
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help="(%(default)s)")


def run(options: argparse.Namespace) -> None:
    """The command `python -m export web`."""
    assets = build(options.out)
    print(f"{options.out}: the page")
    if "sample" not in assets:
        print("without a sample photo: pip install scikit-image")
    if "model" in assets:
        print(f"with the model for browsers, {assets['model']['bytes'] / 1e6:.1f} MB to load")
    else:
        model = options.out / "model"
        print(f"server only; for browsers: python -m export tfjs --out {model}, then this again")


def build(out: str | Path) -> dict[str, Any]:
    """Writes the page.

    Args:
        out: A folder, made if missing. If its folder `model` has TF.js graph models, such as
            `model/128/model.json` for windows of side 128, the page uses them.

    Returns:
        What `assets.json` says as well. `sample` is the sample photo's path, if scikit-image is
        installed. `model`, if there are models, has the sides of their windows, `scales`, and the
        `bytes` that a browser loads for the largest.

    Raises:
        InputError: npm is missing or fails, or the folder cannot be written.
    """
    out = Path(out)
    if out.resolve() == SOURCE.resolve():
        raise InputError(f"{out}: holds the page's sources; name another folder")
    assets: dict[str, Any] = {}
    try:
        (out / "assets.json").unlink(missing_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        for name in PAGE:
            copy = shutil.copytree if (SOURCE / name).is_dir() else shutil.copyfile
            shutil.rmtree(out / name, ignore_errors=True)
            copy(SOURCE / name, out / name)
        if _write_sample(out / "sample.jpg"):
            assets["sample"] = "sample.jpg"
        sides = [file.parent.name for file in out.glob("model/*/model.json")]
        scales = sorted(int(side) for side in sides if side.isdecimal())
        if scales:
            _install(out / "vendor")
            files = [*(out / "model" / str(scales[-1])).iterdir()]
            files += [out / "vendor" / name for name in LOADED]
            loaded = sum(file.stat().st_size for file in files)
            assets["model"] = {"scales": scales, "bytes": loaded}
        temporary = out / "assets.json.part"
        temporary.write_text(json.dumps(assets) + "\n")
        os.replace(temporary, out / "assets.json")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return assets


def _write_sample(path: Path) -> bool:
    """Writes a photo of a rocket, by SpaceX, in the public domain; False without scikit-image."""
    try:
        from skimage import data
    except ImportError:
        return False
    from PIL import Image

    Image.fromarray(data.rocket()).save(path, quality=95)
    return True


def _install(vendor: Path) -> None:
    """Installs TensorFlow.js by npm, in the lock file's versions, unless it is there already."""
    lock = SOURCE / "package-lock.json"
    there = vendor / lock.name
    if there.is_file() and there.read_bytes() == lock.read_bytes():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("npm is needed for the model in the browser; install Node.js")
    with tempfile.TemporaryDirectory(dir=vendor.parent, prefix=".npm-") as work:
        for name in ("package.json", lock.name):
            shutil.copyfile(SOURCE / name, Path(work) / name)
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[0]
            raise InputError(f"npm ci failed: {last}")
        ready = Path(work) / "vendor"
        ready.mkdir()
        for name in VENDOR:
            shutil.copyfile(Path(work) / "node_modules/@tensorflow" / name, ready / Path(name).name)
        shutil.copyfile(lock, ready / lock.name)
        shutil.rmtree(vendor, ignore_errors=True)
        os.replace(ready, vendor)
