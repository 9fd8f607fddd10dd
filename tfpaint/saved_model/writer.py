"""Writes the SavedModel for TensorFlow Serving: as `PATH/1`, and at the next export as `PATH/2`.

A model that is written on a machine without a GPU starts within seconds, and runs patch-swap on the
processor wherever it is served. Its folder `assets.extra` holds two more files:

- `tf_serving_warmup_requests` has requests for each signature, which the server answers before it
  reports the model as ready.
- `tfpaint.json` says what the model was made from: the preset, the options, the versions and a hash
  of the weights. TensorFlow Serving's GetModelMetadata returns only the signatures.
"""

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from tfpaint import __version__
from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter
from tfpaint.maps import light_calls
from tfpaint.maps.traced import unoptimized
from tfpaint.pictures.files import MAX_PIXELS
from tfpaint.pictures.masks import SMALLEST_PHOTO
from tfpaint.saved_model import warmup
from tfpaint.saved_model.precision import in_float32
from tfpaint.saved_model.signatures import signatures

NAME = "tfpaint"
WARMUP = "tf_serving_warmup_requests"
METADATA = "tfpaint.json"


def save(
    inpainter: Inpainter, path: str | Path, preset: str | None = None, max_pixels: int = MAX_PIXELS
) -> Path:
    """Writes the next version of the model, completely or not at all.

    Args:
        inpainter: An inpainter of any precision. It is saved in float32.
        path: The model's folder, which is created if missing. Each version is a folder in it, named
            by its number.
        preset: The preset's name, for the model's metadata.
        max_pixels: The model refuses photos with more pixels.

    Returns:
        The folder of the new version.

    Raises:
        InputError: `max_pixels` is less than the smallest photo has, the folder cannot be written,
            or tensorflow-serving-api is not installed.
    """
    if max_pixels < SMALLEST_PHOTO**2:
        raise InputError(
            f"max_pixels={max_pixels}: the smallest photo, {SMALLEST_PHOTO}x{SMALLEST_PHOTO}, has"
            f" {SMALLEST_PHOTO**2} pixels; give at least that"
        )
    path = Path(path)
    inpainter = in_float32(inpainter)
    temporary = path / f".tfpaint-{secrets.token_hex(4)}"
    try:
        temporary.mkdir(parents=True)
        module = tf.Module(name=NAME)
        module.variables_of_networks = inpainter.filler.variables
        functions = signatures(inpainter, max_pixels)
        with unoptimized():  # which is written to every call of a function in the graph
            tf.saved_model.save(module, temporary, signatures=functions)
        if not light_calls.on_gpu():
            _lighten(temporary / tf.saved_model.SAVED_MODEL_FILENAME_PB)
        extra = temporary / "assets.extra"
        extra.mkdir()
        warmup.write(extra / WARMUP, NAME, inpainter, max_pixels)
        notes = _metadata(inpainter, preset, max_pixels)
        (extra / METADATA).write_text(json.dumps(notes, indent=1) + "\n")
        version = path / str(1 + max(versions(path), default=0))
        os.rename(temporary, version)
    except OSError as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return version


def _lighten(file: Path) -> None:
    """Lets servers prepare the graph in a fraction of the time; see `light_calls`."""
    model = SavedModel.FromString(file.read_bytes())
    for one in model.meta_graphs:
        light_calls.lighten(one.graph_def)
    file.write_bytes(model.SerializeToString(deterministic=True))


def versions(path: Path) -> list[int]:
    """The numbers of the versions in a model's folder, in ascending order."""
    return sorted(int(one.name) for one in path.glob("*") if one.is_dir() and one.name.isdecimal())


def _metadata(inpainter: Inpainter, preset: str | None, max_pixels: int) -> dict[str, Any]:
    weights = hashlib.sha256()
    for variable in inpainter.filler.variables:
        weights.update(variable.numpy().tobytes())
    return {
        "preset": preset,
        "version": __version__,
        "sha256": weights.hexdigest(),
        "tensorflow": tf.__version__,
        "scales": inpainter.scales,
        **asdict(inpainter.filler.options),
        "max_pixels": max_pixels,
    }
