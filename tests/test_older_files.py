"""What version 0.1 wrote, before the library had rooms: its networks load and give its numbers.

The pictures are bit-identical where the machine computes alike. Another one may round differently,
and choose another patch here and there.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage import data

import tfpaint
from export import litert, litert_runner
from tfpaint import saved_model
from tfpaint.filling.options import PAPER, Options
from tfpaint.inpainter import Inpainter

NETWORKS = (
    *("distilled_encoder", "image2feature", "feature2image", "patch_swap"),
    *("image_pair_discriminator", "image_feature_discriminator", "feature_discriminator"),
)
OPTIONS = Options(key_blur=1.0, coherence=0.1, overlap=0.5, trust=0.3, tone_blur=1.0)


@pytest.fixture(scope="module")
def folder(root):
    for public in tfpaint.__all__:
        getattr(tfpaint, public)  # Keras knows a class once its module is imported
    return root / "tests" / "data" / "before_rooms"


@pytest.fixture(scope="module")
def pictures(folder):
    with np.load(folder / "pictures.npz") as file:
        return dict(file)


def load(folder, name):
    return keras.saving.load_model(folder / f"{name}.keras")


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(folder, name):
    with np.load(folder / "outputs.npz") as file:
        inputs = [file[key] for key in sorted(file.files) if key.startswith(f"{name}/input")]
        wanted = file[f"{name}/output"]
    found = load(folder, name)(inputs if len(inputs) > 1 else inputs[0], training=False)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found).max() > 0.01


def tiny(folder, options):
    networks = (load(folder, name) for name in NETWORKS[:3])
    return Inpainter(*networks, scales=(16, 32), options=options)


def case():
    mask = np.zeros((80, 80), bool)
    mask[20:32, 22:34] = mask[50:64, 5:15] = mask[70:, 70:] = True
    photo = Image.fromarray(data.astronaut())
    return np.asarray(photo.resize((80, 80), Image.Resampling.BOX)), mask


def assert_same(found, wanted, mask):
    found = np.asarray(found, np.float32)
    np.testing.assert_array_equal(found[~mask], wanted[~mask])
    assert (np.abs(found - wanted)[mask] <= 1).mean() > 0.98


@pytest.mark.parametrize(("name", "options"), [("inpainter", OPTIONS), ("paper", PAPER)])
def test_inpainter(folder, pictures, name, options):
    image, mask = case()
    assert_same(tiny(folder, options)(image, mask), pictures[name], mask)


def test_saved_model(folder, pictures, tmp_path):
    image, mask = case()
    version = saved_model.save(tiny(folder, OPTIONS), tmp_path)
    serve = tf.saved_model.load(version).signatures["serving_default"]
    inputs = {"image": image[None], "mask": mask[None, ..., None] * np.uint8(255)}
    found = serve(**{name: tf.constant(value) for name, value in inputs.items()})["image"][0]
    assert_same(found, pictures["saved_model"], mask)


def test_litert(folder, pictures, tmp_path):
    window = np.s_[14:46, 14:46]
    image, mask = (array[window] for array in case())
    litert.write(tiny(folder, OPTIONS), tmp_path / "tiny.tflite", 32)
    ((found, _),) = litert_runner.run(tmp_path / "tiny.tflite", [(image, mask)])
    assert_same(found, pictures["litert"], mask)
