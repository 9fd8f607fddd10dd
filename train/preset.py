"""Puts trained networks together as a preset folder that `Inpainter.from_preset` loads.

python -m train preset --encoder E.keras --image2feature G1.keras --feature2image G2.keras --out DIR
"""

import argparse
import json
import re
from pathlib import Path

import keras

from tfpaint.errors import InputError
from tfpaint.filling.holes import SCALES
from tfpaint.filling.options import PAPER
from tfpaint.inpainter import Inpainter
from tfpaint.presets import Networks, save_preset
from train.config import load_encoder, load_network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m train preset`."""
    parser.add_argument(
        "--encoder", required=True, help="'imagenet' or an .npz of VGG19; a .keras or a preset"
    )
    parser.add_argument("--image2feature", required=True, help="trained G1: a .keras or a preset")
    parser.add_argument(
        "--feature2image",
        required=True,
        nargs="+",
        help="trained G2; or several as SIZE=FILE, each for the scales from SIZE on",
    )
    parser.add_argument(
        "--options", type=json.loads, default={}, help="scales and options of the filling, as JSON"
    )
    parser.add_argument("--out", type=Path, required=True, help="the preset's folder")


def run(options: argparse.Namespace) -> None:
    """Writes `config.json` and `weights.npz`.

    Raises:
        InputError: The networks and options do not go together.
    """
    encoder = load_encoder(options.encoder)
    image2feature = load_network(options.image2feature, "image2feature")
    feature2image = _feature2image(options.feature2image)
    try:
        changes = dict(options.options)
        scales = changes.pop("scales", SCALES)
        filling = PAPER.changed(**changes)
        Inpainter(encoder, image2feature, feature2image, scales, filling)
    except (TypeError, ValueError) as error:  # an InputError is a ValueError
        raise InputError(f"--options {json.dumps(options.options)}: {error}") from error
    save_preset(options.out, encoder, image2feature, feature2image, scales, filling)


def _feature2image(given: list[str]) -> Networks:
    """The network that is given, or those given as SIZE=FILE by their sizes."""
    pairs = [match.groups() for one in given if (match := re.fullmatch(r"(\d+)=(.+)", one))]
    if len(pairs) == len(given):
        files = {int(size): file for size, file in pairs}
        networks: dict[int, keras.Model] = {
            size: load_network(file, "feature2image", size) for size, file in files.items()
        }
        return networks
    if len(given) > 1:
        raise InputError(f"--feature2image {' '.join(given)}: several have to be SIZE=FILE each")
    return load_network(given[0], "feature2image")
