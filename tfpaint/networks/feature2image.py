"""Feature2Image (G2): draws the whole image from a swapped feature map."""

import keras
from keras import layers

from tfpaint.errors import InputError
from tfpaint.networks import blocks


@keras.saving.register_keras_serializable(package="tfpaint")
class Feature2Image(blocks.Network):
    """The generator G2 of the Feature2Image network (section 3.3.3).

    Input: features, float32 (B, s, s, C), with s = S / stride. Values have no fixed range; after a
    ReLU they are not negative.

    Output: the image, float32 (B, S, S, 3) in [-1, 1].

    The U-Net has one convolution block of stride 1, then `depth` blocks of stride 2. It has
    `depth + log2(stride)` upsampling blocks, the first `depth` of them with skip connections. At
    S = 256 and stride 4 these are the paper's numbers: seven convolution blocks (64 -> 1), eight
    deconvolution blocks (1 -> 256), and six skip connections. Neither the bottleneck nor the last
    block is normalised.

    Args:
        size: S, the side of the image, a power of two. None makes a network for images of any size,
            which all scales can share; s is then a multiple of 2^depth.
        channels: C, the channels of the feature map: 128 for relu2_1, 256 for relu3_1, 512 for
            relu4_1.
        stride: Stride of the feature map: 2 for relu2_1, 4 for relu3_1, 8 for relu4_1.
        width: Channels at stride 2. They double with the stride, up to `8 * width`.
        depth: Number of stride-2 blocks. None takes as many as reduce the map to 1x1; it needs a
            `size`.
        upsample: "resize" (nearest neighbour, then a 3x3 convolution) or "deconv".
        generator: "unet", or "resnet9" for the nine-block ResNet of section 4.3, which ignores
            `depth`.

    Raises:
        InputError: An option has another value.

    Examples:
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
    """The number of stride-2 blocks for features of a side, None being any."""
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
    while stride > 2:  # larger than the features: there is no encoder map to join
        i, stride = i + 1, stride // 2
        x = blocks.up_block(x, channels(stride), f"up{i}", upsample)
    return blocks.upsample_conv(x, 3, f"up{i + 1}", upsample)


def _resnet(x, stride: int, width: int, upsample: str):
    x = blocks.conv_block(x, 4 * width, "stem", kernel_size=3, strides=1)  # (B, s, s, 4w)
    x = blocks.residual_blocks(x, 9, "res")
    for i in range(1, stride.bit_length()):
        stride //= 2
        x = blocks.up_block(x, width * min(stride, 4), f"up{i}", upsample)
    return blocks.Conv2D(3, 7, padding="same", name="last_conv")(x)  # (B, S, S, 3)
