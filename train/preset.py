"""Puts trained networks together as a preset folder that `Inpainter.from_preset` loads.

python -m train preset --encoder E.keras --image2feature G1.keras --feature2image G2.keras --out DIR
"""

import json
import re
from pathlib import Path

from tfpaint.errors import InputError
from tfpaint.filling.holes import SCALES
from tfpaint.filling.options import PAPER
from tfpaint.inpainter import Inpainter
from tfpaint.presets import save_preset
from train.config import load_encoder, load_network


def add_arguments(parser):
    parser.add_argument(
        "--encoder", required=True, help="'imagenet', an .npz of VGG19, a .keras or a preset"
    )
    parser.add_argument("--image2feature", required=True, help="trained G1 (.keras), or a preset")
    parser.add_argument(
        "--feature2image",
        required=True,
        nargs="+",
        help="trained G2, or several: SIZE=FILE, each for the scales from SIZE on",
    )
    parser.add_argument(
        "--options", type=json.loads, default={}, help="scales and options of the filling, as JSON"
    )
    parser.add_argument("--out", type=Path, required=True, help="the preset's folder")


def run(options):
    """Writes `config.json` and `weights.npz`.

    Raises:
        InputError: the networks or options do not go together.
    """
    networks = (
        load_encoder(options.encoder),
        load_network(options.image2feature, "image2feature"),
        _feature2image(options.feature2image),
    )
    changes = dict(options.options)
    try:
        scales = changes.pop("scales", SCALES)
        how = PAPER.changed(**changes)
        Inpainter(*networks, scales, how)
    except (InputError, TypeError) as error:
        raise InputError(f"--options {json.dumps(options.options)}: {error}") from error
    save_preset(options.out, *networks, scales, how)


def _feature2image(given):
    pairs = [re.fullmatch(r"(\d+)=(.+)", one) for one in given]
    if all(pairs):
        files = {int(pair[1]): pair[2] for pair in pairs}
        return {size: load_network(file, "feature2image", size) for size, file in files.items()}
    if len(given) > 1:
        raise InputError(f"--feature2image {' '.join(given)}: several have to be SIZE=FILE each")
    return load_network(given[0], "feature2image")
