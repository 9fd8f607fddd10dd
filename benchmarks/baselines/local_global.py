"""Globally and locally consistent completion: dilated convolutions and two discriminators in one.

Iizuka et al., "Globally and Locally Consistent Image Completion", 2017; [16] of the paper. Photos
of 256 px with holes of less than 128 px; larger photos get that result, enlarged. Without the
original's last step, which blends by fast marching and Poisson's equation.
"""

import keras
from keras import layers

from benchmarks.baselines.common import at_side, weighted_l2
from benchmarks.baselines.context_encoder import FillWithMean
from tfpaint.networks import blocks
from tfpaint.training.gan import GAN, Reconstruction

SIDE = 256


@keras.saving.register_keras_serializable(package="tfpaint")
class LocalGlobal(blocks.Network):
    """The completion network: `[image, mask]` -> image, (B, S, S, 3) float32 in [-1, 1].

    Two stride-2 blocks, six blocks of which four are dilated by 2, 4, 8 and 16, so that every
    place sees 307 pixels, and two transposed convolutions.

    Args:
        size: side S of the photo, a multiple of 4.
        width: channels of the first block, 64 in the original.
    """

    def __init__(self, size: int = SIDE, width: int = 16, **kwargs):
        image = keras.Input((size, size, 3), name="image")
        mask = keras.Input((size, size, 1), name="mask")
        filled = FillWithMean(name="mean")([image, mask])
        x = layers.Concatenate(name="input")([filled, mask])
        x = blocks.conv_block(x, width, "stem", kernel_size=5, strides=1)
        x = blocks.conv_block(x, 2 * width, "down1", kernel_size=3)
        x = blocks.conv_block(x, 2 * width, "same1", kernel_size=3, strides=1)
        x = blocks.conv_block(x, 4 * width, "down2", kernel_size=3)  # (B, S/4, S/4, 4w)
        for i, dilation in enumerate((1, 1, 2, 4, 8, 16, 1, 1), start=1):
            x = blocks.Conv2D(
                4 * width, 3, padding="same", dilation_rate=dilation, name=f"middle{i}_conv"
            )(x)
            x = blocks.activate(x, f"middle{i}")
        x = blocks.up_block(x, 2 * width, "up1", "deconv")
        x = blocks.conv_block(x, 2 * width, "same2", kernel_size=3, strides=1)
        x = blocks.up_block(x, width, "up2", "deconv")
        x = blocks.conv_block(x, width // 2, "same3", kernel_size=3, strides=1)
        x = blocks.Conv2D(3, 3, padding="same", name="last_conv")(x)
        config = {"size": size, "width": width}
        super().__init__([image, mask], blocks.tanh(x), config, **kwargs)


@keras.saving.register_keras_serializable(package="tfpaint")
class LocalGlobalDiscriminator(blocks.Network):
    """Looks at the photo and at its centre half: [(B, S, S, 3), (B, S/2, S/2, 3)] -> (B, 1)."""

    def __init__(self, size: int = SIDE, width: int = 16, **kwargs):
        depth = blocks.power_of_two(size, "size", least=16) - 2
        whole = keras.Input((size, size, 3), name="whole")
        centre = keras.Input((size // 2, size // 2, 3), name="centre")
        views = []
        for name, x, count in (("global", whole, depth), ("local", centre, depth - 1)):
            for i in range(1, count + 1):
                filters = blocks.channels_at(2**i, width)
                x = blocks.conv_block(x, filters, f"{name}{i}", kernel_size=5, norm=i > 1)
            x = layers.Dense(16 * width, name=f"{name}_dense")(layers.Flatten()(x))
            views.append(layers.LeakyReLU(negative_slope=0.2)(x))
        x = layers.Dense(1, dtype="float32", name="logits")(layers.Concatenate()(views))
        super().__init__([whole, centre], x, {"size": size, "width": width}, **kwargs)


class LocalGlobalGAN(GAN):
    """Trains it: the mean square error in the hole, and then the discriminators as well.

    Args:
        adversarial_weight: beside the error's 1; the original's is 0.0004 of values in [0, 1].
    """

    def __init__(self, generator, discriminator=None, adversarial_weight=0.0):
        weights = {"image": 1.0, "adversarial": adversarial_weight}
        super().__init__(generator, discriminator, weights)

    def reconstruction(self, batch, training):
        truth, mask = batch["truth"], batch["mask"]
        output = self.generator([batch["incomplete"], mask], training=training)
        image = batch["incomplete"] * (1.0 - mask) + output * mask
        return Reconstruction({"image": weighted_l2(image, truth, mask)}, image)

    @staticmethod
    def pair(batch, image):
        border = image.shape[1] // 4
        return [image, image[:, border:-border, border:-border]]


def fill(network: keras.Model):
    """The trained network as an `evaluation.classical.Fill`, for a hole in the centre half."""

    def predict(photo, mask):
        return photo * (1.0 - mask) + network([photo * (1.0 - mask), mask]) * mask

    return at_side(predict, network.input_shape[0][1])
