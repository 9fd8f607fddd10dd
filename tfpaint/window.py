"""One window by itself, its hole in the middle: the part of the pipeline that has static shapes.

It is what phones and browsers run; cutting windows out of a photo is left to them.
"""

import tensorflow as tf

from tfpaint import matching_window
from tfpaint.errors import InputError
from tfpaint.inpainter import EXACT, Inpainter, level


class StaticInpainter(Inpainter):
    """An inpainter whose windows are matched by `matching_window`: no loops, branches or lists."""

    unroll = True

    def match(self, queries, sources, asks, may, start=None, coherence=0.0) -> tf.Tensor:
        """As `Inpainter.match`; the matches are those of the centre square."""
        return matching_window.match(queries, sources, asks, may, start, coherence)

    def paste(self, chosen, sources, features, hole, overlap) -> tf.Tensor:
        """As `Inpainter.paste`."""
        return matching_window.paste(chosen, sources, features, hole, overlap)


def sides(inpainter: Inpainter) -> tuple[int, ...]:
    """Sides that a window may have: those in which every source patch is compared."""
    return tuple(scale for scale in inpainter.scales if scale <= EXACT)


def function(inpainter: Inpainter, side: int) -> tf.types.experimental.PolymorphicFunction:
    """`fill` of a static size, to be converted for phones and browsers.

    Args:
        inpainter: Of float32 networks.
        side: S, one of `sides`.

    Returns:
        The function of `image` float32 (1, S, S, 3) and `mask` float32 (1, S, S, 1) to
        `{"image": float32 (1, S, S, 3)}`.

    Raises:
        InputError: There is no window of that side.
    """
    if side not in sides(inpainter):
        listed = ", ".join(map(str, sides(inpainter)))
        raise InputError(f"size={side}: the windows of this preset have a side of {listed}")
    decoders = dict(zip(inpainter.scales, inpainter.feature2image, strict=True))
    static = StaticInpainter(
        inpainter.encoder, inpainter.image2feature, decoders, **inpainter.options
    )
    signature = [
        tf.TensorSpec([1, side, side, 3], tf.float32, "image"),
        tf.TensorSpec([1, side, side, 1], tf.float32, "mask"),
    ]
    return tf.function(
        lambda image, mask: {"image": fill(static, image, mask)}, signature, autograph=False
    )


def fill(inpainter: Inpainter, image: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Fills the hole in the same scales as the inpainter does.

    Args:
        inpainter: The networks.
        image: (1, S, S, 3), values in [0, 255], S one of `sides`.
        mask: (1, S, S, 1), more than 0 = missing. The centre square of side S/2 is where the hole
            should be; missing pixels outside it are taken for the neighbours' and filled roughly.

    Returns:
        float32 (1, S, S, 3), whole numbers in [0, 255]; `image` where the mask is 0.
    """
    crop, image, mask = _crop(image, mask)
    last = inpainter.scales.index(image.shape[1])
    filled, _ = _refined(inpainter, crop, last + 1)
    return tf.where(mask > 0, tf.round((filled + 1.0) * 127.5), image)


def swap(inpainter: Inpainter, image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The features before and after the first patch-swap of the window's own scale.

    Args:
        inpainter, image, mask: as for `fill`.

    Returns:
        Two of float32 (1, S / stride, S / stride, C).
    """
    crop, image, _ = _crop(image, mask)
    last = inpainter.scales.index(image.shape[1])
    filled, start = _refined(inpainter, crop, last)
    _, mask, filled = inpainter.begin(crop, filled, last)
    return inpainter.swap(filled, mask, start, last)[:2]


def _refined(inpainter: Inpainter, crop: tf.Tensor, count: int):
    """The window after the first `count` scales."""
    state = inpainter.start(*level(crop, inpainter.scales[0])), None
    for index in range(count):
        state = inpainter.refine_at(crop, *state, index)
    return state


def _crop(image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """(S, S, 5) as `holes.crop_mirrored` gives it; image and mask in float32."""
    image, missing = tf.cast(image, tf.float32), tf.cast(tf.cast(mask, tf.float32) > 0, tf.float32)
    known = 1 - missing
    return tf.concat([image * known, known, missing], -1)[0], image, missing
