"""Neural inpainting: the hole's pixels optimised until its VGG patches look like the photo's.

Yang et al., "High-Resolution Image Inpainting using Multi-Scale Neural Patch Synthesis", 2017; [35]
of the paper. From a coarse fill, at 128, 256 and 512 px in turn, Adam minimises

- content: the squared distance of the hole from what the scale begins with;
- texture: the squared distance of every 3x3 patch of features that touches the hole from its most
  similar patch of the known region, found anew in each iteration;
- the squared differences of neighbouring pixels.

The original takes relu3_1 and relu4_1 of VGG19, this one relu3_1 alone. L-BFGS, the original's
choice, gives up here: each new choice of patches is a step in the loss, and its line search fails.
"""

import time
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tfpaint.evaluation.cases import square
from tfpaint.maps.mask_cells import grow, hole_on_features
from tfpaint.patch_swap import match

SCALES = (128, 256, 512)
ITERATIONS = 200  # at each scale
RATE = 0.03  # of Adam, down to a hundredth of it along a cosine
WEIGHTS = {"content": 4.0, "texture": 1.0, "smoothness": 1.0}
MARGIN = 24  # pixels around the hole: patches reach 8 beyond it, and relu3_1 sees 12 more


@dataclass(frozen=True)
class Optimised:
    """A filled photo, uint8 (N, N, 3), and one (seconds, scale, texture, loss) an iteration."""

    image: np.ndarray
    history: list[tuple[float, int, float, float]]


class Objective:
    """What is minimised at one scale, as a function of the hole's pixels.

    Args:
        photo: float32 (S, S, 3) in [-1, 1], with the coarse fill in the hole.
        mask: bool (S, S), True = missing.
        encoder: images to features, a `tfpaint.networks.encoder.VGG19Encoder`.
    """

    def __init__(self, photo, mask, encoder):
        stride = encoder.stride
        self.places = np.argwhere(mask)
        self.photo, self.encoder = tf.constant(photo), encoder
        first = np.maximum(self.places.min(0) - MARGIN, 0) // stride * stride
        last = -(-np.minimum(self.places.max(0) + MARGIN, len(mask)) // stride) * stride
        self.crop = slice(first[0], last[0]), slice(first[1], last[1])
        cells = tuple(slice(one.start // stride, one.stop // stride) for one in self.crop)
        touched = grow(hole_on_features(tf.constant(mask[None, ..., None], tf.float32), stride))
        self.sources = tf.stop_gradient(encoder(self.photo[None]))  # (1, s, s, C)
        self.source_mask = 1.0 - touched
        self.query_mask = touched[:, *cells]
        self.initial = tf.gather_nd(self.photo, self.places)  # (n, 3)
        self.evaluate = tf.function(self._evaluate, autograph=False)

    def _evaluate(self, pixels):
        """(n, 3) -> the loss, its gradient (n, 3), and the texture's part."""
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            image = tf.tensor_scatter_nd_update(self.photo, self.places, pixels)[self.crop]
            features = self.encoder(image[None])
            parts = {
                "content": tf.reduce_mean(tf.math.squared_difference(pixels, self.initial)),
                "texture": self._texture(features),
                "smoothness": tf.reduce_mean(tf.square(image[1:] - image[:-1]))
                + tf.reduce_mean(tf.square(image[:, 1:] - image[:, :-1])),
            }
            loss = tf.add_n([WEIGHTS[name] * part for name, part in parts.items()])
        return loss, tape.gradient(loss, pixels), parts["texture"]

    def _texture(self, features):
        indices = match(features, self.sources, self.query_mask, self.source_mask)
        queries = tf.cast(tf.where(indices >= 0), tf.int32)  # (n, 3): item, y, x
        chosen = tf.gather_nd(indices, queries)
        around = tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])
        width = self.sources.shape[2]
        source_cells = tf.reshape(self.sources, [-1, self.sources.shape[3]])
        distances = []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                found = tf.gather(source_cells, chosen + dy * width + dx)
                here = tf.gather_nd(around, queries + (0, 1 + dy, 1 + dx))
                distances.append(tf.reduce_mean(tf.math.squared_difference(found, here)))
        return tf.add_n(distances) / 9.0

    def texture_of(self, photo) -> float:
        """The texture's part for another fill of the hole, float32 (S, S, 3) in [-1, 1]."""
        return float(self.evaluate(tf.Variable(tf.gather_nd(tf.constant(photo), self.places)))[2])


def inpaint(image, mask, coarse, encoder, scales=SCALES, iterations=ITERATIONS) -> Optimised:
    """Fills the hole of a square photo.

    Args:
        image: uint8 (N, N, 3).
        mask: bool (N, N), True = missing.
        coarse: uint8 (N, N, 3), the fill to begin with.
        encoder: a `tfpaint.networks.encoder.VGG19Encoder` of relu3_1.
        scales: sides; those above N are left out.
        iterations: at each scale.
    """
    began, history, filled = time.perf_counter(), [], coarse
    for side in [one for one in scales if one <= len(image)]:
        missing = square(255 * mask.astype(np.uint8), side) > 0
        photo = np.where(missing[..., None], _resized(filled, side), square(image, side))
        objective = Objective(photo.astype(np.float32) / 127.5 - 1.0, missing, encoder)
        pixels = tf.Variable(objective.initial)
        rate = keras.optimizers.schedules.CosineDecay(RATE, iterations, alpha=0.01)
        optimizer = keras.optimizers.Adam(rate)
        for _ in range(iterations):
            loss, gradient, texture = objective.evaluate(pixels)
            optimizer.apply([gradient], [pixels])
            pixels.assign(tf.clip_by_value(pixels, -1.0, 1.0))
            history.append((time.perf_counter() - began, side, float(texture), float(loss)))
        filled = photo.copy()
        filled[missing] = np.rint((pixels.numpy() + 1.0) * 127.5)
    large = _resized(filled, len(image))
    return Optimised(np.where(mask[..., None], large, image).astype(np.uint8), history)


def _resized(picture, side):
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
