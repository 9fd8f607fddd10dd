"""Patch-swap's engines side by side: time, memory, agreement with float64, distance to the floor.

    python -m benchmarks.patch_swap --plot docs/patch_swap.png --json patch_swap.json
    python -m benchmarks.patch_swap --quick

A map of side m holds the bundled encoder's features of a photo of 4 m pixels, a mosaic of random
crops; the hole is the centre square of 7/16 of the side. Timed from features to pasted features,
the engines taking turns. `propagated` starts from the exact choices at half the size.

The floor of `exact` is its products at the measured rate of a float32 matrix product, and its
passes over the scores at the measured rate of a copy. Agreement: the share of 200 queries whose
choice is the float64 best, or within 1e-5 of it. Quality: (similarity - random) / (exact - random).
"""

import argparse
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np

from benchmarks import memory

STRIDE, CHANNELS = 4, 256
LARGEST = {"conv2d": 256, "exact": 512, "propagated": 512}  # map sides
PASSES = 48  # bytes moved for a score: the products written, twice three read and one written, ...


def main() -> None:
    """Parses the command line, measures, prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, metavar="DIR", help="instead of scikit-image's")
    parser.add_argument("--quick", action="store_true", help="a map of 64, within a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw time and memory there")
    options = parser.parse_args()

    rates = machine_rates()
    cases = []
    print("\n".join(header()))
    for side in (64,) if options.quick else (32, 64, 128, 256, 512):
        found = compare(side, options.photos, rates)
        print("\n".join(rows(found)), flush=True)
        cases += found
    if options.json:
        options.json.write_text(json.dumps({"rates": rates, "cases": cases}, indent=1))
    if options.plot:
        draw(cases, options.plot)


def compare(side: int, photos: Path | None, rates: dict[str, float]) -> list[dict]:
    """All engines on a map of `side`: a list of cases."""
    features, hole, start = example(side, photos)
    touched, sources = centres_of(hole)
    engines = [engine for engine, largest in LARGEST.items() if side <= largest]
    swaps = {engine: swap_function(engine) for engine in engines}
    for swap in swaps.values():  # the first call builds the graph
        swap(features[:, :16, :16], centre_hole(16), start[:, :8, :8] * 0 + 9)
    seconds: dict[str, list[float]] = {engine: [] for engine in engines}
    chosen = {}
    for _ in range(1 if side == 512 else 3 if side == 256 else 8):
        for engine, swap in swaps.items():
            begin = time.perf_counter()
            chosen[engine] = swap(features, hole, start)[1].numpy()[0]
            seconds[engine].append(time.perf_counter() - begin)
    known = np.flatnonzero(np.pad(sources[0, 1:-1, 1:-1, 0], 1))
    anywhere = np.random.default_rng(0).choice(known, (side, side))
    level = {name: similarity(features[0], index, touched) for name, index in chosen.items()}
    random = similarity(features[0], anywhere, touched)
    best = best_in_float64(features[0], touched[0, ..., 0], known)
    queries = float(touched.sum()) ** 0.5  # a side of the square of queries
    floor = 2 * (queries + 2) ** 2 * side**2 * CHANNELS / rates["multiply_adds_2"]
    floor += PASSES * queries**2 * side**2 / rates["bytes"]
    cases = []
    for engine in engines:
        median = float(np.median(seconds[engine]))
        cases.append(
            {
                "map": side,
                "engine": engine,
                "xla": False,
                "seconds": median,
                "ratio_to_conv2d": float(np.median(seconds["conv2d"])) / median
                if "conv2d" in engines
                else None,
                "peak_mib": peak_mib(side, engine),
                "agreement": agreement(features[0], chosen[engine], best),
                "quality": float((level[engine] - random) / (level["exact"] - random)),
                "times_floor": median / floor if engine == "exact" else None,
            }
        )
    return cases


def swap_function(engine: str):
    """features, hole, start -> pasted features and choices, as a `tf.function`."""
    import tensorflow as tf

    from tfpaint.maps.mask_cells import grow
    from tfpaint.patch_swap import match
    from tfpaint.patch_swap.pasting import paste

    def swap(features, hole, start):
        touched = grow(hole)
        start = start if engine == "propagated" else None
        chosen = match(features, features, touched, 1.0 - touched, engine, start)
        return paste(chosen, features, features, hole), chosen

    signature = [tf.TensorSpec([1, None, None, channels]) for channels in (CHANNELS, 1)]
    signature.append(tf.TensorSpec([1, None, None], tf.int32))
    return tf.function(swap, input_signature=signature, autograph=False)


def example(side: int, photos: Path | None):
    """Features (1, m, m, C) and hole (1, m, m, 1) float32, and the choices at half the size."""
    import tensorflow as tf

    from tfpaint.networks.tiles import Tiled
    from tfpaint.patch_swap import match
    from tfpaint.presets import load_preset

    encode = Tiled(load_preset("photo").encoder, stride=1)
    photo = mosaic(side * STRIDE, photos).astype(np.float32)[None] / 127.5 - 1.0
    half = encode(tf.nn.avg_pool2d(photo, 2, 2, "VALID"))
    touched, sources = centres_of(centre_hole(side // 2))
    start = match(half, half, touched, sources)
    return encode(tf.constant(photo)).numpy(), centre_hole(side), start.numpy()


def mosaic(size: int, photos: Path | None) -> np.ndarray:
    """uint8 (S, S, 3) of random, mirrored crops of at most 512 pixels."""
    from PIL import Image

    from tfpaint.evaluation.cases import sample_photos, square
    from tfpaint.pictures.files import read_photo

    rng = np.random.default_rng(1)
    sources = sorted(photos.iterdir()) if photos else list(sample_photos().values())
    tile = min(size, 512)
    picture = np.empty((size, size, 3), np.uint8)
    for y in range(0, size, tile):
        for x in range(0, size, tile):
            source = sources[rng.integers(len(sources))]
            pixels = read_photo(source).pixels if isinstance(source, Path) else source
            photo = Image.fromarray(square(pixels, 512))
            width = int(rng.integers(256, 513))
            left, top = rng.integers(0, 513 - width, 2).tolist()
            crop = photo.resize((tile, tile), box=(left, top, left + width, top + width))
            picture[y : y + tile, x : x + tile] = np.asarray(crop)[:, :: rng.choice([-1, 1])]
    return picture


def centre_hole(side: int) -> np.ndarray:
    """float32 (1, m, m, 1), 1 in the centre square of 7/16 of the side."""
    length = side * 7 // 16
    first = (side - length) // 2
    hole = np.zeros((1, side, side, 1), np.float32)
    hole[:, first : first + length, first : first + length] = 1
    return hole


def centres_of(hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the patches that touch the hole, and of the others."""
    from tfpaint.maps.mask_cells import grow

    touched = grow(hole).numpy()
    return touched, 1 - touched


def patches(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The 3x3 patches around flat centres, normalised: float64 (n, 9 C)."""
    side = features.shape[1]
    offsets = [dy * side + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    cells = features.reshape(-1, features.shape[-1])
    found = cells[centres[:, None] + offsets].reshape(len(centres), -1).astype(np.float64)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-30)


def similarity(features: np.ndarray, chosen: np.ndarray, touched: np.ndarray) -> float:
    """Mean cosine of queries and choices, over at most 2,000 queries."""
    queries = np.flatnonzero(touched)[:: max(int(touched.sum()) // 2000, 1)]
    found = patches(features, chosen.reshape(-1)[queries])
    return float((patches(features, queries) * found).sum(1).mean())


def best_in_float64(features: np.ndarray, touched: np.ndarray, known: np.ndarray):
    """200 queries and the similarity of their best source."""
    queries = np.flatnonzero(touched)
    queries = queries[:: max(len(queries) // 200, 1)]
    wanted = patches(features, queries)
    best = np.full(len(queries), -1.0)
    for part in np.array_split(known, len(known) // 4096 + 1):
        best = np.maximum(best, (wanted @ patches(features, part).T).max(1))
    return queries, best


def agreement(features: np.ndarray, chosen: np.ndarray, best) -> float:
    """Share of the queries whose choice is the best, to a relative 1e-5."""
    queries, wanted = best
    found = patches(features, chosen.reshape(-1)[queries])
    ours = (patches(features, queries) * found).sum(1)
    return float((ours >= wanted - 1e-5 * np.abs(wanted)).mean())


def peak_mib(side: int, engine: str) -> float:
    """MiB above the resident features, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (side, engine))


def _peak(side: int, engine: str) -> float:
    swap = swap_function(engine)
    rng = np.random.default_rng(0)
    features = rng.random((1, side, side, CHANNELS), np.float32)
    start = np.full((1, side // 2, side // 2), side, np.int32)
    swap(features[:, :16, :16], centre_hole(16), start[:, :8, :8])  # loads and builds everything
    memory.forget_peak()
    before = memory.status_mib("VmRSS")
    swap(features, centre_hole(side), start)
    return memory.status_mib("VmHWM") - before


def machine_rates() -> dict[str, float]:
    """Operations a second of a float32 matrix product, and bytes a second of a copy."""
    import tensorflow as tf

    a, b = tf.random.normal((480, 256)), tf.random.normal((256, 16384))
    multiply = tf.function(lambda: tf.matmul(a, b))
    source = np.ones(2**25, np.float32)
    target = np.empty_like(source)

    def best(function):
        times = []
        for _ in range(10):
            begin = time.perf_counter()
            function()
            times.append(time.perf_counter() - begin)
        return min(times)

    return {
        "multiply_adds_2": 2 * 480 * 256 * 16384 / best(multiply),
        "bytes": 2 * source.nbytes / best(lambda: np.copyto(target, source)),
    }


def header() -> list[str]:
    """The head of the table."""
    names = ["map", "engine", "seconds", "ratio", "peak MiB", "agreement", "quality", "x floor"]
    return ["| " + " | ".join(names) + " |", "| ---: | --- |" + " ---: |" * 6]


def rows(cases: list[dict]) -> list[str]:
    """The table's lines."""
    lines = []
    for case in cases:
        ratio, floor = case["ratio_to_conv2d"], case["times_floor"]
        lines.append(
            f"| {case['map']} | {case['engine']} | {case['seconds']:.3f} | "
            f"{f'{ratio:.1f}' if ratio else '–'} | {case['peak_mib']:.0f} | "
            f"{case['agreement']:.3f} | {case['quality']:.3f} | "
            f"{f'{floor:.2f}' if floor else '–'} |"
        )
    return lines


def draw(cases: list[dict], out: Path) -> None:
    """Seconds and memory by the side of the window in pixels, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5))
    panels = (("seconds", "seconds"), ("peak_mib", "MiB above the features"))
    for axis, (key, title) in zip(axes, panels, strict=True):
        for engine in LARGEST:
            ours = [case for case in cases if case["engine"] == engine]
            axis.plot(
                [case["map"] * STRIDE for case in ours],
                [case[key] for case in ours],
                marker="o",
                label=engine,
            )
        axis.set(title=title, xlabel="window, pixels", xscale="log", yscale="log")
        axis.minorticks_off()
        axis.set_xticks([128, 256, 512, 1024, 2048], labels=["128", "256", "512", "1024", "2048"])
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(out, dpi=80)


if __name__ == "__main__":
    main()
