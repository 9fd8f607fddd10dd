"""The convolution blocks that the four networks share.

A block is a convolution, a leaky ReLU and a batch normalisation, in that order (section 3.3.1).
Every function takes and gives a functional Keras tensor `(B, H, W, C)`; layers are named, so that
a network's weights keep their paths from one process to the next.
"""

import keras
import tensorflow as tf
from keras import layers

from tfpaint.errors import InputError


def channels_at(stride: int, width: int) -> int:
    """Channels of a map of the given stride: `width` at 2, doubling up to `8 * width` at 16."""
    return width * min(max(stride // 2, 1), 8)


def power_of_two(value: int, option: str, least: int) -> int:
    """The exponent of `value`, which has to be a power of two and at least `least`."""
    exponent = int(value).bit_length() - 1
    if value != 2**exponent or value < least:
        raise InputError(f"{option}={value} must be a power of two, at least {least}.")
    return exponent


def one_of(value: object, option: str, choices: tuple) -> None:
    """Refuse an option outside its choices."""
    if value not in choices:
        raise InputError(f"{option}={value!r} must be one of {', '.join(map(repr, choices))}.")


@keras.saving.register_keras_serializable(package="tfpaint")
class BatchNormalization(layers.BatchNormalization):
    """Batch normalisation of maps (B, H, W, C) by TensorFlow's fused operation while training.

    The numbers and weights of `keras.layers.BatchNormalization`, four to five times as fast on a
    CPU forwards and backwards: Keras takes moments and scales in separate passes. Under a
    `tf.distribute` strategy of several replicas it is Keras' own, with synchronised moments.
    """

    def call(self, inputs, training=None, mask=None):
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            self.synchronized = True  # moments of the whole batch, as a single worker has
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
        variance *= (count - 1.0) / count  # the operation gives the unbiased one
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
        return outputs


def activate(x, name: str, norm: bool = True):
    """Leaky ReLU, then batch normalisation."""
    x = layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)
    if norm:
        x = BatchNormalization(name=f"{name}_norm")(x)
    return x


def conv_block(
    x, filters: int, name: str, kernel_size: int = 4, strides: int = 2, norm: bool = True
):
    """The paper's convolution block; by default 4x4 with stride 2."""
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", name=f"{name}_conv")(x)
    return activate(x, name, norm)


@keras.saving.register_keras_serializable(package="tfpaint")
class ResizeConv2D(layers.Layer):
    """Repeats every pixel 2x2 and convolves 3x3: (B, H, W, C) -> (B, 2H, 2W, filters).

    Both are linear, so they are run as one transposed convolution whose 4x4 kernel is the sum of
    the 3x3 kernel shifted to the four repeated pixels: the same numbers and weights from 16/36 of
    the products, and no map of C channels at the doubled size (2-3 times faster on a CPU).

    Args:
        filters: channels of the output.
        kernel_initializer: as for `keras.layers.Conv2D`, of the 3x3 kernel.
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
        # Transposed convolution flips the kernel and wants (h, w, out, in). One side after the
        # other: TFLite's converter folds no step that more than doubles a constant.
        kernel = tf.transpose(tf.reverse(self.kernel, [0, 1]), (0, 1, 3, 2))
        rest = [[0, 0], [0, 0]]
        kernel = tf.pad(kernel, [[0, 1], [0, 0], *rest]) + tf.pad(kernel, [[1, 0], [0, 0], *rest])
        kernel = tf.pad(kernel, [[0, 0], [0, 1], *rest]) + tf.pad(kernel, [[0, 0], [1, 0], *rest])
        batch, height, width, _ = (
            static or dynamic
            for static, dynamic in zip(inputs.shape, tf.unstack(tf.shape(inputs)), strict=True)
        )
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
    """Doubles height and width, without activation.

    "resize" is nearest-neighbour resizing and a 3x3 convolution, which leaves no checkerboard
    (section 4.3); "deconv" is a 4x4 transposed convolution.
    """
    if upsample == "resize":
        return ResizeConv2D(filters, name=f"{name}_conv", **kwargs)(x)
    return layers.Conv2DTranspose(filters, 4, 2, padding="same", name=f"{name}_deconv", **kwargs)(x)


def up_block(x, filters: int, name: str, upsample: str = "resize"):
    """The paper's deconvolution block."""
    return activate(upsample_conv(x, filters, name, upsample), name)


def residual_blocks(x, count: int, name: str):
    """`count` residual blocks of two 3x3 convolutions each (the ResNet ablation of section 4.3)."""
    filters = x.shape[-1]
    for i in range(1, count + 1):
        y = conv_block(x, filters, f"{name}{i}_a", kernel_size=3, strides=1)
        y = layers.Conv2D(filters, 3, padding="same", name=f"{name}{i}_b_conv")(y)
        y = BatchNormalization(name=f"{name}{i}_b_norm")(y)
        x = layers.Add(name=f"{name}{i}")([x, y])
    return x


def crop_centre(x, name: str, **kwargs):
    """The centre half of a square map of known size: (B, S, S, C) -> (B, S/2, S/2, C)."""
    return layers.Cropping2D(x.shape[1] // 4, name=name, **kwargs)(x)


def tanh(x, name: str = "tanh"):
    """The last activation of a generator: float32 whatever the precision policy."""
    return layers.Activation("tanh", dtype="float32", name=name)(x)


class Network(keras.Model):
    """A functional model that is rebuilt from the arguments in its `config`.

    Precision is not part of it: a network loads under whichever policy is in force.
    """

    def __init__(self, inputs, outputs, config: dict, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self._config = config

    def get_config(self) -> dict:
        return {**self._config, "name": self.name, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        return cls(**config)
