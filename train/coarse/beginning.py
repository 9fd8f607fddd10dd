"""Weights to begin with: those of a network of the same shape, or of a smaller one."""

from typing import Any

import keras
import numpy as np

from tfpaint.errors import InputError

_MAY_GROW = ("width", "residuals", "uncertainty")


def begin_with(network: keras.Model, source: str) -> None:
    """Gives a network the weights of another, so that it begins with the other's fills.

    If they upsample by resizing, the other one may have a width that divides this one's, fewer
    residual blocks, and no second output. Each of its channels then becomes several equal ones, and
    the weight of each input is shared out among them at random: the sum, and so the fill, stays
    what it was, but the copies learn apart (Chen, Goodfellow and Shlens, Net2Net, 2016). New
    residual blocks add nothing yet.

    Args:
        network: Image2Feature. Its weights are set.
        source: A .keras file; or the name or folder of a preset, which TensorFlow is needed for.

    Raises:
        InputError: There is no such network, or its weights do not fit.
    """
    first = _load(source)
    ours, theirs = network.get_config(), first.get_config()
    free = {"name", *(_MAY_GROW if ours["upsample"] == "resize" else ())}
    fits = all(ours[key] == theirs.get(key) for key in ours if key not in free)
    if not fits or not _grows(theirs, ours):
        raise InputError(f"{source}: another network than --size, --width and --residuals make")
    known = {layer.name: layer.get_weights() for layer in first.layers}
    random = np.random.default_rng(0)
    for layer in network.layers:
        if layer.name in known:
            pairs = zip(known[layer.name], layer.get_weights(), strict=True)
            layer.set_weights([_widened(old, new.shape, random) for old, new in pairs])
        elif layer.name.endswith("_b_norm"):  # the last of a residual block
            layer.gamma.assign(np.zeros(layer.gamma.shape))


def _load(source: str) -> Any:
    if not source.endswith(".keras"):
        try:
            from tfpaint.presets import load_preset
        except ImportError as error:
            raise InputError(
                f"{source}: presets need TensorFlow installed; give a .keras"
            ) from error
        return load_preset(source).image2feature
    try:
        return keras.saving.load_model(source, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{source}: no such file, or no network of tfpaint in it") from error


def _grows(first: dict[str, Any], network: dict[str, Any]) -> bool:
    return (
        network["width"] % first["width"] == 0
        and network["residuals"] >= first["residuals"]
        and network["uncertainty"] >= first["uncertainty"]
    )


def _widened(old: np.ndarray, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Weights for more channels. Copies stand side by side, as concatenated maps expect."""
    if old.shape[-1] == 3 and shape[-1] == 4:  # of the last map: a channel for the second output
        wide = np.concatenate([old, np.zeros_like(old[..., :1])], -1)
    else:
        wide = np.repeat(old, shape[-1] // old.shape[-1], -1)
    if old.ndim == 1 or shape[-2] == old.shape[-2]:
        return wide
    copies = shape[-2] // old.shape[-2]
    apart = random.normal(0.0, old.std(), (*old.shape[:-1], copies, shape[-1]))
    shares = wide[..., None, :] + apart - apart.mean(-2, keepdims=True)
    return (shares / copies).reshape(shape).astype(old.dtype)
