"""Context Encoder: the hole's content from its surroundings through a bottleneck.

Pathak et al., "Context Encoders: Feature Learning by Inpainting", 2016; [27] of the paper. Photos
of 128 px, the centre square of 64 px is predicted; larger photos get that result, enlarged, as in
the paper's Table 1.
"""

import keras
from keras import layers

from benchmarks.baselines.common import at_side, weighted_l2
from tfpaint.maps.mask_cells import centre
from tfpaint.networks import blocks
from tfpaint.training import losses
from tfpaint.training.gan import GAN, Reconstruction
from tfpaint.training.image2feature_gan import compose

SIDE = 128
RECONSTRUCTION = 0.999  # of the loss; the rest is the adversary's


@keras.saving.register_keras_serializable(package="tfpaint")
class ContextEncoder(blocks.Network):
    """The generator: `[image, mask]`, as for `tfpaint.Image2Feature`, to the centre square.

    Five stride-2 blocks bring the photo to 4x4, one convolution over all of that to the bottleneck,
    and five transposed convolutions the bottleneck to half the photo's side. Nothing skips it. The
    hole is filled with the known pixels' mean colour beforehand (the original has a constant).

    Args:
        size: side S of the photo, a power of two, at least 32.
        width: channels of the first block, 64 in the original; they double up to eight times.
        bottleneck: channels of the 1x1 map, 4000 in the original.
    """

    def __init__(self, size: int = SIDE, width: int = 32, bottleneck: int = 1000, **kwargs):
        depth = blocks.power_of_two(size, "size", least=32) - 2
        image = keras.Input((size, size, 3), name="image")
        mask = keras.Input((size, size, 1), name="mask")
        x = FillWithMean(name="mean")([image, mask])
        for i in range(1, depth + 1):
            x = blocks.conv_block(x, blocks.channels_at(2 ** (i - 1), width), f"down{i}")
        x = layers.Conv2D(bottleneck, 4, name="bottleneck_conv")(x)  # (B, 1, 1, bottleneck)
        x = layers.LeakyReLU(negative_slope=0.2, name="bottleneck_act")(x)
        x = layers.Conv2DTranspose(8 * width, 4, name="up0_deconv")(x)  # (B, 4, 4, 8w)
        x = blocks.activate(x, "up0")
        for i in range(1, depth - 1):
            filters = blocks.channels_at(2 ** (depth - i - 1), width)
            x = blocks.up_block(x, filters, f"up{i}", "deconv")
        x = blocks.upsample_conv(x, 3, "last", "deconv")  # (B, S/2, S/2, 3)
        config = {"size": size, "width": width, "bottleneck": bottleneck}
        super().__init__([image, mask], blocks.tanh(x), config, **kwargs)


@keras.saving.register_keras_serializable(package="tfpaint")
class FillWithMean(layers.Layer):
    """[image, mask] -> the image (B, S, S, 3) with the mean of the known pixels in the hole."""

    def call(self, inputs):
        image, mask = inputs
        known = 1.0 - mask
        count = keras.ops.maximum(keras.ops.sum(known, (1, 2), keepdims=True), 1.0)
        mean = keras.ops.sum(image * known, (1, 2), keepdims=True) / count
        return image * known + mean * mask

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable(package="tfpaint")
class CentreDiscriminator(blocks.Network):
    """Is this centre square a real one? (B, s, s, 3) -> logits (B, 1)."""

    def __init__(self, size: int = SIDE // 2, width: int = 32, **kwargs):
        depth = blocks.power_of_two(size, "size", least=8) - 2
        centre = x = keras.Input((size, size, 3), name="centre")
        for i in range(1, depth + 1):
            x = blocks.conv_block(x, blocks.channels_at(2**i, width), f"down{i}", norm=i > 1)
        x = layers.Conv2D(1, 4, name="last_conv")(x)
        x = layers.Activation("linear", dtype="float32")(layers.Flatten()(x))
        super().__init__(centre, x, {"size": size, "width": width}, **kwargs)


class ContextEncoderGAN(GAN):
    """Trains it: the mean square error of the square, its outermost pixels ten times, and D."""

    def __init__(self, generator, discriminator, adversarial_weight=1 - RECONSTRUCTION):
        weights = {"image": RECONSTRUCTION, "adversarial": adversarial_weight}
        super().__init__(generator, discriminator, weights)

    def reconstruction(self, batch, training):
        truth = batch["truth"]
        image, padded = compose(self.generator, batch["incomplete"], batch["mask"], training)
        size = truth.shape[1]
        weights = losses.hole_weights(batch["mask"], size // 32, 10.0) * centre(size)
        return Reconstruction({"image": weighted_l2(padded, truth, weights)}, image)

    @staticmethod
    def pair(batch, image):
        border = image.shape[1] // 4
        return image[:, border:-border, border:-border]


def fill(network: keras.Model):
    """The trained network as an `evaluation.classical.Fill`, for a hole in the centre half."""

    def predict(photo, mask):
        return compose(network, photo * (1.0 - mask), mask)[0]

    return at_side(predict, network.input_shape[0][1])
