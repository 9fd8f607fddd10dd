"""Networks so small that tests of everything around them are quick."""

import random

import keras
import numpy as np
from PIL import Image

from tfpaint.networks.encoder import DistilledEncoder, VGG19Encoder
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature

SCALES = (16, 32)


def networks():
    """Encoder, G1 and G2 for windows of `SCALES`, always with the same weights."""
    random.seed(0)  # Keras draws its weights from it
    image = keras.Input((None, None, 3))
    features = keras.layers.Conv2D(8, 4, 4, padding="same", activation="relu")(image)
    return (
        keras.Model(image, features),
        Image2Feature(size=SCALES[0], width=4),
        Feature2Image(channels=8, width=4, depth=2),
    )


def save_vgg19(file):
    """VGG19's first layers with random weights, as `VGG19Encoder.load_vgg19` reads them."""
    arrays = {}
    for layer in VGG19Encoder().layers:
        if layer.get_weights():
            kernel, bias = layer.get_weights()
            arrays |= {f"{layer.name}/kernel": kernel, f"{layer.name}/bias": bias}
    np.savez(file, **arrays)


def photo(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def mask_of(height, width, *boxes):
    """True in the boxes (top, left, bottom, right)."""
    mask = np.zeros((height, width), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def photo_folder(folder, count=5):
    """Some small photos to train on and `encoder.keras`, a tiny encoder."""
    rng = np.random.default_rng(3)
    for i in range(count):
        low = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        low.resize((64 + 8 * i, 56), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    random.seed(0)  # Keras draws its weights from it
    DistilledEncoder(width=8, depth=1, channels=16).save(folder / "encoder.keras")
    return folder


def train_command(folder, work, run="photo/image2feature", steps=4, *more):
    """The arguments of a quick `train run` on a `photo_folder`."""
    return [
        *("run", run, "--photos", str(folder), "--val", str(folder), "--work", str(work)),
        *("--encoder", str(folder / "encoder.keras"), "--width", "2", "--batch", "2"),
        *("--size", "32"),
        *("--epoch", "1", "--verbose", "2", "--steps", str(steps), *more),
    ]
