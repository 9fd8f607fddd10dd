"""Presets: the networks of an inpainter in one folder, `config.json` and `weights.npz`.

Kernels are stored in float16, all vectors (biases and norm statistics) in float32.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfpaint.encoder import DistilledEncoder, VGG19Encoder
from tfpaint.errors import InputError
from tfpaint.feature2image import Feature2Image
from tfpaint.image2feature import Image2Feature

FOLDER = Path(__file__).parent / "presets"
NETWORKS = ("encoder", "image2feature", "feature2image")
CLASSES = {c.__name__: c for c in (DistilledEncoder, VGG19Encoder, Feature2Image, Image2Feature)}


def preset_names():
    """Names of the bundled presets."""
    return sorted(path.parent.name for path in FOLDER.glob("*/config.json"))


def load_preset(name, load_weights=True):
    """Reads a preset.

    Args:
        name: a bundled preset ("photo", "paper"), or the path of a folder written by `save_preset`.
        load_weights: False gives freshly initialised networks.

    Returns:
        dict of arguments for `Inpainter`: `encoder`, `image2feature`, `feature2image` (a network,
        or a dict of them by scale) and the preset's options.

    Raises:
        InputError: no such preset, no weights in it, or weights of other networks.
    """
    folder = FOLDER / name if (FOLDER / name / "config.json").exists() else Path(name)
    try:
        config = json.loads((folder / "config.json").read_text())
        networks = {key: _revive(config[key]) for key in NETWORKS}
        options = dict(config["options"])
    except (FileNotFoundError, NotADirectoryError) as error:
        known = ", ".join(preset_names())
        raise InputError(
            f"preset {str(name)!r} is neither bundled ({known}) nor a folder with a config.json"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / 'config.json'}: not a preset's config ({error})") from error
    if load_weights:
        _load_weights(networks, folder / "weights.npz")
    return {**networks, **options}


def network_at(feature2image, scale):
    """The network of a scale, among those `by scale`: that of the largest key not above it.

    Raises:
        InputError: every key is larger.
    """
    if not isinstance(feature2image, Mapping):
        return feature2image
    keys = [key for key in feature2image if key <= scale]
    if not keys:
        raise InputError(f"feature2image: none for scale {scale}, only from {min(feature2image)}")
    return feature2image[max(keys)]


def save_preset(folder, encoder, image2feature, feature2image, **options):
    """Writes a preset's `config.json` and `weights.npz`; the model card is written by hand.

    Args:
        folder: made if missing.
        encoder, image2feature: networks.
        feature2image: a network, or a dict of them by the scale from which on each serves.
        options: further arguments of `Inpainter`, JSON values.

    Raises:
        OSError: they cannot be written. A preset that was there stays as it is.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    networks = {
        "encoder": encoder,
        "image2feature": image2feature,
        "feature2image": feature2image,
    }
    config = {key: _describe(network) for key, network in networks.items()}
    arrays = {
        key: value.astype(np.float16 if value.ndim > 1 else np.float32)
        for key, value in _named_weights(networks)
    }
    weights, text = folder / "weights.part.npz", folder / "config.part.json"
    try:
        np.savez_compressed(weights, **arrays)
        text.write_text(json.dumps({**config, "options": options}, indent=1) + "\n")
        os.replace(weights, folder / "weights.npz")
        os.replace(text, folder / "config.json")
    finally:
        for part in (weights, text):
            part.unlink(missing_ok=True)


def _describe(network):
    if isinstance(network, dict):
        return {str(scale): _describe(one) for scale, one in network.items()}
    return {
        "class_name": network.__class__.__name__,
        "config": {k: v for k, v in network.get_config().items() if k not in ("name", "trainable")},
    }


def _revive(description):
    if "class_name" not in description:
        return {int(scale): _revive(one) for scale, one in description.items()}
    return CLASSES[description["class_name"]](**description["config"])


def _flat(networks):
    """(name, network) pairs; a network by scale is `feature2image/512`."""
    for key, network in networks.items():
        if isinstance(network, dict):
            yield from ((f"{key}/{scale}", one) for scale, one in network.items())
        else:
            yield key, network


def _named_weights(networks):
    for key, network in _flat(networks):
        for index, value in enumerate(network.get_weights()):
            yield f"{key}/{index:03d}", value


def _load_weights(networks, path):
    try:
        with np.load(path, allow_pickle=False) as file:
            expected = dict.fromkeys(key for key, _ in _named_weights(networks))
            if set(file.files) != set(expected):
                raise ValueError("it holds other networks than the config")
            for key, network in _flat(networks):
                names = [name for name in expected if name.rpartition("/")[0] == key]
                network.set_weights([file[name].astype(np.float32) for name in names])
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: this preset has no weights; train it, or build it with load_weights=False"
        ) from error
    except Exception as error:  # numpy and zipfile raise a dozen types on a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not this preset's weights ({reason})") from error
