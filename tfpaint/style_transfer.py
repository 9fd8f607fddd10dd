"""Style transfer: arranges patches of a style picture like a content picture (figure 10)."""

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter
from tfpaint.networks.tiles import GRID, TILE
from tfpaint.patch_swap import match
from tfpaint.patch_swap.pasting import paste

SMALLEST = 64


def stylize(
    content: np.ndarray,
    style: np.ndarray,
    inpainter: Inpainter | None = None,
    strength: float = 1.0,
    size: int = 512,
    keep_colours: bool = False,
) -> np.ndarray:
    """Paints one picture in the style of another.

    Every 3x3 patch of the content's features is replaced by the most similar one of the style's
    features. Feature2Image then draws the result.

    Args:
        content: uint8 (H, W, 3), RGB.
        style: uint8 (h, w, 3), RGB.
        inpainter: Provides the encoder and a Feature2Image of no fixed size. None means the preset
            "photo".
        strength: From 0 to 1. It interpolates between the content's own features, at 0, and those
            replaced by the style's, at 1.
        size: The longer side in pixels, from 64 to 768, to which both pictures are resized. The
            time grows with its fourth power.
        keep_colours: Take only the lightness from the result, and the colours from the content.

    Returns:
        uint8 (H', W', 3), RGB, with the content's aspect ratio and `size` as its longer side.

    Raises:
        InputError: An array has another dtype or shape, an option is out of its range, or the
            inpainter's Feature2Image has a fixed size.

    Reference: Image Inpainting using Multi-Scale Feature Image Translation, figure 10.
    """
    if not 0 <= strength <= 1:
        raise InputError(f"strength={strength}: choose a number from 0 to 1")
    if not SMALLEST <= size <= TILE:
        raise InputError(f"size={size}: choose a longest side from {SMALLEST} to {TILE} pixels")
    inpainter = inpainter or Inpainter.from_preset("photo")
    if not can_stylize(inpainter):
        raise InputError("style transfer needs a preset whose Feature2Image has no fixed size")

    content, style = _scaled(content, "content", size), _scaled(style, "style", size)
    picture = restyle(inpainter, tf.constant(content), tf.constant(style), strength)
    if keep_colours:
        lightness = tf.image.rgb_to_yuv(picture)[..., :1]
        colours = tf.image.rgb_to_yuv(tf.cast(content, tf.float32) / 255.0)[..., 1:]
        picture = tf.image.yuv_to_rgb(tf.concat([lightness, colours], -1))
    return to_uint8(picture).numpy()


def to_uint8(picture: tf.Tensor) -> tf.Tensor:
    """Clips floats of any shape to [0, 1], and scales them to uint8."""
    return tf.cast(tf.round(tf.clip_by_value(picture, 0.0, 1.0) * 255.0), tf.uint8)


def can_stylize(inpainter: Inpainter) -> bool:
    """Whether the inpainter's Feature2Image, that of the largest scale, has no fixed size."""
    return _decoder(inpainter).input_shape[1] is None


def _decoder(inpainter: Inpainter) -> keras.Model:
    """The Feature2Image of the largest scale."""
    return inpainter.filler.feature2image[inpainter.scales[-1]]


def restyle(inpainter: Inpainter, content: tf.Tensor, style: tf.Tensor, strength) -> tf.Tensor:
    """`stylize` in TensorFlow operations, for pictures that are not to be resized.

    Args:
        inpainter: As for `stylize`.
        content: uint8 (H, W, 3), RGB.
        style: uint8 (h, w, 3), RGB.
        strength: From 0 to 1, a float or a float32 scalar.

    Returns:
        float32 (H, W, 3), RGB in about [0, 1], not clipped.
    """
    features, source = (_encode(inpainter, picture) for picture in (content, style))
    indices = _match(features, source)
    everywhere, overlap = tf.ones_like(features[..., :1]), inpainter.filler.options.overlap
    swapped = paste(indices, source, features, everywhere, overlap)
    decoded = _decoder(inpainter)(features + strength * (swapped - features), training=False)
    height, width = tf.unstack(tf.shape(content)[:2])
    return (tf.cast(decoded, tf.float32)[0, :height, :width] + 1.0) / 2.0


@tf.function(autograph=False, reduce_retracing=True)
def _match(queries: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    """The most similar patch of the style for each patch of the content, by cosine."""
    return match(queries, sources, tf.ones_like(queries[..., :1]), tf.ones_like(sources[..., :1]))


def _scaled(picture: np.ndarray, name: str, size: int) -> np.ndarray:
    """Checks a picture, and resizes it so that its longer side is `size`."""
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise InputError(
            f"the {name} has to be uint8 (H, W, 3), but is {picture.dtype} {picture.shape}"
        )
    height, width = (max(1, round(side * size / max(picture.shape))) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _encode(inpainter: Inpainter, picture: tf.Tensor) -> tf.Tensor:
    """Encodes a picture: uint8 (H, W, 3) to float32 (1, h, w, C).

    The picture is first extended to multiples of 32 pixels, by its last row and column.
    """
    for axis in (0, 1):
        side = tf.shape(picture)[axis]
        places = tf.minimum(tf.range(side + -side % GRID), side - 1)
        picture = tf.gather(picture, places, axis=axis)
    images = tf.cast(picture[None], tf.float32) / 127.5 - 1.0
    return tf.cast(inpainter.filler.encoder(images, training=False), tf.float32)
