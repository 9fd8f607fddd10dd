"""The paper's ablations (section 4.3, figures 7 and 8): small networks, one change at a time.

    python -m benchmarks.ablations --photos DIR... --val DIR --vgg FILE [--work DIR] [--out docs]

Trains every variant at 128 px for the same number of steps, each from its last checkpoint if there
is one, and writes `ablations.png` (curves), `ablations.jpg` (pictures of scikit-image's photos) and
`ablations.md` (the table, of the validation photos).
"""

import argparse
import csv
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfpaint.pictures import files

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

from benchmarks.baselines import context_encoder
from tfpaint.evaluation.cases import load_cases
from tfpaint.evaluation.evaluate import evaluate, markdown
from tfpaint.evaluation.perceptual import PerceptualDistance
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.pictures import sheets
from tfpaint.training.gan import GAN
from train import precision
from train.config import Config, adam, build, load_encoder, load_network
from train.photos import list_photos, usable
from train.run import fit

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SIZE, STEPS, WIDTH, BATCH = 128, 800, 16, 8
EPOCHS = 8  # validations of a run
_COMMON: dict[str, Any] = {
    "size": SIZE,
    "steps": STEPS,
    "batch": BATCH,
    "discriminator_width": WIDTH,
    "decay": True,
    "crops": True,
    "patience": None,
}
G1 = Config(  # the weights are equation 1's, brought to the means and the VGG19 used here
    stage="image2feature",
    network={"width": WIDTH},
    losses={"image_weight": 1.0, "feature_weight": 0.03, "adversarial_weight": 0.001},
    learning_rate=1e-3,
    **_COMMON,
)
G2 = Config(stage="feature2image", network={"width": WIDTH}, learning_rate=1e-3, **_COMMON)


def changed(**changes: Any) -> Config:
    """G2's base with other arguments of the network, the losses or the config."""
    network = {k: v for k, v in changes.items() if k in ("upsample", "generator")}
    losses = {k: v for k, v in changes.items() if k in ("source", "adversarial_weight")}
    rest = {k: v for k, v in changes.items() if k not in {**network, **losses}}
    return dataclasses.replace(
        G2, network={**G2.network, **network}, losses={**G2.losses, **losses}, **rest
    )


G2_RUNS = {  # name -> the configs of its parts, each from the networks of the one before
    "base": [G2],
    "deconvolution": [changed(upsample="deconv")],
    "reconstruction only": [changed(adversarial_weight=0.0)],
    "relu2_1": [changed(encoder_layer="relu2_1")],
    "resnet9": [changed(generator="resnet9")],
    "trained on predictions": [changed(source="prediction")],
    "mixture in the second half": [
        changed(steps=STEPS // 2),
        changed(steps=STEPS // 2, source="mixture", learning_rate=5e-4),
    ],
}
ITERATIONS = (2, 3, 4)  # of inference with the base; its own is 1


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--photos", nargs="+", required=True, help="folders of training photos")
    add("--val", nargs="+", required=True, help="folders of validation photos")
    add("--vgg", default="imagenet", help="VGG19's weights, .npz or imagenet (%(default)s)")
    add("--work", type=Path, default=Path("runs/ablations"), help="(%(default)s)")
    add("--out", type=Path, default=Path("docs"), help="(%(default)s)")
    add("--limit", type=int, default=64, help="validation photos (%(default)s)")
    add("--steps", type=int, default=STEPS, help="of every variant (%(default)s)")
    add("--width", type=int, default=WIDTH, help="of every network (%(default)s)")
    precision.add_argument(parser)
    options = parser.parse_args(arguments)
    keras.mixed_precision.set_global_policy(precision.policy(options.precision))
    train_all(options)
    keras.mixed_precision.set_global_policy("float32")
    measure_all(options)


def train_all(options: argparse.Namespace) -> None:
    """Trains what is not trained yet; every run has its folder below `options.work`."""
    photos = (
        usable(list_photos(*options.photos), SIZE),
        usable(list_photos(*options.val)[: options.limit], SIZE),
    )
    g1_folder = options.work / "g1"
    _train(g1_folder, G1, options, photos)
    _train(options.work / "context encoder", G1, options, photos, _context_encoder)
    for name, parts in G2_RUNS.items():
        before = None
        for number, config in enumerate(parts, start=1):
            last = number == len(parts)
            folder = options.work / (name if last else f"{name}, part {number}")
            _train(folder, config, options, photos, _g2(g1_folder, before))
            before = folder


def _train(
    folder: Path,
    config: Config,
    options: argparse.Namespace,
    photos: tuple[list[str], list[str]],
    make: Callable[[Config, keras.Model], GAN] = build,
) -> None:
    if (folder / "network.keras").exists():
        return
    print(f"training: {folder.name}", flush=True)
    began = time.perf_counter()
    epoch = max(1, config.steps * options.steps // STEPS // EPOCHS)
    config = dataclasses.replace(
        config,
        steps=EPOCHS * epoch,  # whole epochs, so that all variants have as many
        epoch=epoch,
        network={**config.network, "width": options.width},
        discriminator_width=options.width,
    )
    keras.utils.set_random_seed(0)
    gan = make(config, load_encoder(options.vgg, config.encoder_layer))
    fit(gan, config, *photos, folder, verbose=2)
    seconds = time.perf_counter() - began
    (folder / "minutes.txt").write_text(f"{seconds / 60:.1f}\n")


def _context_encoder(config: Config, encoder: keras.Model) -> GAN:
    """[27] with the same width, steps and photos: no skips, no loss of features."""
    network = context_encoder.ContextEncoder(config.size, config.network["width"], 32 * WIDTH)
    discriminator = context_encoder.CentreDiscriminator(
        config.size // 2, config.discriminator_width
    )
    gan = context_encoder.ContextEncoderGAN(network, discriminator)
    gan.compile(
        adam(config.learning_rate, config),
        keras.optimizers.Adam(config.discriminator_learning_rate, 0.5),
    )
    return gan


def _g2(g1_folder: Path, before: Path | None) -> Callable[[Config, keras.Model], GAN]:
    def make(config: Config, encoder: keras.Model) -> GAN:
        gan = build(config, encoder, load_network(g1_folder / "network.keras"))
        if before is not None:
            gan.generator.set_weights(load_network(before / "network.keras").get_weights())
        return gan

    return make


def inpainters(options: argparse.Namespace) -> Iterator[tuple[str, Inpainter]]:
    """(name, inpainter at 128 px only) of everything that is compared."""
    encoders = {layer: load_encoder(options.vgg, layer) for layer in ("relu2_1", "relu3_1")}

    def network(name: str) -> keras.Model:
        return load_network(options.work / name / "network.keras")

    g1 = network("g1")
    for name, parts in G2_RUNS.items():
        encoder = encoders[parts[0].encoder_layer]
        yield name, Inpainter(encoder, g1, network(name), scales=(SIZE,))
    base = encoders["relu3_1"], network("base")
    initial = network("context encoder")
    yield "context encoder first", Inpainter(base[0], initial, base[1], scales=(SIZE,))
    for count in ITERATIONS:
        inpainter = Inpainter(base[0], g1, base[1], (SIZE,), Options(iterations=count))
        yield f"{count} iterations", inpainter


def measure_all(options: argparse.Namespace) -> None:
    """The table, the curves and the pictures."""
    hole = f"centre:{SIZE * 7 // 16}"
    cases = list(load_cases(Path(options.val[0]), hole, SIZE, options.limit))
    shown = list(load_cases(None, hole, SIZE))
    distances = {"perceptual": PerceptualDistance.vgg19(options.vgg)}
    table: dict[str, dict] = {}
    rows = []
    for name, inpainter in inpainters(options):
        methods = ["g1", "tfpaint"] if name in ("base", "context encoder first") else ["tfpaint"]
        report = evaluate(cases, methods, inpainter, distances)
        labels = {"g1": f"{name}: coarse fill alone", "tfpaint": name}
        table |= {labels[key]: report["methods"][key] for key in methods}
        pictures = [inpainter(case.incomplete, case.mask, steps=True) for case in shown]
        if name == "base":
            rows.append(("hole", [sheets.mark_hole(case.truth, case.mask) for case in shown]))
            rows.append(("coarse", [steps.coarse for steps in pictures]))
        rows.append((name, [steps.image for steps in pictures]))
    rows.append(("truth", [case.truth for case in shown]))
    options.out.mkdir(parents=True, exist_ok=True)
    text = markdown({"methods": table})
    (options.out / "ablations.md").write_text(text + "\n")
    print(text)
    half = -(-len(rows) // 2)
    halves = [_sheet(rows[:half]), _sheet(rows[half:])]
    width = max(one.shape[1] for one in halves)
    padded = [
        np.pad(one, [(0, 0), (0, width - one.shape[1]), (0, 0)], constant_values=255)
        for one in halves
    ]
    files.write_picture(options.out / "ablations.jpg", np.vstack(padded))
    _curves(options.work, options.out / "ablations.png")


def _sheet(columns):
    """A contact sheet of (label, pictures) columns."""
    labels, pictures = zip(*columns, strict=True)
    return sheets.contact_sheet(list(zip(*pictures, strict=True)), labels)


def _curves(work: Path, out: Path) -> None:
    """Error in the hole on the validation photos while G1, and while G2 learns."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    panels = {"G1": ["g1", "context encoder"], "G2": list(G2_RUNS)}
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            points = []
            for folder in sorted(work.glob(f"{name}, part *")) + [work / name]:
                with open(folder / "log.csv", newline="") as file:
                    points += [float(row["val_hole_l1"]) for row in csv.DictReader(file)]
            axis.plot(np.linspace(0, 1, len(points) + 1)[1:], points, label=name)
        axis.set(title=title, xlabel="share of the steps", ylabel="L1 in the hole, % of 255")
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=80)


if __name__ == "__main__":
    main()
