"""Files that version 0.1 wrote, before the library had rooms, load and give what they gave."""

import keras
import numpy as np
import pytest

import tfpaint

NETWORKS = (
    *("distilled_encoder", "image2feature", "feature2image", "patch_swap"),
    *("image_pair_discriminator", "image_feature_discriminator", "feature_discriminator"),
)


@pytest.fixture(scope="module")
def outputs(root):
    with np.load(root / "tests" / "data" / "before_rooms" / "outputs.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(root, outputs, name):
    for public in tfpaint.__all__:
        getattr(tfpaint, public)  # Keras knows a class once its module is imported
    network = keras.saving.load_model(root / "tests" / "data" / "before_rooms" / f"{name}.keras")
    inputs = [outputs[key] for key in sorted(outputs) if key.startswith(f"{name}/input")]
    found = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    np.testing.assert_allclose(found, outputs[f"{name}/output"], atol=1e-5)
    assert np.abs(found).max() > 0.01
