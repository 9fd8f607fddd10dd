"""The methods that the paper compares with learn, fill the hole and leave the rest alone."""

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from benchmarks.baselines import __main__ as trainer
from benchmarks.baselines import context_encoder, local_global, neural
from tfpaint.errors import InputError
from tfpaint.evaluation.classical import harmonic
from tfpaint.networks.encoder import VGG19Encoder
from train.config import load_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("chelsea", "coffee"):
        Image.fromarray(getattr(data, name)()).resize((90, 64)).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize(
    ("method", "module"), [("context-encoder", context_encoder), ("local-global", local_global)]
)
def test_a_baseline_trains_and_fills(method, module, folder, tmp_path):
    arguments = f"{method} --steps 3 --epoch 1 --size 32 --batch 2 --width 4".split()
    folders = ["--photos", str(folder), "--val", str(folder), "--work", str(tmp_path)]
    trainer.main([*arguments, *folders])
    network = load_network(tmp_path / method / "network.keras")
    fill = module.fill(network)
    photo = np.asarray(Image.fromarray(data.chelsea()).resize((64, 64)))
    mask = np.zeros((64, 64), bool)
    mask[18:46, 18:46] = True
    one, other = fill(photo, mask), fill(np.where(mask[..., None], 0, photo), mask)
    np.testing.assert_array_equal(one, other)  # it does not peek
    np.testing.assert_array_equal(one[~mask], photo[~mask])
    assert one.dtype == np.uint8 and one[mask].std() > 0
    mask[0] = True
    with pytest.raises(InputError, match="centre half"):
        fill(photo, mask)


def test_the_error_of_a_baseline_falls(folder):
    keras.utils.set_random_seed(0)
    network = local_global.LocalGlobal(32, width=8)
    gan = local_global.LocalGlobalGAN(network)
    gan.compile(keras.optimizers.Adam(3e-3))
    photo = np.asarray(Image.open(folder / "coffee.png"))[None, 10:42, 20:52]
    hole = np.zeros((1, 32, 32, 1), bool)
    hole[:, 10:22, 10:22] = True
    losses = []
    for _ in range(30):
        gan.reset_metrics()
        losses.append(float(gan.train_step((photo, hole))["loss"]))
    assert losses[-1] < 0.5 * losses[0]


def test_neural_inpainting_lowers_its_loss():
    photo = np.asarray(Image.fromarray(data.chelsea()[60:240, 120:300]).resize((64, 64)))
    mask = np.zeros((64, 64), bool)
    mask[20:44, 20:44] = True
    coarse = harmonic(photo, mask)
    keras.utils.set_random_seed(0)
    found = neural.inpaint(photo, mask, coarse, VGG19Encoder(), scales=(32, 64, 128), iterations=8)
    assert [row[1] for row in found.history] == [32] * 8 + [64] * 8
    assert found.history[-1][3] < found.history[8][3]
    np.testing.assert_array_equal(found.image[~mask], photo[~mask])
    assert np.abs(found.image[mask].astype(int) - coarse[mask]).mean() > 0.5


def test_texture_loss_is_zero_for_copies():
    """A photo of repeated tiles: every patch of the hole has its copy outside."""
    tile = np.random.default_rng(0).uniform(-1, 1, (16, 16, 3)).astype(np.float32)
    photo = np.tile(tile, (8, 8, 1))
    mask = np.zeros((128, 128), bool)
    mask[56:72, 56:72] = True
    objective = neural.Objective(photo, mask, VGG19Encoder())
    noise = np.random.default_rng(1).uniform(-1, 1, photo.shape).astype(np.float32)
    other = np.where(mask[..., None], noise, photo)
    assert objective.texture_of(photo) < 1e-3 * objective.texture_of(other)
