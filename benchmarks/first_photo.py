"""Seconds until the first photo is filled, from a cold start, beside the time of a later one.

    python -m benchmarks.first_photo [--sizes 256,512,1024] [--runs N] [--json FILE]

A photo of scikit-image with a hole a fifth of its side wide and two thirds tall. Every figure but
"later" is of a process of its own; processes follow each other in turn, and each figure is the
median of the runs. The time of `import tensorflow`, measured the same way, is taken off. "Prepared"
is after `tfpaint prepare`.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

_IMPORT = "import tensorflow"
_PYTHON = """\
import json, sys, time
import tensorflow
began = time.perf_counter()
import numpy as np
from PIL import Image
from tfpaint import Inpainter
image, mask = (np.asarray(Image.open(file)) for file in sys.argv[2:])
inpainter = Inpainter.from_preset(sys.argv[1])
inpainter(image, mask > 127)
first = time.perf_counter() - began
inpainter.untraced = 0
later = []
for _ in range(6):
    began = time.perf_counter()
    inpainter(image, mask > 127)
    later.append(time.perf_counter() - began)
print(json.dumps({"first": first, "later": sorted(later[1:])[2]}))
"""


def make_photo(size: int, folder: Path) -> tuple[Path, Path]:
    """Writes the photo and its mask, both (size, size), and returns their paths."""
    photo, mask = folder / f"{size}.png", folder / f"{size}-mask.png"
    Image.fromarray(data.astronaut()).resize((size, size), Image.Resampling.LANCZOS).save(photo)
    hole = np.zeros((size, size), np.uint8)
    hole[size // 6 : size // 6 + 2 * size // 3, 2 * size // 5 : 3 * size // 5] = 255
    Image.fromarray(hole).save(mask)
    return photo, mask


def run(cache: Path, *arguments: object) -> tuple[float, str]:
    """The seconds that a process of Python takes with a user's cache, and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - began, done.stdout


def measure(size: int, runs: int, preset: str) -> dict[str, float]:
    """Seconds for a photo by the command and in Python, the first time and later; of the import."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        photo, mask = make_photo(size, Path(name))
        prepared, empty = Path(name, "prepared"), Path(name, "empty")
        run(prepared, "-m", "tfpaint", "prepare", "--preset", preset)
        command = ["-m", "tfpaint", "inpaint", photo, "--mask", mask, "--preset", preset]
        command += ["-o", Path(name, "out.png")]
        for _ in range(runs):
            row = {"import": run(empty, "-c", _IMPORT)[0]}
            for key, cache in (("", empty), (" prepared", prepared)):
                row[f"command{key}"] = run(cache, *command)[0] - row["import"]
                own = json.loads(run(cache, "-c", _PYTHON, preset, photo, mask)[1])
                row |= {f"python{key}": own["first"], "later": own["later"]}
                shutil.rmtree(empty, ignore_errors=True)  # where the graph has been kept, too
            for key, seconds in row.items():
                taken.setdefault(key, []).append(seconds)
    return {key: statistics.median(seconds) for key, seconds in taken.items()}


def table(report: dict[int, dict[str, float]]) -> list[str]:
    """The rows of a Markdown table."""
    keys = ["command", "command prepared", "python", "python prepared", "later", "import"]
    return [
        "| photo | `tfpaint inpaint` | prepared | `Inpainter` | prepared | later"
        " | `import tensorflow` |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {size} px | " + " | ".join(f"{row[key]:.2f} s" for key in keys) + " |"
            for size, row in report.items()
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--sizes", default="256,512,1024", help="sides in pixels (%(default)s)")
    add("--runs", type=int, default=5, help="for the median (%(default)s)")
    add("--preset", default="photo", help="trained networks: a name or a folder (%(default)s)")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    report = {}
    for size in map(int, options.sizes.split(",")):
        report[size] = measure(size, options.runs, options.preset)
    print("\n".join(table(report)))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
