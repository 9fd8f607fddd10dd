"""Image2Feature (G1): predicts a hole in the centre of an image coarsely."""

from typing import Any

import keras
from keras import layers, ops

from tfpaint.errors import InputError
from tfpaint.maps.smooth_fill import pull_push, relax
from tfpaint.networks import blocks


@keras.saving.register_keras_serializable(package="tfpaint")
class MembraneFill(layers.Layer):
    """A layer that fills the hole smoothly from the known pixels, close to the harmonic fill.

    Call it on `[image, mask]`, float32 (B, S, S, 3) and (B, S, S, 1), 1 = missing. It returns the
    filled image, float32 (B, S, S, 3). `pull_push` fills every missing pixel; `relax` then refines
    only those in the centre square of side S/2.
    """

    def call(self, inputs):
        image, mask = inputs
        known = 1.0 - mask
        filled = pull_push(image, known)
        before = image.shape[1] // 4 - 1  # the centre square and one pixel around it
        centre = slice(before, image.shape[1] - before)
        relaxed = relax(filled[:, centre, centre], known[:, centre, centre], image.shape[1] // 2)
        margin = [before, before]
        relaxed = ops.pad(relaxed, [[0, 0], margin, margin, [0, 0]])
        inside = ops.pad(mask[:, centre, centre], [[0, 0], margin, margin, [0, 0]])
        return filled + inside * (relaxed - filled)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable(package="tfpaint")
class Image2Feature(blocks.Network):
    """The generator G1 of the Image2Feature network (section 3.3.1).

    Inputs, as a list: `image`, float32 (B, S, S, 3) in [-1, 1], whose values in the hole are
    ignored; and `mask`, float32 (B, S, S, 1), 1 = missing, 0 = known. The hole lies within the
    centre square of side S/2.

    Output: that centre square, I1R, float32 (B, S/2, S/2, 3) in [-1, 1]. Only its missing pixels
    are meant to be used. The paper's network ends with the feature encoder; here the caller applies
    that. With `uncertainty` there is a second output, the absolute error to be expected at each
    pixel, the mean over its channels: float32 (B, S/2, S/2, 1), above 0.

    The U-Net has log2(S) convolution blocks of stride 2, down to 1x1 (eight at S = 256), and one
    upsampling block fewer, up to S/2. Neither the bottleneck nor the last block is normalised.

    Args:
        size: S, the side of the window: a power of two, at least 8.
        width: Channels of the first block. They double from block to block, up to `8 * width`.
        upsample: "resize" (nearest neighbour, then a 3x3 convolution) or "deconv".
        generator: "unet", or "resnet9" for the nine-block ResNet of section 4.3. Its residual
            blocks work at stride 4, and its map is then cropped to the centre.
        skips: The encoder map that each decoder map is concatenated with. "paper" takes that of the
            same size, although it covers the whole window and the decoder's only the centre.
            "centre" takes the centre of that of the same stride, which covers the same region.
        mask_channel: Give the mask to the network too, so that holes need not be square. The
            paper's network does not see it.
        residuals: Residual blocks at stride 8, in the encoder of the "unet"; the paper's has none.
        uncertainty: Give the second output. The paper's network has none.
        start: "zero" sets the hole to zero in the input, as in the paper. "membrane" fills it
            smoothly from the known pixels, and the network predicts a correction to that fill.

    Raises:
        InputError: An option has another value.

    Examples:
        ```python
        import numpy as np

        g1 = Image2Feature(size=32, width=8)
        image = np.random.uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
        mask = np.zeros((2, 32, 32, 1), "float32")
        mask[:, 8:24, 8:24] = 1
        centre = g1([image, mask])  # (2, 16, 16, 3)
        ```

    Reference: Image Inpainting using Multi-Scale Feature Image Translation, sections 3.3.1, 4.3.
    """

    def __init__(
        self,
        size: int = 128,
        width: int = 64,
        upsample: str = "resize",
        generator: str = "unet",
        skips: str = "paper",
        mask_channel: bool = True,
        residuals: int = 0,
        uncertainty: bool = False,
        start: str = "zero",
        **kwargs,
    ):
        blocks.power_of_two(size, "size", least=8)
        blocks.one_of(upsample, "upsample", ("resize", "deconv"))
        blocks.one_of(generator, "generator", ("unet", "resnet9"))
        blocks.one_of(skips, "skips", ("paper", "centre"))
        blocks.one_of(start, "start", ("zero", "membrane"))
        blocks.one_of(uncertainty, "uncertainty", (False, True))
        if not isinstance(residuals, int) or residuals < 0:
            raise InputError(f"residuals={residuals!r} must be a whole number from 0 on.")
        if residuals and generator != "unet":
            raise InputError(f"residuals={residuals} must be 0 for generator={generator!r}.")

        image = keras.Input((size, size, 3), name="image")
        mask = keras.Input((size, size, 1), name="mask")
        if start == "membrane":
            filled = MembraneFill(dtype="float32", name="membrane")([image, mask])
        else:
            filled = image * (1.0 - mask)
        x = layers.Concatenate(name="input")([filled, mask]) if mask_channel else filled

        # The correction starts close to zero. As 2 * tanh, it can turn black into white.
        init = keras.initializers.RandomNormal(stddev=1e-3) if start == "membrane" else None
        last = {"kernel_initializer": init} if init else {}
        if generator == "unet":
            x = _unet(x, width, 3 + uncertainty, upsample, skips, residuals, last)
        else:
            x = _resnet(x, width, 3 + uncertainty, upsample, last)
        outputs = blocks.tanh(x[..., :3] if uncertainty else x)  # (B, S/2, S/2, 3)
        if start == "membrane":
            centre = blocks.crop_centre(filled, "membrane_centre", dtype="float32")
            outputs = ops.clip(centre + 2.0 * outputs, -1.0, 1.0)
        if uncertainty:
            outputs = [outputs, _expected_error(x[..., 3:])]

        config = {
            "size": size,
            "width": width,
            "upsample": upsample,
            "generator": generator,
            "skips": skips,
            "mask_channel": mask_channel,
            "residuals": residuals,
            "uncertainty": uncertainty,
            "start": start,
        }
        super().__init__([image, mask], outputs, config, **kwargs)


def split(outputs: Any) -> tuple[Any, Any]:
    """Splits what `Image2Feature` gives.

    Returns:
        The predicted centre, (B, S/2, S/2, 3) in [-1, 1]; and the expected absolute error, (B, S/2,
        S/2, 1), or None from a network without the second output.
    """
    return tuple(outputs) if isinstance(outputs, list | tuple) else (outputs, None)


def without_uncertainty(network: keras.Model) -> keras.Model:
    """An Image2Feature with the same fills and no second output; other networks as they are."""
    config = network.get_config()
    if not config.get("uncertainty"):
        return network
    plain = Image2Feature.from_config({**config, "uncertainty": False})
    for layer in plain.layers:
        pairs = zip(network.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True)
        layer.set_weights([theirs[..., : ours.shape[-1]] for theirs, ours in pairs])
    return plain


def _expected_error(x):
    """The second output from the last map's channel, float32 from 0.0025 to 1."""
    logarithm = ops.clip(ops.cast(x, "float32") - 1.5, -6.0, 0.0)
    return ops.exp(logarithm)


def _unet(x, width: int, channels: int, upsample: str, skips: str, residuals: int, last: dict):
    depth = blocks.power_of_two(x.shape[1], "size", least=8)
    encoded = {}  # encoder maps by their stride
    for i in range(1, depth + 1):
        x = blocks.conv_block(x, blocks.channels_at(2**i, width), f"down{i}", norm=i < depth)
        if 2**i == 8:
            x = blocks.residual_blocks(x, residuals, "res")
        encoded[2**i] = x
    for i in range(1, depth - 1):
        # The decoder covers half the window: its map at size 2^i has stride 2^(depth - i - 1).
        stride = 2 ** (depth - i - 1)
        x = blocks.up_block(x, blocks.channels_at(stride, width), f"up{i}", upsample)
        if skips == "paper":
            skip = encoded[2 * stride]
        else:
            skip = blocks.crop_centre(encoded[stride], f"skip{i}_centre")
        x = layers.Concatenate(name=f"skip{i}")([x, skip])
    return blocks.upsample_conv(x, channels, f"up{depth - 1}", upsample, **last)


def _resnet(x, width: int, channels: int, upsample: str, last: dict):
    x = blocks.conv_block(x, width, "stem", kernel_size=7, strides=1)  # (B, S, S, w)
    x = blocks.conv_block(x, 2 * width, "down1", kernel_size=3)
    x = blocks.conv_block(x, 4 * width, "down2", kernel_size=3)  # (B, S/4, S/4, 4w)
    x = blocks.residual_blocks(x, 9, "res")
    x = blocks.crop_centre(x, "centre")  # (B, S/8, S/8, 4w)
    x = blocks.up_block(x, 2 * width, "up1", upsample)
    x = blocks.up_block(x, width, "up2", upsample)  # (B, S/2, S/2, w)
    return blocks.Conv2D(channels, 7, padding="same", name="last_conv", **last)(x)
