"""EfficientNet-Lite0 without its classifier: the features behind a perceptual distance.

No loss in this project uses this network, so it favours none of the methods that it judges. Its
ImageNet weights were trained by Google (Apache 2.0). `python -m benchmarks.efficientnet_weights`
converts them once to an .npz file, which is all that this module reads.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from tfpaint.errors import InputError
from tfpaint.user_cache import user_cache

# Kernel size, stride of the first block, expansion, channels, number of blocks.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def default_weights() -> Path:
    """The file of the converted weights: `efficientnet_lite0.npz` in `user_cache`.

    It need not exist.
    """
    return user_cache() / "efficientnet_lite0.npz"


class EfficientNetLite0(keras.Model):
    """EfficientNet-Lite0's feature maps at strides 2, 4, 8, 16 and 32, frozen.

    Maps images (B, H, W, 3), RGB float in [-1, 1], to a list of five float32 maps with 16, 24, 40,
    112 and 320 channels. A map has ceil(H / stride) rows and ceil(W / stride) columns. Each is the
    output of the last block at its stride. It is linear, not rectified, so values may be negative.

    The weights are random until `load` is called.

    Reference: Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    2019. The Lite variant has no squeeze-and-excitation, and ReLU6 in place of swish.
    """

    def __init__(self, **kwargs):
        image = keras.Input((None, None, 3), name="image")
        # The weights were trained on (pixel - 127) / 128, with pixels from 0 to 255.
        x = layers.Rescaling(127.5 / 128, 0.5 / 128, name="rescaling")(image)
        x = _convolution(x, "_conv_stem", "_bn0", layers.Conv2D(32, 3, 2, **_PLAIN))
        outputs: list = []
        number = 0
        for kernel, stride, expansion, channels, count in _STAGES:
            if stride == 2:
                outputs.append(x)
            for first in (True, *[False] * (count - 1)):
                step = stride if first else 1
                x = _block(x, f"_blocks.{number}", kernel, step, expansion, channels)
                number += 1
        super().__init__(image, [*outputs, x], **kwargs)
        self.trainable = False

    def load(self, weights: str | Path | None = None) -> "EfficientNetLite0":
        """Loads the weights.

        Args:
            weights: An .npz file of float32 arrays with the names and layouts of the PyTorch
                checkpoint, such as `_conv_stem.weight` (out, in, y, x). None means
                `default_weights()`. Pickled objects in it are refused.

        Returns:
            This network. After an error its weights are as before.

        Raises:
            InputError: The file is missing or unreadable, or an array is missing or of another
                shape.
        """
        file = default_weights() if weights is None else Path(weights)
        try:
            with np.load(file, allow_pickle=False) as arrays:
                values = [
                    _to_keras(arrays[f"{layer.name.replace('-', '.')}.{part}"])
                    for layer in self.layers
                    if layer.weights
                    for part in _parts(layer)
                ]
            for variable, value in zip(self.weights, values, strict=True):
                if value.dtype != np.float32 or value.shape != variable.shape:
                    raise ValueError(f"{value.dtype} {value.shape} for {variable.path}")
        except FileNotFoundError as error:
            out = "" if weights is None else f" --out {file}"
            raise InputError(
                f"{file}: EfficientNet-Lite0's weights are missing; make this file, once, in a "
                f"checkout of tfpaint: python -m benchmarks.efficientnet_weights{out}"
            ) from error
        except Exception as error:  # numpy and zipfile raise a dozen types on a damaged file
            raise InputError(f"{file}: not EfficientNet-Lite0's weights ({error})") from error
        self.set_weights(values)
        return self


_PLAIN: dict[str, Any] = {"padding": "same", "use_bias": False, "data_format": "channels_last"}


def _block(x, name, kernel, stride, expansion, channels):
    """An inverted residual block: expand (1x1), depthwise convolution, project (1x1)."""
    before, wide = x, x.shape[-1] * expansion
    if expansion > 1:
        x = _convolution(
            x, f"{name}._expand_conv", f"{name}._bn0", layers.Conv2D(wide, 1, **_PLAIN)
        )
    depthwise = layers.DepthwiseConv2D(kernel, stride, **_PLAIN)
    x = _convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", depthwise)
    project = layers.Conv2D(channels, 1, **_PLAIN)
    x = _convolution(x, f"{name}._project_conv", f"{name}._bn2", project, linear=True)
    return layers.Add()([before, x]) if x.shape[1:] == before.shape[1:] and stride == 1 else x


def _convolution(x, name, norm, layer, linear=False):
    """A convolution, batch normalisation and, unless `linear`, ReLU6."""
    layer.name = name.replace(".", "-")  # Keras allows no dots in the names of layers
    x = layer(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=norm.replace(".", "-"))(x)
    return x if linear else layers.ReLU(6.0)(x)


def _parts(layer):
    """The checkpoint's names for a layer's weights, in the order of `layer.weights`."""
    if isinstance(layer, layers.BatchNormalization):
        return "weight", "bias", "running_mean", "running_var"
    return ("weight",)


def _to_keras(array):
    """Transposes a PyTorch kernel to Keras's layout; vectors stay as they are.

    A kernel (out, in, y, x) becomes (y, x, in, out), and a depthwise one, (channel, 1, y, x),
    becomes (y, x, channel, 1).
    """
    if array.ndim != 4:
        return array
    return array.transpose(2, 3, 0, 1) if array.shape[1] == 1 else array.transpose(2, 3, 1, 0)
