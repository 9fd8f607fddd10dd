"""Presets: an inpainter's networks and options as a folder with `config.json` and `weights.npz`.

Kernels are stored in float16, vectors (biases and normalisation parameters) in float32.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np

from tfpaint import forks
from tfpaint.errors import InputError
from tfpaint.filling.holes import SCALES
from tfpaint.filling.options import PAPER, Options
from tfpaint.networks.encoder import DistilledEncoder, VGG19Encoder
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature

FOLDER = Path(__file__).parent / "presets"
CLASSES = {c.__name__: c for c in (DistilledEncoder, VGG19Encoder, Feature2Image, Image2Feature)}

Networks: TypeAlias = keras.Model | Mapping[int, keras.Model]


@dataclass(frozen=True)
class Preset:
    """The content of a preset's folder: the arguments of `Inpainter`.

    Attributes:
        encoder, image2feature: Networks.
        feature2image: A network for all scales, or a mapping from scales to networks. Each of these
            serves from its scale up to the next one in the mapping.
        scales: Sides of the windows in pixels, each twice the one before.
        options: How holes are filled.
    """

    encoder: keras.Model
    image2feature: keras.Model
    feature2image: Networks
    scales: tuple[int, ...]
    options: Options

    @property
    def networks(self) -> tuple[keras.Model, keras.Model, Networks]:
        """The first three arguments of `Inpainter`."""
        return self.encoder, self.image2feature, self.feature2image


def preset_names() -> list[str]:
    """The names of the bundled presets, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob("*/config.json"))


def load_preset(name: str | Path, load_weights: bool = True) -> Preset:
    """Reads a preset.

    Args:
        name: A bundled preset ("photo" or "paper"), or the path of a folder written by
            `save_preset`.
        load_weights: False leaves the networks with random weights.

    Raises:
        InputError: There is no such preset, its config cannot be read or has an invalid option, or
            its weights are missing or belong to other networks; or see `tfpaint.forks.check`.
    """
    forks.check()
    folder = FOLDER / name if (FOLDER / name / "config.json").exists() else Path(name)
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text())
        networks = {key: _revive(config[key]) for key in _KEYS}
        values = dict(config["options"])
        scales = tuple(values.pop("scales", SCALES))
    except (FileNotFoundError, NotADirectoryError) as error:
        known = ", ".join(preset_names())
        raise InputError(
            f"preset {str(name)!r} is neither bundled ({known}) nor a folder with a config.json"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: not a preset's config ({error})") from error
    try:
        options = PAPER.changed(**values)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    if load_weights:
        _load_weights(networks, folder / "weights.npz")
    return Preset(**networks, scales=scales, options=options)


def save_preset(
    folder: str | Path,
    encoder: keras.Model,
    image2feature: keras.Model,
    feature2image: Networks,
    scales: Sequence[int] = SCALES,
    options: Options = PAPER,
) -> None:
    """Writes a preset's `config.json` and `weights.npz`; its model card is written by hand.

    Args:
        folder: The folder to write to, created if missing.
        encoder, image2feature, feature2image, scales, options: As for `Preset`.

    Raises:
        OSError: The files cannot be written. A preset already in the folder then stays as it is.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    networks = dict(zip(_KEYS, (encoder, image2feature, feature2image), strict=True))
    config = {key: _describe(network) for key, network in networks.items()}
    values = {**asdict(options), "scales": list(scales)}
    arrays: dict[str, Any] = {
        key: value.astype(np.float16 if value.ndim > 1 else np.float32)
        for key, value in _named_weights(networks)
    }
    weights, text = folder / "weights.part.npz", folder / "config.part.json"
    try:
        np.savez_compressed(weights, **arrays)
        text.write_text(json.dumps({**config, "options": values}, indent=1) + "\n")
        os.replace(weights, folder / "weights.npz")
        os.replace(text, folder / "config.json")
    finally:
        for part in (weights, text):
            part.unlink(missing_ok=True)


_KEYS = ("encoder", "image2feature", "feature2image")


def _describe(network: Networks) -> dict[str, Any]:
    """The class name and config of a network, or of each network in a mapping, for JSON."""
    if isinstance(network, Mapping):
        return {str(scale): _describe(one) for scale, one in network.items()}
    return {
        "class_name": network.__class__.__name__,
        "config": {k: v for k, v in network.get_config().items() if k not in ("name", "trainable")},
    }


def _revive(description: Mapping[str, Any]) -> Any:
    """Builds the network, or the networks by scale, from what `_describe` returned."""
    if "class_name" not in description:
        return {int(scale): _revive(one) for scale, one in description.items()}
    return CLASSES[description["class_name"]](**description["config"])


def _flat(networks: Mapping[str, Networks]) -> Iterator[tuple[str, keras.Model]]:
    """Pairs (name, network). In a mapping by scale, a name is `feature2image/512`, for example."""
    for key, network in networks.items():
        if isinstance(network, Mapping):
            yield from ((f"{key}/{scale}", one) for scale, one in network.items())
        else:
            yield key, network


def _named_weights(networks: Mapping[str, Networks]) -> Iterator[tuple[str, np.ndarray]]:
    """Pairs (key in `weights.npz`, array), such as `encoder/000` for an encoder's first weights."""
    for key, network in _flat(networks):
        for index, value in enumerate(network.get_weights()):
            yield f"{key}/{index:03d}", value


def _load_weights(networks: Mapping[str, Networks], path: Path) -> None:
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
