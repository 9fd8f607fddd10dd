"""The PatchGAN discriminators D1 (on two images) and D2 (on an image and features)."""

import keras
from keras import layers

from tfpaint.networks import blocks

STRIDES = (2, 2, 2, 1, 1)  # of five 4x4 convolutions; a logit's receptive field is 70x70 pixels


@keras.saving.register_keras_serializable(package="tfpaint")
class ImagePairDiscriminator(blocks.Network):
    """D1 judges whether an image is the true completion of an incomplete one (section 3.3.1).

    Inputs, as a list: the incomplete image I0, which is 0 in the hole, and the image to judge. Both
    are float32 (B, S, S, 3) in [-1, 1], with S at least 24.

    Output: float32 logits, one for every patch of 70x70 pixels, (B, 30, 30, 1) at S = 256. The
    paper's sigmoid is part of the loss here.

    Args:
        width: Channels of the first block. They double from block to block, up to `8 * width`.

    Examples:
        ```python
        import numpy as np

        d1 = ImagePairDiscriminator(width=8)
        image = np.random.uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
        logits = d1([image, image])  # (2, 2, 2, 1)
        ```

    Reference: Image Inpainting using Multi-Scale Feature Image Translation, section 3.3.1.
    """

    def __init__(self, width: int = 64, **kwargs):
        incomplete = keras.Input((None, None, 3), name="incomplete")
        image = keras.Input((None, None, 3), name="image")
        x = layers.Concatenate(name="pair")([incomplete, image])
        super().__init__([incomplete, image], _patch_gan(x, width), {"width": width}, **kwargs)


@keras.saving.register_keras_serializable(package="tfpaint")
class ImageFeatureDiscriminator(blocks.Network):
    """D2 judges whether an image is the true one for given swapped features (section 3.3.3).

    Inputs, as a list: the image, float32 (B, S, S, 3) in [-1, 1], and the swapped features, float32
    (B, S/stride, S/stride, C). The first blocks reduce the image to the size of the features, which
    are then concatenated to it.

    Output: float32 logits, (B, 30, 30, 1) at S = 256, without the paper's sigmoid.

    Args:
        channels: C, the channels of the feature map.
        stride: Stride of the feature map: 2, 4 or 8.
        width: Channels of the first block. They double from block to block, up to `8 * width`.

    Raises:
        InputError: The stride is another.

    Examples:
        ```python
        import numpy as np

        d2 = ImageFeatureDiscriminator(channels=16, width=8)
        image = np.random.uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
        logits = d2([image, np.random.rand(2, 8, 8, 16).astype("float32")])  # (2, 2, 2, 1)
        ```

    Reference: Image Inpainting using Multi-Scale Feature Image Translation, section 3.3.3.
    """

    def __init__(self, channels: int = 256, stride: int = 4, width: int = 64, **kwargs):
        blocks.one_of(stride, "stride", (2, 4, 8))
        image = keras.Input((None, None, 3), name="image")
        features = keras.Input((None, None, channels), name="features")
        logits = _patch_gan(image, width, features, join_after=stride.bit_length() - 1)
        config = {"channels": channels, "stride": stride, "width": width}
        super().__init__([image, features], logits, config, **kwargs)


@keras.saving.register_keras_serializable(package="tfpaint")
class FeatureDiscriminator(blocks.Network):
    """Judges whether features are those of a real photo: a D2 on top of a frozen encoder.

    Input: an encoder's features, float32 (B, s, s, C), with s at least 2.

    Output: logits, float32 (B, s/2, s/2, 1).

    Args:
        channels: C, the channels of the feature map.
        width: Channels of the first block; the second has twice as many.

    Reference: Sauer et al., "Projected GANs Converge Faster", 2021.
    """

    def __init__(self, channels: int = 256, width: int = 64, **kwargs):
        features = keras.Input((None, None, channels), name="features")
        x = blocks.conv_block(features, width, "block1", kernel_size=1, strides=1)
        x = blocks.conv_block(x, 2 * width, "block2")
        x = blocks.Conv2D(1, 4, padding="same", name="block3_conv")(x)
        logits = layers.Activation("linear", dtype="float32", name="logits")(x)
        super().__init__(features, logits, {"channels": channels, "width": width}, **kwargs)


def _patch_gan(x, width: int, features=None, join_after: int = 0):
    """The logits of a PatchGAN on `x`, with `features` concatenated after block `join_after`."""
    last = len(STRIDES)
    for i, stride in enumerate(STRIDES, start=1):
        filters = width * min(2 ** (i - 1), 8) if i < last else 1
        x = layers.ZeroPadding2D(1, data_format="channels_last", name=f"block{i}_pad")(x)
        x = blocks.Conv2D(filters, 4, stride, name=f"block{i}_conv")(x)
        if i < last:
            x = blocks.activate(x, f"block{i}", norm=i > 1)
        if i == join_after:
            x = layers.Concatenate(name="join")([x, features])
    return layers.Activation("linear", dtype="float32", name="logits")(x)
