"""Networks in float32, whatever they were built in: what every export begins with."""

import keras

from tfpaint.inpainter import Inpainter


def in_float32(inpainter: Inpainter) -> Inpainter:
    """The inpainter itself, or one of the same weights that computes in float32."""
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
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        rebuilt = network.__class__.from_config(network.get_config())
    finally:
        keras.config.set_dtype_policy(policy)
    rebuilt.set_weights(network.get_weights())
    return rebuilt
