"""Fills a single window with its hole in the centre, the part of the pipeline with static shapes.

This is what phones and browsers run. They cut the windows out of a photo by themselves. Patches are
swapped in features alone there: patches of pixels need loops, and lists of any length.
"""

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.multi_scale import EXACT, WindowFiller
from tfpaint.maps.traced import unrolled
from tfpaint.patch_swap.backends import STATIC


def sides(filler: WindowFiller) -> tuple[int, ...]:
    """The sides that a window may have: the scales up to 512, at which all sources are compared."""
    return tuple(scale for scale in filler.scales if scale <= EXACT)


def function(filler: WindowFiller, side: int) -> tf.types.experimental.PolymorphicFunction:
    """Makes `fill` a function of static shapes, to be converted for phones and browsers.

    Args:
        filler: A filler whose networks are float32.
        side: S, one of `sides`.

    Returns:
        A function from `image`, float32 (1, S, S, 3), and `mask`, float32 (1, S, S, 1), to
        `{"image": float32 (1, S, S, 3)}`. Values are as for `fill`.

    Raises:
        InputError: The side is not one of `sides`.
    """
    if side not in sides(filler):
        listed = ", ".join(map(str, sides(filler)))
        raise InputError(f"size={side}: the windows of this preset have a side of {listed}")
    static = filler.changed(STATIC)
    signature = [
        tf.TensorSpec([1, side, side, 3], tf.float32, "image"),
        tf.TensorSpec([1, side, side, 1], tf.float32, "mask"),
    ]

    @tf.function(input_signature=signature, autograph=False)
    def one_window(image, mask):
        with unrolled():
            return {"image": fill(static, image, mask)}

    return one_window


def fill(filler: WindowFiller, image: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Fills the hole of one window.

    Args:
        filler: The networks and options.
        image: (1, S, S, 3) of any numeric dtype, in [0, 255], S one of `sides`.
        mask: (1, S, S, 1) of any numeric dtype, more than 0 = missing. The hole should lie in the
            centre square of side S/2. Missing pixels outside it count as other holes, which
            are filled only roughly.

    Returns:
        float32 (1, S, S, 3) in [0, 255]: whole numbers in the hole, and `image` elsewhere.
    """
    crop, image, mask = _crop(image, mask)
    filled = filler.fill(crop, filler.scales.index(image.shape[1]) + 1)[-1]
    return tf.where(mask > 0, tf.round((filled + 1.0) * 127.5), image)


def swap(filler: WindowFiller, image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The features before and after patch-swap, F1 and F1', at the window's own scale.

    Args:
        filler: The networks and options.
        image: As for `fill`.
        mask: As for `fill`.

    Returns:
        F1 and F1', each float32 (1, S / stride, S / stride, C).
    """
    return filler.features(_crop(image, mask)[0])


def _crop(image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The window as from `windows.crop_mirrored`, (S, S, 5), and image and mask in float32."""
    image, missing = tf.cast(image, tf.float32), tf.cast(tf.cast(mask, tf.float32) > 0, tf.float32)
    known = 1 - missing
    return tf.concat([image * known, known, missing], -1)[0], image, missing
