"""Image -> relu3_1 features: VGG19's first layers (the paper) or our own distilled network."""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from tfpaint.errors import InputError

# (stride of the feature map, channels) of each VGG19 layer that can serve as the feature space.
VGG_LAYERS = {"relu2_1": (2, 128), "relu3_1": (4, 256), "relu4_1": (8, 512)}
_VGG_BLOCKS = ((1, (64, 64)), (2, (128, 128)), (3, (256, 256, 256, 256)), (4, (512,)))
_VGG_MEAN_BGR = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable(package="tfpaint")
class CaffePreprocessing(layers.Layer):
    """RGB in [-1, 1] -> VGG's input: BGR in 0-255 minus ImageNet's mean."""

    def call(self, image):
        mean = keras.ops.convert_to_tensor(_VGG_MEAN_BGR, dtype=self.compute_dtype)
        return (image[..., ::-1] + 1.0) * 127.5 - mean


@keras.saving.register_keras_serializable(package="tfpaint")
class VGG19Encoder(keras.Model):
    """VGG19 up to one of its ReLUs, frozen: the feature space of the paper (section 3.3.1).

    Maps images (B, H, W, 3), RGB float in [-1, 1], to features (B, H/4, W/4, 256) for relu3_1
    (H/2, 128 channels for relu2_1; H/8, 512 channels for relu4_1). H and W are multiples of
    the stride.

    Args:
        layer: "relu2_1", "relu3_1" (the paper's) or "relu4_1".

    Example:

    >>> encoder = VGG19Encoder()
    >>> encoder(keras.ops.zeros((1, 64, 64, 3))).shape
    TensorShape([1, 16, 16, 256])

    Reference: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2014.
    """

    def __init__(self, layer="relu3_1", **kwargs):
        if layer not in VGG_LAYERS:
            raise InputError(f"encoder layer {layer!r} is none of {', '.join(VGG_LAYERS)}")
        inputs = keras.Input((None, None, 3), name="image")
        x = CaffePreprocessing(name="caffe_preprocessing")(inputs)
        last = f"block{layer[4]}_conv{layer[6]}"
        for block, widths in _VGG_BLOCKS:
            if block > 1:
                x = layers.MaxPooling2D(2, name=f"block{block - 1}_pool")(x)
            for i, width in enumerate(widths, start=1):
                name = f"block{block}_conv{i}"
                x = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
                if name == last:
                    break
            if name == last:
                break
        super().__init__(inputs, layers.Activation("linear", dtype="float32")(x), **kwargs)
        self.layer = layer
        self.trainable = False

    @property
    def stride(self):
        """Pixels per cell of the feature map."""
        return VGG_LAYERS[self.layer][0]

    def get_config(self):
        return {"layer": self.layer, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)

    def load_vgg19(self, source="imagenet"):
        """Loads VGG19's weights.

        Args:
            source: "imagenet" for those of Keras Applications (downloaded once by Keras), or the
                path of an .npz file with `block1_conv1/kernel` (HWIO), `block1_conv1/bias`, ...

        Returns:
            This encoder.

        Raises:
            InputError: the file is missing, unreadable or lacks a layer of this encoder; or the
                download failed.
        """
        convolutions = [layer for layer in self.layers if isinstance(layer, layers.Conv2D)]
        if source == "imagenet":
            try:
                vgg = keras.applications.VGG19(include_top=False, weights="imagenet")
            except Exception as error:  # Keras raises no narrower one
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
        """Scales the last layer so that its features have a mean of 1 on these images.

        ImageNet's weights give far larger features than those rescaled for style transfer (Gatys
        et al. 2016), to which the weights of losses in `train/configs/photo.py` belong.

        Args:
            images: float32 (B, H, W, 3), RGB in [-1, 1].

        Returns:
            This encoder.
        """
        mean = keras.ops.mean(self(images))
        last = [layer for layer in self.layers if isinstance(layer, layers.Conv2D)][-1]
        last.set_weights([weights / mean for weights in last.get_weights()])
        return self


@keras.saving.register_keras_serializable(package="tfpaint")
class DistilledEncoder(keras.Model):
    """A small network trained to give VGG19's relu3_1 features (`python -m train distill`).

    Maps images (B, H, W, 3), RGB float in [-1, 1], to features (B, H/4, W/4, 256), non-negative.
    H and W are multiples of 4. It is what the bundled preset uses, so that nothing has to be
    downloaded; a Feature2Image network belongs to the encoder that it was trained on.

    Args:
        width: channels at stride 4; half of them at stride 2.
        depth: residual blocks at stride 4. The first stages see 10 pixels, each block 8 more;
            relu3_1 sees 24.
        channels: channels of the features.

    Example:

    >>> encoder = DistilledEncoder()
    >>> encoder(keras.ops.zeros((1, 64, 64, 3))).shape
    TensorShape([1, 16, 16, 256])
    """

    stride = 4

    def __init__(self, width=96, depth=3, channels=256, **kwargs):
        inputs = keras.Input((None, None, 3), name="image")

        def convolve(x, filters, kernel, stride=1, activation="relu"):
            convolution = layers.Conv2D(
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
