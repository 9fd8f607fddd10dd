"""Perceptual distance: how far apart two pictures are to VGG19, around a hole."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfpaint.encoder import VGG19Encoder

LAYERS = ("block1_conv2", "block2_conv1", "block3_conv1")  # relu1_2, relu2_1, relu3_1
DILATION = 8  # pixels around the hole that are looked at too


class PerceptualDistance:
    """The distance of unit-normalised VGG19 features, a mean over relu1_2, relu2_1 and relu3_1.

    At every place of a layer's map the two feature vectors are divided by their lengths, and the
    squared length of the difference is taken (0 to 4; after a ReLU, 0 to 2). The distance is its
    mean over the places that the hole, dilated by 8 pixels, touches, and then over the layers.

    Args:
        weights: as for `VGG19Encoder.load_vgg19`: "imagenet", or an .npz file.

    Raises:
        InputError: the file is not VGG19's weights.

    Reference: after Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", 2018, with equal weights for all channels.
    """

    def __init__(self, weights: str | Path = "imagenet"):
        vgg = VGG19Encoder("relu3_1").load_vgg19(weights)
        outputs = [vgg.get_layer(name).output for name in LAYERS]
        self._features = tf.function(keras.Model(vgg.input, outputs), reduce_retracing=True)

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
        distances = []
        for result in results:
            found = self._unit_features(result)
            layers = []
            for one, other in zip(found, expected, strict=True):
                stride = truth.shape[0] // one.shape[1]
                weight = tf.nn.max_pool2d(spread, stride, stride, "VALID")
                weight = weight[:, : one.shape[1], : one.shape[2]]
                squared = tf.reduce_sum(tf.math.squared_difference(one, other), -1, True)
                layers.append(tf.reduce_sum(squared * weight) / tf.reduce_sum(weight))
            distances.append(float(sum(layers)) / len(layers))
        return distances

    def _unit_features(self, picture):
        image = tf.cast(picture[None], tf.float32) / 127.5 - 1.0
        return [tf.math.l2_normalize(f, -1, epsilon=1e-10) for f in self._features(image)]
