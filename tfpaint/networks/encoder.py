"""Encoders from images to features: VGG19's first layers, and a network distilled from them."""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from tfpaint.errors import InputError
from tfpaint.networks.blocks import Conv2D

# The VGG19 layers that can serve as the feature space: (stride of the feature map, channels).
VGG_LAYERS = {"relu2_1": (2, 128), "relu3_1": (4, 256), "relu4_1": (8, 512)}
_VGG_BLOCKS = ((1, (64, 64)), (2, (128, 128)), (3, (256, 256, 256, 256)), (4, (512,)))
_VGG_MEAN_BGR = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable(package="tfpaint")
class CaffePreprocessing(layers.Layer):
    """RGB in [-1, 1] to VGG's input, (B, H, W, 3): BGR in [0, 255], minus ImageNet's mean."""

    def call(self, image):
        mean = keras.ops.convert_to_tensor(_VGG_MEAN_BGR, dtype=self.compute_dtype)
        return (image[..., ::-1] + 1.0) * 127.5 - mean


@keras.saving.register_keras_serializable(package="tfpaint")
class VGG19Encoder(keras.Model):
    """VGG19 up to one of its ReLUs, frozen: the paper's feature space (section 3.3.1).

    Maps RGB images (B, H, W, 3), float in [-1, 1], to float32 features: (B, H/2, W/2, 128) for
    relu2_1, (B, H/4, W/4, 256) for relu3_1 and (B, H/8, W/8, 512) for relu4_1. H and W are
    multiples of the stride.

    Args:
        layer: "relu2_1", "relu3_1" (the paper's) or "relu4_1".

    Raises:
        InputError: There is no such layer.

    Examples:

    >>> encoder = VGG19Encoder()
    >>> encoder(keras.ops.zeros((1, 64, 64, 3))).shape
    TensorShape([1, 16, 16, 256])

    Reference: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2014.
    """

    def __init__(self, layer="relu3_1", **kwargs):
        if layer not in VGG_LAYERS:
            raise InputError(f"encoder layer {layer!r} must be one of {', '.join(VGG_LAYERS)}")
        inputs = keras.Input((None, None, 3), name="image")
        x = CaffePreprocessing(name="caffe_preprocessing")(inputs)
        last = f"block{layer[4]}_conv{layer[6]}"
        for block, widths in _VGG_BLOCKS:
            if block > 1:
                x = layers.MaxPooling2D(
                    2, data_format="channels_last", name=f"block{block - 1}_pool"
                )(x)
            for i, width in enumerate(widths, start=1):
                name = f"block{block}_conv{i}"
                x = Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
                if name == last:
                    break
            if name == last:
                break
        super().__init__(inputs, layers.Activation("linear", dtype="float32")(x), **kwargs)
        self.layer = layer
        self.trainable = False

    @property
    def stride(self):
        """The stride of the feature map in pixels."""
        return VGG_LAYERS[self.layer][0]

    def get_config(self):
        return {"layer": self.layer, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)

    def load_vgg19(self, source="imagenet"):
        """Loads VGG19's weights.

        Args:
            source: "imagenet" for the weights of Keras Applications, which Keras downloads once,
                or the path of an .npz file with `block1_conv1/kernel` (height, width, in, out),
                `block1_conv1/bias` and so on.

        Returns:
            This encoder.

        Raises:
            InputError: The file is missing, cannot be read or lacks a layer of this encoder, or the
                download failed.
        """
        convolutions = [layer for layer in self.layers if isinstance(layer, layers.Conv2D)]
        if source == "imagenet":
            try:
                vgg = keras.applications.VGG19(include_top=False, weights="imagenet")
            except Exception as error:  # Keras raises nothing more specific
                raise InputError(
                    "imagenet: VGG19 cannot be downloaded; name a file of its weights, or a "
                    f"trained encoder, instead ({error})"
                ) from error
            for convolution in convolutions:
                convolution.set_weights(vgg.get_layer(convolution.name).get_weights())
            return self
        try:
            with np.load(Path(source), allow_pickle=False) as file:
                for convolution in convolutions:
                    name = convolution.name
                    convolution.set_weights([file[f"{name}/kernel"], file[f"{name}/bias"]])
        except Exception as error:  # numpy and zipfile raise a dozen types on a damaged file
            raise InputError(f"{source}: not VGG19 weights up to {self.layer} ({error})") from error
        return self

    def normalise(self, images):
        """Scales the last layer so that the features of some images have a mean of 1.

        The ImageNet weights give far larger features than the VGG19 of Gatys et al. (2016), which
        was rescaled for style transfer. The loss weights in `train/configs/` are meant for features
        of that smaller scale.

        Args:
            images: float32 (B, H, W, 3), RGB in [-1, 1].

        Returns:
            This encoder.
        """
        mean = float(f"{float(keras.ops.mean(self(images))):.4g}")  # the same on every machine
        last = [layer for layer in self.layers if isinstance(layer, layers.Conv2D)][-1]
        last.set_weights([weights / mean for weights in last.get_weights()])
        return self


@keras.saving.register_keras_serializable(package="tfpaint")
class DistilledEncoder(keras.Model):
    """A small network trained to give VGG19's relu3_1 features (`python -m train distill`).

    Maps RGB images (B, H, W, 3), float in [-1, 1], to non-negative float32 features (B, H/4, W/4,
    256). H and W are multiples of 4. The preset "photo" uses it, so that no weights have to be
    downloaded. A Feature2Image network works only with the encoder that it was trained on.

    Args:
        width: Channels at stride 4; at stride 2 there are half as many.
        depth: Number of residual blocks, at stride 4. The receptive field is 14 pixels, and 8 more
            for each block; that of relu3_1 is 24.
        channels: Channels of the features.

    Examples:

    >>> encoder = DistilledEncoder()
    >>> encoder(keras.ops.zeros((1, 64, 64, 3))).shape
    TensorShape([1, 16, 16, 256])
    """

    stride = 4

    def __init__(self, width=96, depth=3, channels=256, **kwargs):
        inputs = keras.Input((None, None, 3), name="image")

        def convolve(x, filters, kernel, stride=1, activation="relu"):
            convolution = Conv2D(
                filters, kernel, strides=stride, padding="same", kernel_initializer="he_normal"
            )
            return layers.Activation(activation)(convolution(x))

        x = convolve(inputs, width // 2, 4, stride=2)  # (B, H/2, W/2, width/2)
        x = convolve(x, width // 2, 3)
        x = convolve(x, width, 4, stride=2)  # (B, H/4, W/4, width)
        for _ in range(depth):
            x = layers.Add()([x, convolve(x, width, 3)])
        x = convolve(x, channels, 1)
        super().__init__(inputs, layers.Activation("linear", dtype="float32")(x), **kwargs)
        self.width, self.block_count, self.channels = width, depth, channels

    def get_config(self):
        return {
            "width": self.width,
            "depth": self.block_count,
            "channels": self.channels,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
