"""Memory and time of a large photo with a large hole: 24 megapixels, 1000 pixels by default.

    python -m benchmarks.large_photo --curve docs/large_photo_memory.png --crop docs/large_photo.jpg

The photo is scikit-image's gravel, mirrored over and over (or --photo FILE). The memory is all that
the process holds. The first fill also builds the graph.
"""

import argparse
import json
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.memory import status_mib
from tfpaint.inpainter import Inpainter
from tfpaint.pictures import files


def main() -> None:
    """Parses the command line, measures twice, prints and draws."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photo", type=Path, metavar="FILE")
    parser.add_argument("--preset", default="photo", help="a name or a folder (default: photo)")
    parser.add_argument("--size", type=int, nargs=2, default=(4000, 6000), metavar=("H", "W"))
    parser.add_argument("--hole", type=int, default=1000, metavar="PIXELS")
    parser.add_argument("--quick", action="store_true", help="a small photo")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--curve", type=Path, metavar="FILE", help="draw memory over time there")
    parser.add_argument("--crop", type=Path, metavar="FILE", help="write hole and surroundings")
    options = parser.parse_args()
    height, width = (300, 400) if options.quick else options.size
    hole = 100 if options.quick else options.hole

    photo = files.read_photo(options.photo).pixels if options.photo else gravel(height, width)
    top, left = (photo.shape[0] - hole) // 2, (photo.shape[1] - hole) // 2
    mask = np.zeros(photo.shape[:2], bool)
    mask[top : top + hole, left : left + hole] = True
    inpainter = Inpainter.from_preset(options.preset)
    with MemoryCurve() as curve:
        seconds = []
        for _ in range(2):
            begin = time.perf_counter()
            filled = inpainter(photo, mask)
            seconds.append(time.perf_counter() - begin)
    report = {
        "seconds": seconds,
        "peak_mib": max(curve.mib),
        "megapixels": photo[..., 0].size / 1e6,
    }
    print(json.dumps(report, indent=1))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if options.crop:
        beside = photo.copy()
        beside[mask] = (255, 0, 128)
        near = (
            slice(top - hole // 2, top + hole * 3 // 2),
            slice(left - hole // 2, left + hole * 3 // 2),
        )
        pair = np.concatenate([beside[near], filled[near]], axis=1)
        Image.fromarray(pair).reduce(4).save(options.crop, quality=85)
    if options.curve:
        curve.draw(options.curve)


def gravel(height: int, width: int) -> np.ndarray:
    """uint8 (H, W, 3)."""
    from skimage import data

    tile = data.gravel()
    tile = np.block([[tile, tile[:, ::-1]], [tile[::-1], tile[::-1, ::-1]]])
    times = (-(-height // tile.shape[0]), -(-width // tile.shape[1]))
    return np.repeat(np.tile(tile, times)[:height, :width, None], 3, axis=2)


class MemoryCurve:
    """Samples the process's resident memory, in MiB, twenty times a second."""

    def __enter__(self):
        self.seconds, self.mib, self._running = [], [], True
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._running = False
        self._thread.join()

    def _sample(self):
        begin = time.perf_counter()
        while self._running:
            self.seconds.append(time.perf_counter() - begin)
            self.mib.append(status_mib("VmRSS"))
            time.sleep(0.05)

    def draw(self, out: Path) -> None:
        """The curve as a picture."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axis = plt.subplots(figsize=(6, 3))
        axis.plot(self.seconds, self.mib)
        axis.axhline(4096, linestyle="--", color="grey")
        axis.set(xlabel="seconds", ylabel="MiB in all", ylim=(0, 4300))
        axis.grid(alpha=0.3)
        figure.tight_layout()
        figure.savefig(out, dpi=80)


if __name__ == "__main__":
    main()
