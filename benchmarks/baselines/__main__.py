"""Trains the baselines that learn; run again, it goes on from the last checkpoint.

python -m benchmarks.baselines context-encoder --photos DIR... --val DIR [--work DIR]
python -m benchmarks.baselines local-global --photos DIR... --val DIR [--work DIR]
"""

import argparse
import dataclasses
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from benchmarks.baselines import context_encoder, local_global
from tfpaint.training.gan import GAN
from train import precision
from train.config import Config, compile_gan
from train.photos import list_photos, usable
from train.run import fit

WORK = Path("runs/baselines")
_COMMON: dict[str, Any] = {
    "stage": "baseline",
    "decay": True,
    "irregular": 0.3,
    "shares": (7 / 16, 1 / 2),
    "crops": True,
    "patience": None,
}
CONFIGS = {  # learning rates as in the originals, or up to twice that: the runs are short
    "context-encoder": Config(
        **_COMMON, size=128, steps=6000, batch=16, learning_rate=4e-4, epoch=250
    ),
    "local-global": Config(**_COMMON, size=256, steps=3000, batch=4, learning_rate=1e-3, epoch=250),
}
JOINT = 1 / 3  # of local-global's steps, the last, with its discriminators


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("method", choices=CONFIGS)
    parser.add_argument("--photos", nargs="+", required=True, help="folders of training photos")
    parser.add_argument("--val", nargs="+", required=True, help="folders of validation photos")
    parser.add_argument("--work", type=Path, default=WORK, help="(%(default)s/METHOD)")
    for name in ("steps", "size", "batch", "epoch", "width"):
        parser.add_argument(f"--{name}", type=int, help="instead of the one chosen here")
    precision.add_argument(parser)
    options = parser.parse_args(arguments)
    keras.mixed_precision.set_global_policy(precision.policy(options.precision))
    config = CONFIGS[options.method]
    named = {name: getattr(options, name) for name in ("steps", "size", "batch", "epoch")}
    config = dataclasses.replace(config, **{k: v for k, v in named.items() if v})
    work = options.work / options.method
    photos = (
        usable(list_photos(*options.photos), config.size),
        usable(list_photos(*options.val)[:64], config.size),
    )
    width = {"width": options.width} if options.width else {}
    keras.utils.set_random_seed(0)
    if options.method == "context-encoder":
        gan = context_encoder.ContextEncoderGAN(
            context_encoder.ContextEncoder(config.size, **width),
            context_encoder.CentreDiscriminator(config.size // 2, **width),
        )
        _train(gan, config, photos, work)
        return
    network = local_global.LocalGlobal(config.size, **width)
    joint = round(config.steps * JOINT)
    first = dataclasses.replace(config, steps=config.steps - joint)
    _train(local_global.LocalGlobalGAN(network), first, photos, work / "reconstruction")
    last = dataclasses.replace(config, steps=joint, learning_rate=config.learning_rate / 4)
    discriminator = local_global.LocalGlobalDiscriminator(config.size, **width)
    _train(local_global.LocalGlobalGAN(network, discriminator, 0.004), last, photos, work)


def _train(gan: GAN, config: Config, photos: tuple[list[str], list[str]], work: Path) -> None:
    compile_gan(gan, config)
    fit(gan, config, *photos, work, verbose=2)


if __name__ == "__main__":
    main()
