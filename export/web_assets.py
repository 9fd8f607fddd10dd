"""Puts the web page together: its own files, TensorFlow.js from npm, a sample photo.

    python -m export web --out out/web

The folder can be put on any static host, or be served with the model:

    python -m serving server --model out/models/tfpaint --page out/web

To have the page fill photos inside the browser too, first put the model for browsers beside it:

    python -m export tfjs --out out/web/model
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tfpaint.errors import InputError

SOURCE = Path(__file__).parent / "web"
PAGE = ("index.html", "style.css", "icon.svg", "icons.svg", "js")
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
# What the leanest browser loads of it before the first photo, besides the model.
LOADED = (
    "tf-core.min.js",
    "tf-converter.min.js",
    "tf-backend-wasm.min.js",
    "tfjs-backend-wasm-simd.wasm",
)


def add_arguments(parser):
    default = Path("out/web")
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help="(%(default)s)")


def run(options):
    assets = build(options.out)
    print(f"{options.out}: the page")
    if "sample" not in assets:
        print("without a sample photo: pip install scikit-image")
    if "model" in assets:
        print(f"with the model for browsers, {assets['model']['bytes'] / 1e6:.1f} MB to load")
    else:
        model = options.out / "model"
        print(f"server only; for browsers: python -m export tfjs --out {model}, then this again")


def build(out):
    """Writes the page.

    Args:
        out: a folder, made if missing. TF.js graph models in its folder `model` are made use of:
            `model/128/model.json` for windows of side 128, and so on.

    Returns:
        dict, also in `assets.json`: `sample`, a path, if scikit-image is installed; `model`, with
        the sides of its windows, `scales`, and the `bytes` that a browser has to load for the
        largest, if there are any.

    Raises:
        InputError: npm is missing or fails, or the folder cannot be written.
    """
    out = Path(out)
    if out.resolve() == SOURCE.resolve():
        raise InputError(f"{out}: holds the page's sources; name another folder")
    assets = {}
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


def _write_sample(path):
    """A photo of a rocket, by SpaceX, in the public domain."""
    try:
        from skimage import data
    except ImportError:
        return False
    from PIL import Image

    Image.fromarray(data.rocket()).save(path, quality=95)
    return True


def _install(vendor):
    """TensorFlow.js by npm, as the lock file has it, unless it is there already."""
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
