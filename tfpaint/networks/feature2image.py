"""Feature2Image (G2): from the swapped feature map to the whole image."""

import keras
from keras import layers

from tfpaint.errors import InputError
from tfpaint.networks import blocks


@keras.saving.register_keras_serializable(package="tfpaint")
class Feature2Image(blocks.Network):
    """The generator G2 of the Feature2Image network (section 3.3.3).

    Input: features (B, s, s, C) float32 with s = S / stride, any range (after a ReLU, >= 0).
    Output: the image, (B, S, S, 3) float32 in [-1, 1].

    The U-Net has one convolution block at stride 1 and `depth` more at stride 2, and
    `depth + log2(stride)` up-sampling blocks, the first `depth` of them with skips: at S = 256 that
    is seven (64 -> 1), eight (1 -> 256), and six. Neither the innermost nor the last block is
    normalised.

    Args:
        size: S, the side of the image, a power of two; None for a network that is shared by all
            scales: then s has to be a multiple of 2^depth.
        channels: C, channels of the feature map (relu2_1 128, relu3_1 256, relu4_1 512).
        stride: stride of the feature map (relu2_1 2, relu3_1 4, relu4_1 8).
        width: channels at stride 2; a map has twice as many at twice the stride, up to 8 times.
        depth: number of stride-2 blocks; None derives it from the size, down to 1x1.
        upsample: "resize" (nearest neighbour, then 3x3 convolution) or "deconv".
        generator: "unet", or "resnet9": the nine-block ResNet of section 4.3, where `depth` means
            nothing.

    Raises:
        InputError: an option outside the above.

    Example:
        ```python
        import numpy as np

        g2 = Feature2Image(size=32, channels=16, width=8)
        image = g2(np.random.rand(2, 8, 8, 16).astype("float32"))  # (2, 32, 32, 3)
        ```

    Reference: Image Inpainting using Multi-Scale Feature Image Translation, sections 3.3.3, 4.3.
    """

    def __init__(
        self,
        size: int | None = None,
        channels: int = 256,
        stride: int = 4,
        width: int = 64,
        depth: int | None = None,
        upsample: str = "resize",
        generator: str = "unet",
        **kwargs,
    ):
        blocks.power_of_two(stride, "stride", least=2)
        blocks.one_of(upsample, "upsample", ("resize", "deconv"))
        blocks.one_of(generator, "generator", ("unet", "resnet9"))
        side = (
            None if size is None else 2 ** blocks.power_of_two(size, "size", 2 * stride) // stride
        )

        features = keras.Input((side, side, channels), name="features")
        if generator == "unet":
            x = _unet(features, stride, width, _depth(side, depth), upsample)
        else:
            x = _resnet(features, stride, width, upsample)

        config = {
            "size": size,
            "channels": channels,
            "stride": stride,
            "width": width,
            "depth": depth,
            "upsample": upsample,
            "generator": generator,
        }
        super().__init__(features, blocks.tanh(x), config, **kwargs)


def _depth(side: int | None, depth: int | None) -> int:
    deepest = side.bit_length() - 1 if side else None
    depth = deepest if depth is None else depth
    if depth is None:
        raise InputError("Feature2Image with size=None needs a depth, such as 5.")
    if depth < 1 or (deepest is not None and depth > deepest):
        raise InputError(f"depth={depth} must be from 1 to log2(size / stride), {deepest}.")
    return depth


def _unet(x, stride: int, width: int, depth: int, upsample: str):
    def channels(stride):
        return blocks.channels_at(stride, width)

    x = blocks.conv_block(x, channels(stride), "down0", kernel_size=3, strides=1)
    encoded = [x]
    for i in range(1, depth + 1):
        stride *= 2
        x = blocks.conv_block(x, channels(stride), f"down{i}", norm=i < depth)
        encoded.append(x)
    encoded.pop()
    for i in range(1, depth + 1):
        stride //= 2
        x = blocks.up_block(x, channels(stride), f"up{i}", upsample)
        x = layers.Concatenate(name=f"skip{i}")([x, encoded.pop()])
    while stride > 2:  # past the features: no map to join
        i, stride = i + 1, stride // 2
        x = blocks.up_block(x, channels(stride), f"up{i}", upsample)
    return blocks.upsample_conv(x, 3, f"up{i + 1}", upsample)


def _resnet(x, stride: int, width: int, upsample: str):
    x = blocks.conv_block(x, 4 * width, "stem", kernel_size=3, strides=1)  # (B, s, s, 4w)
    x = blocks.residual_blocks(x, 9, "res")
    for i in range(1, stride.bit_length()):
        stride //= 2
        x = blocks.up_block(x, width * min(stride, 4), f"up{i}", upsample)
    return layers.Conv2D(3, 7, padding="same", name="last_conv")(x)  # (B, S, S, 3)
