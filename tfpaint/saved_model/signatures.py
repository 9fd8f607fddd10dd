"""The signatures of the SavedModel: the Inpainter's graph, preceded by checks of the request.

A request that cannot be served fails with INVALID_ARGUMENT and a sentence that says what to do.
EXIF is not read here, so clients rotate their photos first. A photo's alpha channel is dropped.
"""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from tfpaint import style_transfer
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.wrap import fill_in_graph
from tfpaint.inpainter import Inpainter
from tfpaint.maps.dilation import dilate
from tfpaint.networks.tiles import TILE
from tfpaint.pictures.masks import CUT, SMALLEST_PHOTO
from tfpaint.saved_model import checks, static_window
from tfpaint.saved_model.checks import require

Signature: TypeAlias = tf.types.experimental.PolymorphicFunction


def signatures(inpainter: Inpainter, max_pixels: int) -> dict[str, Signature]:
    """The functions to save, by the name of their signature.

    `variants` is among them only if patches are swapped in pixels, and `stylize` only if
    Feature2Image takes pictures of any size.

    Args:
        inpainter: An inpainter whose networks are float32.
        max_pixels: Larger photos are refused. Files are refused before they are decoded.
    """
    found = {
        "serving_default": arrays(inpainter, max_pixels),
        **files(inpainter, max_pixels),
        "features": features(inpainter.filler, max_pixels),
    }
    if style_transfer.can_stylize(inpainter):
        found["stylize"] = stylize(inpainter)
    return found


def arrays(inpainter: Inpainter, max_pixels: int) -> Signature:
    """The signature `serving_default`: fills a batch of photos of one size, each with its own mask.

    Inputs: `image`, uint8 (B, H, W, 3) RGB, and `mask`, uint8 (B, H, W, 1), more than 127 =
    missing. H and W are at least 16.

    Output: `image`, uint8 (B, H, W, 3) RGB.
    """

    def fill(index, image, mask, seed):
        image, mask = checks.checked(index, image, mask, max_pixels)
        return inpainter.inpaint(image, mask[..., 0] > CUT, seed)

    def serving_default(image, mask):
        seeds = tf.zeros(tf.shape(image)[:1], tf.int32)
        spec = tf.TensorSpec([None, None, 3], tf.uint8)
        return {"image": _each(fill, spec, image, mask, seeds)}

    return _function(
        serving_default,
        image=tf.TensorSpec([None, None, None, 3], tf.uint8),
        mask=tf.TensorSpec([None, None, None, 1], tf.uint8),
    )


def files(inpainter: Inpainter, max_pixels: int) -> dict[str, Signature]:
    """The signatures that fill a batch of PNG or JPEG files of any sizes.

    Inputs of `bytes`: `image_bytes` and `mask_bytes`, strings (B,). In a mask, a brightness above
    127 is missing. `variants` also has

    - `seed`, int32 (B,), from 0 to 2**31 - 1: 0 is the best fill, which `bytes` gives, every other
      number another plausible one.

    `fill` has these as well:

    - `grow_mask`, int32 (B,), from 0 to 100: pixels by which the mask is widened.
    - `wrap`, strings (B,): which edges of the photo meet, "none", "x", "y" or "both", as for
      `Inpainter`.

    Output: `image_bytes`, strings (B,), PNG files.
    """

    def fill(index, image, mask, seed, growth, wrap):
        image = checks.decoded(index, "photo", image, 3, max_pixels)
        mask = checks.as_mask(checks.decoded(index, "mask", mask, 0, max_pixels))
        seed, growth, meeting = checks.options(index, seed, growth, wrap, inpainter.filler.pixels)
        mask = tf.cond(growth > 0, lambda: _grown(mask, growth), lambda: mask)
        image, mask = checks.checked(index, image, mask, max_pixels)
        filled = fill_in_graph(
            lambda image, mask: inpainter.inpaint(image, mask, seed),
            *(image, mask[..., 0] > CUT, meeting),
        )
        return tf.io.encode_png(filled)

    strings, numbers = tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int32)

    @tf.function(input_signature=[strings] * 2 + [numbers] * 2 + [strings], autograph=False)
    def filled(images, masks, seeds, growths, wraps):  # one graph for all signatures
        spec = tf.TensorSpec([], tf.string)
        return _each(fill, spec, images, masks, seeds, growths, wraps)

    def from_bytes(image_bytes, mask_bytes):
        return variants(image_bytes, mask_bytes, tf.zeros_like(image_bytes, tf.int32))

    def variants(image_bytes, mask_bytes, seed):
        none = tf.fill(tf.shape(image_bytes), "none")
        return by_options(image_bytes, mask_bytes, seed, tf.zeros_like(none, tf.int32), none)

    def by_options(image_bytes, mask_bytes, seed, grow_mask, wrap):
        return {"image_bytes": filled(image_bytes, mask_bytes, seed, grow_mask, wrap)}

    # By REST, a row has to name every input of its signature: one signature with all of them would
    # refuse the clients that know of fewer.
    pair = {"image_bytes": strings, "mask_bytes": strings}
    found = {
        "bytes": _function(from_bytes, **pair),
        "fill": _function(by_options, **pair, seed=numbers, grow_mask=numbers, wrap=strings),
    }
    if inpainter.filler.pixels:
        found["variants"] = _function(variants, **pair, seed=numbers)
    return found


def _grown(mask: tf.Tensor, growth: tf.Tensor) -> tf.Tensor:
    """A mask uint8 (H, W, 1) with what is missing widened by so many pixels."""
    grown = dilate(mask[..., 0] > CUT, growth)[..., None]
    return tf.where(grown, tf.maximum(mask, CUT + 1), mask)


def features(filler: WindowFiller, max_pixels: int) -> Signature:
    """The signature `features`: F1 and F1' of one square window, at its own scale.

    Inputs: `image`, uint8 (1, S, S, 3) RGB, and `mask`, uint8 (1, S, S, 1), more than 127 =
    missing. S is one of the scales up to 512, and the hole lies in the centre square of side S/2.

    Outputs: `features` before patch-swap and `swapped` after it, float32 (1, S / stride,
    S / stride, C).
    """

    def at_scale(image, mask, scale: int) -> Callable:
        def swap():
            # Gives the inputs a static shape. `tf.ensure_shape` would not do: sessions run it
            # before they choose a branch, and it fails in the branches of other scales.
            places = tf.minimum(tf.range(scale), tf.shape(image)[0] - 1)
            photo, missing = (
                tf.gather(tf.gather(one, places), places, axis=1)[None]
                for one in (image, mask > CUT)
            )
            return static_window.swap(filler, photo, missing)

        return swap

    def window_features(image, mask):
        image, mask = checks.checked(0, image[0], mask[0], max_pixels)
        side, scales = tf.shape(image)[0], static_window.sides(filler)
        which = tf.equal(side, scales)
        right = tf.reduce_any(which) & (tf.shape(image)[1] == side)
        listed = ", ".join(map(str, scales))
        sentence = f"the window has to be square and of side {listed}: cut and resize it"
        with tf.control_dependencies([require(right, sentence)]):
            place = tf.argmax(which, output_type=tf.int32)
        before, after = tf.switch_case(place, [at_scale(image, mask, scale) for scale in scales])
        return {"features": before, "swapped": after}

    return _function(
        window_features,
        image=tf.TensorSpec([1, None, None, 3], tf.uint8),
        mask=tf.TensorSpec([1, None, None, 1], tf.uint8),
    )


def stylize(inpainter: Inpainter) -> Signature:
    """The signature `stylize`: paints one picture in the style of another.

    Inputs: `content`, uint8 (1, H, W, 3) RGB, and `style`, uint8 (1, h, w, 3) RGB, with sides from
    16 to 768 pixels; and `strength`, float32 (1,), from 0 to 1.

    Output: `image`, uint8 (1, H, W, 3) RGB.
    """

    def right_size(name: str, picture: tf.Tensor) -> tf.Operation:
        height, width = tf.unstack(tf.shape(picture)[1:3])
        return require(
            (tf.minimum(height, width) >= SMALLEST_PHOTO) & (tf.maximum(height, width) <= TILE),
            f"the {name} is {{}}x{{}} pixels: sides have to be from {SMALLEST_PHOTO} to {TILE}",
            *(width, height),
        )

    def restyled(content, style, strength):
        right = (strength[0] >= 0) & (strength[0] <= 1)
        conditions = [
            right_size("content", content),
            right_size("style", style),
            require(right, "strength is {}: send a number from 0 to 1", strength[0]),
        ]
        with tf.control_dependencies(conditions):
            content, style = tf.identity(content[0]), tf.identity(style[0])
        picture = style_transfer.restyle(inpainter, content, style, strength[0])
        return {"image": style_transfer.to_uint8(picture)[None]}

    return _function(
        restyled,
        content=tf.TensorSpec([1, None, None, 3], tf.uint8),
        style=tf.TensorSpec([1, None, None, 3], tf.uint8),
        strength=tf.TensorSpec([1], tf.float32),
    )


def _function(function: Callable, **inputs: tf.TensorSpec) -> Signature:
    """A `tf.function` whose inputs have the given names, shapes and dtypes.

    Sessions do not check shapes. Here they are checked, by an error that names the first input that
    is wrong.
    """
    signature = [tf.TensorSpec(one.shape, one.dtype, name) for name, one in inputs.items()]
    shapes = [one.shape for one in signature]

    def checked(*given):
        right: list[tf.Tensor] = []
        for one, shape in zip(given, shapes, strict=True):
            with tf.control_dependencies(right):
                right.append(tf.ensure_shape(one, shape))
        return function(*right)

    return tf.function(checked, signature, autograph=False)


def _each(function: Callable, spec: tf.TensorSpec, images, *others) -> tf.Tensor:
    """Applies `function(index, image, *others)` to the items of a batch, one after the other.

    `spec` is the shape and dtype of its result. The others are masks, seeds, growths and wraps.
    """
    count = tf.shape(images)[0]
    conditions = [require(count > 0, "the batch is empty: send at least one photo")]
    for name, other in zip(("mask", "seed", "grow_mask", "wrap"), others, strict=False):
        size = tf.shape(other)[0]
        sentence = f"{{}} photos, but {{}} {name}s: send one {name} a photo"
        conditions.append(require(count == size, sentence, count, size))
    with tf.control_dependencies(conditions):
        indices = tf.range(count)
    return tf.map_fn(
        lambda item: function(*item),
        (indices, images, *others),
        fn_output_signature=spec,
        parallel_iterations=1,  # one photo in memory at a time; each operation uses all cores
    )
