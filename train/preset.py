"""Puts trained networks together as a preset folder that `Inpainter.from_preset` loads.

python -m train preset --encoder E.keras --image2feature G1.keras --feature2image G2.keras --out DIR
"""

import json
from pathlib import Path

from tfpaint.presets import save_preset
from train.config import load_network


def add_arguments(parser):
    parser.add_argument("--encoder", required=True, help="distilled encoder (.keras), or a preset")
    parser.add_argument("--image2feature", required=True, help="trained G1 (.keras), or a preset")
    parser.add_argument(
        "--feature2image",
        required=True,
        nargs="+",
        help="trained G2, or several: SIZE=FILE, each for the scales from SIZE on",
    )
    parser.add_argument("--options", type=json.loads, default={}, help="of Inpainter, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="the preset's folder")


def run(options):
    """Writes `config.json` and `weights.npz`."""
    if "=" in options.feature2image[0]:
        pairs = (pair.split("=", 1) for pair in options.feature2image)
        feature2image = {int(size): load_network(path, size=int(size)) for size, path in pairs}
    else:
        feature2image = load_network(options.feature2image[0])
    save_preset(
        options.out,
        load_network(options.encoder, "encoder"),
        load_network(options.image2feature, "image2feature"),
        feature2image,
        **options.options,
    )
