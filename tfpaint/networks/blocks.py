"""The convolution blocks that G1, G2, D1 and D2 share.

A block is a convolution, a leaky ReLU and a batch normalisation, in that order (section 3.3.1).
Functions that build layers map a functional Keras tensor `(B, H, W, C)` to another. Every layer has
a fixed name, so that a network's weights have the same paths in every process.
"""

from functools import partial

import keras
from keras import layers, ops

from tfpaint.backend import ON_TENSORFLOW
from tfpaint.errors import InputError

if ON_TENSORFLOW:
    import tensorflow as tf

# Maps are (B, H, W, C) whatever the user's `image_data_format` is.
Conv2D = partial(layers.Conv2D, data_format="channels_last")


def channels_at(stride: int, width: int) -> int:
    """Channels of a map of the given stride: `width` up to 2, doubling to `8 * width` from 16."""
    return width * min(max(stride // 2, 1), 8)


def power_of_two(value: int, option: str, least: int) -> int:
    """The exponent of a power of two.

    Args:
        value: The power of two.
        option: The option's name, for the message.
        least: The smallest value allowed.

    Raises:
        InputError: `value` is not a power of two, or is less than `least`.
    """
    exponent = int(value).bit_length() - 1
    if value != 2**exponent or value < least:
        raise InputError(f"{option}={value} must be a power of two, at least {least}.")
    return exponent


def one_of(value: object, option: str, choices: tuple) -> None:
    """Raises an InputError that names the option, unless its value is one of the choices."""
    if value not in choices:
        raise InputError(f"{option}={value!r} must be one of {', '.join(map(repr, choices))}.")


@keras.saving.register_keras_serializable(package="tfpaint")
class BatchNormalization(layers.BatchNormalization):
    """Batch normalisation of maps (B, H, W, C), in training by TensorFlow's fused operation.

    Results and weights are those of `keras.layers.BatchNormalization`. Keras computes the moments
    and scales the map in separate passes; the fused operation is four to five times as fast on a
    CPU, forwards and backwards. Keras's own implementation runs instead on another backend, and
    under a `tf.distribute` strategy with several replicas, with moments synchronised between them.
    """

    def call(self, inputs, training=None, mask=None):
        if not ON_TENSORFLOW:
            return super().call(inputs, training=training, mask=mask)
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            self.synchronized = True  # moments of the global batch, as with one worker
        if not training or not self.trainable or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        nothing = tf.zeros([0])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=nothing,
            variance=nothing,
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        variance *= (count - 1.0) / count  # unbiased to biased, which Keras uses
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
        return outputs


def activate(x, name: str, norm: bool = True):
    """Leaky ReLU of slope 0.2, then batch normalisation if `norm`."""
    x = layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)
    if norm:
        x = BatchNormalization(name=f"{name}_norm")(x)
    return x


def conv_block(
    x, filters: int, name: str, kernel_size: int = 4, strides: int = 2, norm: bool = True
):
    """The paper's convolution block (section 3.3.1): convolution, leaky ReLU, normalisation."""
    x = Conv2D(filters, kernel_size, strides, padding="same", name=f"{name}_conv")(x)
    return activate(x, name, norm)


@keras.saving.register_keras_serializable(package="tfpaint")
class ResizeConv2D(layers.Layer):
    """Nearest-neighbour upsampling by 2, then a 3x3 convolution.

    Maps (B, H, W, C) to (B, 2H, 2W, filters). Both steps are linear, so they run as one
    transposed convolution of stride 2. Its 4x4 kernel is the sum of four copies of the 3x3 kernel,
    one shifted to each of the four repeated pixels. The results and weights are the same, but it
    takes 16/36 of the multiplications, and stores no map of C channels at the doubled size. On a
    CPU it is 2-3 times as fast.

    Args:
        filters: Channels of the output.
        kernel_initializer: Initialiser of the 3x3 kernel, as for `keras.layers.Conv2D`.
    """

    def __init__(self, filters: int, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], self.filters)
        self.kernel = self.add_weight(
            shape=shape, initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, inputs):
        # A transposed convolution expects the kernel flipped, with axes (h, w, out, in). Height and
        # width are widened in two steps, because TFLite's converter does not fold a step that makes
        # a constant more than twice as large.
        kernel = ops.transpose(ops.flip(self.kernel, (0, 1)), (0, 1, 3, 2))
        rest = [[0, 0], [0, 0]]
        kernel = ops.pad(kernel, [[0, 1], [0, 0], *rest]) + ops.pad(kernel, [[1, 0], [0, 0], *rest])
        kernel = ops.pad(kernel, [[0, 0], [0, 1], *rest]) + ops.pad(kernel, [[0, 0], [1, 0], *rest])
        if not ON_TENSORFLOW:
            return ops.conv_transpose(inputs, kernel, 2, "same", data_format="channels_last") + (
                self.bias
            )
        batch, height, width, _ = ops.shape(inputs)
        shape = (batch, 2 * height, 2 * width, self.filters)
        return tf.nn.conv2d_transpose(inputs, kernel, shape, 2, "SAME") + self.bias

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height and 2 * height, width and 2 * width, self.filters)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_initializer": initializer,
        }


def upsample_conv(x, filters: int, name: str, upsample: str = "resize", **kwargs):
    """Doubles height and width by a convolution, without activation.

    `upsample` is "resize" for nearest-neighbour resizing and a 3x3 convolution, which avoids
    checkerboard patterns (section 4.3), or "deconv" for a 4x4 transposed convolution of stride 2.
    """
    if upsample == "resize":
        return ResizeConv2D(filters, name=f"{name}_conv", **kwargs)(x)
    return layers.Conv2DTranspose(
        filters, 4, 2, padding="same", data_format="channels_last", name=f"{name}_deconv", **kwargs
    )(x)


def up_block(x, filters: int, name: str, upsample: str = "resize"):
    """The paper's deconvolution block (section 3.3.1): upsampling, leaky ReLU, normalisation."""
    return activate(upsample_conv(x, filters, name, upsample), name)


def residual_blocks(x, count: int, name: str):
    """`count` residual blocks of two 3x3 convolutions each (the ResNet ablation of section 4.3)."""
    filters = x.shape[-1]
    for i in range(1, count + 1):
        y = conv_block(x, filters, f"{name}{i}_a", kernel_size=3, strides=1)
        y = Conv2D(filters, 3, padding="same", name=f"{name}{i}_b_conv")(y)
        y = BatchNormalization(name=f"{name}{i}_b_norm")(y)
        x = layers.Add(name=f"{name}{i}")([x, y])
    return x


def crop_centre(x, name: str, **kwargs):
    """The centre square of half the side: (B, S, S, C) -> (B, S/2, S/2, C), S static."""
    return layers.Cropping2D(x.shape[1] // 4, "channels_last", name=name, **kwargs)(x)


def tanh(x, name: str = "tanh"):
    """The output activation of a generator, in float32 under any dtype policy."""
    return layers.Activation("tanh", dtype="float32", name=name)(x)


class Network(keras.Model):
    """A functional model that Keras saves as its constructor's arguments.

    The dtype policy is not saved. A loaded network gets the policy in force at that time.

    Args:
        inputs, outputs: Functional Keras tensors, as for `keras.Model`.
        config: The arguments from which the subclass's constructor rebuilds the network.
    """

    def __init__(self, inputs, outputs, config: dict, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self._config = config

    def get_config(self) -> dict:
        return {**self._config, "name": self.name, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        return cls(**config)
