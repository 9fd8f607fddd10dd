"""One window by itself, its hole in the middle: the part of the pipeline that has static shapes.

It is what phones and browsers run; cutting windows out of a photo is left to them.
"""

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.multi_scale import EXACT, WindowFiller
from tfpaint.patch_swap.backends import STATIC


def sides(filler: WindowFiller) -> tuple[int, ...]:
    """Sides that a window may have: those in which every source patch is compared."""
    return tuple(scale for scale in filler.scales if scale <= EXACT)


def function(filler: WindowFiller, side: int) -> tf.types.experimental.PolymorphicFunction:
    """`fill` of a static size, to be converted for phones and browsers.

    Args:
        filler: Of float32 networks.
        side: S, one of `sides`.

    Returns:
        The function of `image` float32 (1, S, S, 3) and `mask` float32 (1, S, S, 1) to
        `{"image": float32 (1, S, S, 3)}`.

    Raises:
        InputError: There is no window of that side.
    """
    if side not in sides(filler):
        listed = ", ".join(map(str, sides(filler)))
        raise InputError(f"size={side}: the windows of this preset have a side of {listed}")
    networks = filler.encoder, filler.image2feature, filler.feature2image
    static = WindowFiller(*networks, filler.scales, filler.options, STATIC)
    signature = [
        tf.TensorSpec([1, side, side, 3], tf.float32, "image"),
        tf.TensorSpec([1, side, side, 1], tf.float32, "mask"),
    ]
    return tf.function(
        lambda image, mask: {"image": fill(static, image, mask)}, signature, autograph=False
    )


def fill(filler: WindowFiller, image: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Fills the hole of one window.

    Args:
        filler: The networks.
        image: (1, S, S, 3), values in [0, 255], S one of `sides`.
        mask: (1, S, S, 1), more than 0 = missing. The centre square of side S/2 is where the hole
            should be; missing pixels outside it are taken for other holes and filled roughly.

    Returns:
        float32 (1, S, S, 3), whole numbers in [0, 255]; `image` where the mask is 0.
    """
    crop, image, mask = _crop(image, mask)
    filled = filler.fill(crop, filler.scales.index(image.shape[1]) + 1)[-1]
    return tf.where(mask > 0, tf.round((filled + 1.0) * 127.5), image)


def swap(filler: WindowFiller, image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """F1 and F1': the features before and after patch-swap at the window's own scale.

    Args:
        filler: The networks.
        image: As for `fill`.
        mask: As for `fill`.

    Returns:
        Two of float32 (1, S / stride, S / stride, C).
    """
    return filler.features(_crop(image, mask)[0])


def _crop(image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """(S, S, 5) as `windows.crop_mirrored` gives it; image and mask in float32."""
    image, missing = tf.cast(image, tf.float32), tf.cast(tf.cast(mask, tf.float32) > 0, tf.float32)
    known = 1 - missing
    return tf.concat([image * known, known, missing], -1)[0], image, missing
