"""Rebuilds networks in float32, as the first step of every export."""

import keras

from tfpaint.inpainter import Inpainter
from tfpaint.networks import float32


def in_float32(inpainter: Inpainter) -> Inpainter:
    """The same inpainter if it computes in float32, else one with the same weights that does."""
    filler = inpainter.filler
    networks = (filler.encoder, filler.image2feature, *filler.feature2image.values())
    rebuilt = {id(one): _in_float32(one) for one in networks}
    if all(id(one) == key for key, one in rebuilt.items()):
        return inpainter
    encoder, image2feature, *decoders = (rebuilt[id(one)] for one in networks)
    by_scale = dict(zip(filler.scales, decoders, strict=True))
    return Inpainter(encoder, image2feature, by_scale, filler.scales, filler.options)


def _in_float32(network: keras.Model) -> keras.Model:
    if all(layer.compute_dtype == "float32" for layer in network.layers):
        return network
    with float32.in_float32():
        rebuilt = network.__class__.from_config(network.get_config())
    rebuilt.set_weights(network.get_weights())
    return rebuilt
