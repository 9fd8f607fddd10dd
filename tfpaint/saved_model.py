"""The SavedModel for TensorFlow Serving: `PATH/1`, and at the next export `PATH/2`.

Beside the graph, `assets.extra` holds what a server and its operators need:

- `tf_serving_warmup_requests`: a request for each signature, which the server answers before it
  says that it is ready;
- `tfpaint.json`: what the model was made of. TensorFlow Serving's GetModelMetadata tells the
  signatures alone, so this file is where to look.
"""

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfpaint import __version__
from tfpaint.errors import InputError
from tfpaint.images import MAX_PIXELS
from tfpaint.inpainter import Inpainter
from tfpaint.signatures import signatures

NAME = "tfpaint"
WARMUP = "tf_serving_warmup_requests"
METADATA = "tfpaint.json"


def save(
    inpainter: Inpainter, path: str | Path, preset: str | None = None, max_pixels: int = MAX_PIXELS
) -> Path:
    """Writes the next version of the model, whole or not at all.

    Args:
        inpainter: Of any precision; it is saved in float32.
        path: The model's folder, made if missing; its versions are folders named by numbers.
        preset: The name to note in the model's metadata.
        max_pixels: The model refuses larger photos.

    Returns:
        The version's folder.

    Raises:
        InputError: A folder cannot be written there, or tensorflow-serving-api is not installed.
    """
    from tfpaint import warmup  # needs tensorflow-serving-api

    path = Path(path)
    inpainter = in_float32(inpainter)
    temporary = path / f".tfpaint-{secrets.token_hex(4)}"
    try:
        temporary.mkdir(parents=True)
        module = tf.Module(name=NAME)
        module.variables_of_networks = inpainter.variables
        functions = signatures(inpainter, max_pixels)
        tf.saved_model.save(module, temporary, signatures=functions)
        extra = temporary / "assets.extra"
        extra.mkdir()
        warmup.write(extra / WARMUP, NAME, inpainter)
        notes = _metadata(inpainter, preset, max_pixels)
        (extra / METADATA).write_text(json.dumps(notes, indent=1) + "\n")
        version = path / str(1 + max(versions(path), default=0))
        os.rename(temporary, version)
    except OSError as error:
        raise InputError(f"{path}: could not be written ({error}); choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return version


def versions(path: Path) -> list[int]:
    """The versions in a model's folder, in ascending order."""
    return sorted(int(one.name) for one in path.glob("*") if one.is_dir() and one.name.isdecimal())


def in_float32(inpainter: Inpainter) -> Inpainter:
    """The inpainter itself, or one of the same weights that computes in float32."""
    networks = (inpainter.encoder, inpainter.image2feature, *inpainter.feature2image)
    rebuilt = {id(one): _in_float32(one) for one in networks}
    if all(id(one) == key for key, one in rebuilt.items()):
        return inpainter
    encoder, image2feature, *decoders = (rebuilt[id(one)] for one in networks)
    return Inpainter(
        encoder,
        image2feature,
        dict(zip(inpainter.scales, decoders, strict=True)),
        **inpainter.options,
    )


def _in_float32(network: keras.Model) -> keras.Model:
    if all(layer.compute_dtype == "float32" for layer in network._flatten_layers()):
        return network
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        rebuilt = network.__class__.from_config(network.get_config())
    finally:
        keras.config.set_dtype_policy(policy)
    rebuilt.set_weights(network.get_weights())
    return rebuilt


def _metadata(inpainter: Inpainter, preset: str | None, max_pixels: int) -> dict[str, Any]:
    weights = hashlib.sha256()
    for variable in inpainter.variables:
        weights.update(variable.numpy().tobytes())
    return {
        "preset": preset,
        "version": __version__,
        "sha256": weights.hexdigest(),
        "tensorflow": tf.__version__,
        **inpainter.options,
        "max_pixels": max_pixels,
    }
