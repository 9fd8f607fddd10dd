"""Perceptual distance: how far apart two pictures' deep features are, in and around a hole."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfpaint.evaluation.efficientnet import EfficientNetLite0
from tfpaint.networks.encoder import VGG19Encoder

LAYERS = ("block1_conv2", "block2_conv1", "block3_conv1")  # relu1_2, relu2_1, relu3_1
DILATION = 8  # pixels around the hole that count too: the features see across its edge


class PerceptualDistance:
    """The mean squared distance between unit-normalised features, over some layers of a network.

    At each cell of a feature map, both feature vectors are scaled to length 1. The squared length
    of their difference is from 0 to 4, and from 0 to 2 after a ReLU. It is averaged over the cells
    that the hole, dilated by 8 pixels, touches. The distance is the mean over the layers; 0 means
    equal features.

    Args:
        network: Maps an image (1, H, W, 3), RGB float32 in [-1, 1], to a list of feature maps.
        strides: The stride of each feature map, in pixels.

    Reference: after LPIPS, but with equal weights for all channels. Zhang et al., "The
    Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018.
    """

    def __init__(self, network: keras.Model, strides: Sequence[int]):
        self._strides = tuple(strides)
        self._features = tf.function(network, reduce_retracing=True)

    @classmethod
    def vgg19(cls, weights: str | Path = "imagenet") -> "PerceptualDistance":
        """The distance by VGG19's relu1_2, relu2_1 and relu3_1.

        Args:
            weights: As for `VGG19Encoder.load_vgg19`: "imagenet", or an .npz file.

        Raises:
            InputError: The file does not hold VGG19's weights, or the download failed.
        """
        vgg = VGG19Encoder("relu3_1").load_vgg19(weights)
        outputs = [vgg.get_layer(name).output for name in LAYERS]
        return cls(keras.Model(vgg.input, outputs), (1, 2, 4))

    @classmethod
    def efficientnet(cls, weights: str | Path | None = None) -> "PerceptualDistance":
        """The distance by EfficientNet-Lite0's maps at strides 2, 4, 8, 16 and 32.

        No loss in this project uses that network.

        Args:
            weights: As for `EfficientNetLite0.load`: an .npz file, or None for the one in the
                user's cache.

        Raises:
            InputError: The file is missing, or does not hold EfficientNet-Lite0's weights.
        """
        return cls(EfficientNetLite0().load(weights), (2, 4, 8, 16, 32))

    def __call__(
        self, results: Sequence[np.ndarray], truth: np.ndarray, mask: np.ndarray
    ) -> list[float]:
        """Measures several results against one truth.

        Args:
            results: Filled pictures, each uint8 (H, W, 3) RGB.
            truth: The original photo, uint8 (H, W, 3) RGB.
            mask: bool (H, W), True = missing. At least one pixel is missing.

        Returns:
            The distance of each result.
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
    """The cells of a feature map that the mask touches: float32 (1, h, w, 1), 1 = touched.

    The last row and column of cells may reach beyond the picture.

    Args:
        spread: The dilated mask, float32 (1, H, W, 1), 1 = missing.
        stride: Side of a cell, in pixels.
        shape: Shape of the feature map, (1, h, w, C).
    """
    padded = tf.pad(spread, [[0, 0], [0, stride - 1], [0, stride - 1], [0, 0]])
    return tf.nn.max_pool2d(padded, stride, stride, "VALID")[:, : shape[1], : shape[2]]
