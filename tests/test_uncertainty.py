"""A network that says how sure it is serves wherever one without that output does."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import litert, litert_runner
from tests import tiny
from tests.test_networks import centre_mask
from tests.test_presets import networks
from tests.tiny import photo_folder, train_command
from tfpaint.errors import InputError
from tfpaint.evaluation.cases import Case
from tfpaint.evaluation.evaluate import evaluate
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature, split, without_uncertainty
from tfpaint.presets import save_preset
from tfpaint.saved_model import static_window
from tfpaint.training.image2feature_gan import Image2FeatureGAN, compose, compose_enlarged
from train.__main__ import main
from train.configs import photo as photo_config

SIZE = 16
OPTIONS = {"width": 4, "skips": "centre", "start": "membrane"}


def pair():
    """A network with the second output, and one of the same weights without."""
    sure, plain = Image2Feature(SIZE, uncertainty=True, **OPTIONS), Image2Feature(SIZE, **OPTIONS)
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, 0.3, one.shape) for one in sure.get_weights()]
    for one, value in zip(sure.weights, weights, strict=True):
        if one.path.endswith("variance"):
            value[:] = 1
    sure.set_weights(weights)
    fitting = zip(weights, plain.weights, strict=True)
    plain.set_weights([value[..., : one.shape[-1]] for value, one in fitting])
    return sure, plain


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    keras.utils.set_random_seed(0)
    rest = networks()
    for name, network in zip(("sure", "plain"), pair(), strict=True):
        save_preset(folder / name, **{**rest, "image2feature": network}, scales=(16, 32))
    return [Inpainter.from_preset(folder / name) for name in ("sure", "plain")]


def test_it_saves_both_outputs(tmp_path):
    sure, plain = pair()
    image = np.random.default_rng(1).uniform(-1, 1, (2, SIZE, SIZE, 3)).astype("float32")
    inputs = [image, centre_mask(2, SIZE)]
    centre, error = split(sure(inputs))
    assert centre.shape == (2, 8, 8, 3) and error.shape == (2, 8, 8, 1)
    assert 0.002 < error.numpy().min() < error.numpy().max() <= 1
    np.testing.assert_allclose(plain(inputs), centre, atol=1e-5)
    sure.save(tmp_path / "sure.keras")
    loaded = keras.saving.load_model(tmp_path / "sure.keras")
    for ours, theirs in zip(loaded(inputs), (centre, error), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_files_from_before_have_neither(root):
    old = keras.saving.load_model(root / "tests" / "data" / "before_rooms" / "image2feature.keras")
    config = old.get_config()
    assert (config["residuals"], config["uncertainty"]) == (0, False) and len(old.outputs) == 1


def test_half_precision_still_says_it_in_float32():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = Image2Feature(SIZE, uncertainty=True, residuals=1, **OPTIONS)
    assert {one.dtype for one in network.outputs} == {"float32"}


@pytest.mark.parametrize(
    "options",
    [
        {"residuals": -1},
        {"residuals": 1.5},
        {"residuals": 2, "generator": "resnet9"},
        {"uncertainty": "yes"},
    ],
)
def test_wrong_values_are_named(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Image2Feature(SIZE, **options)


def test_training_of_feature2image_starts_from_the_same_picture():
    sure, plain = pair()
    image = np.random.default_rng(1).uniform(-1, 1, (1, 32, 32, 3)).astype("float32")
    mask = centre_mask(1, 32)
    found = [compose_enlarged(one, image * (1 - mask), mask) for one in (sure, plain)]
    np.testing.assert_allclose(*found, atol=1e-5)
    found = [compose(one, image[:, ::2, ::2], mask[:, ::2, ::2])[0] for one in (sure, plain)]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_a_preset_fills_the_same(presets):
    photo, mask = tiny.photo(48, 40), tiny.mask_of(48, 40, (14, 12, 26, 24))
    assert presets[0].filler.image2feature.get_config()["uncertainty"]
    sure, plain = (np.int16(one(photo, mask)) for one in presets)
    assert np.abs(sure - plain).max() <= 1 and (sure != photo)[mask].any()


def test_the_measure_g1(presets):
    case = Case("one", tiny.photo(32, 32), tiny.mask_of(32, 32, (10, 10, 22, 22)))
    reports = [evaluate([case], ["g1"], one)["methods"]["g1"] for one in presets]
    errors = [report["l1"] for report in reports]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)


def test_what_is_exported_for_phones_and_browsers(presets, tmp_path):
    image, mask = tiny.photo(16, 16), tiny.mask_of(16, 16, (5, 5, 11, 11))
    inputs = tf.constant(image[None], tf.float32), tf.constant(mask[None, ..., None], tf.float32)
    plain = static_window.function(presets[1].filler, 16)(*inputs)["image"][0]
    litert.write(presets[0], tmp_path / "sure.tflite", 16)
    ((sure, _),) = litert_runner.run(tmp_path / "sure.tflite", [(image, mask)])
    assert np.abs(sure - plain).max() <= 1.5


def test_the_trainer_on_tensorflow_refuses_it(tmp_path, monkeypatch, capsys):
    with pytest.raises(InputError, match="uncertainty=True.*train.coarse"):
        Image2FeatureGAN(pair()[0], keras.Sequential(), adversarial_weight=0.0)
    one = photo_config.RUNS["image2feature"]
    changed = replace(one, network={**one.network, "uncertainty": True})
    monkeypatch.setitem(photo_config.RUNS, "image2feature", changed)
    photo_folder(tmp_path)
    assert main(train_command(tmp_path, tmp_path / "work")) == 2
    assert "uncertainty=True" in capsys.readouterr().err


def test_without_the_second_output_its_fills_are_the_same():
    sure, plain = pair()
    found, mask = without_uncertainty(sure), tf.constant(centre_mask(2, SIZE))
    image = tf.random.stateless_uniform([2, SIZE, SIZE, 3], [0, 0], -1.0)
    np.testing.assert_array_equal(found([image, mask]), split(sure([image, mask]))[0])
    assert without_uncertainty(plain) is plain


def test_a_run_without_it_goes_on_from_the_bundled_preset(tmp_path):
    for file in photo_folder(tmp_path).glob("*.png"):
        Image.open(file).resize((150, 144)).save(file)
    of_preset = ["--encoder", "photo", "--init-from", "photo", "--size", "128", "--width", "24"]
    command = train_command(tmp_path, tmp_path / "work", "photo/image2feature", 1, *of_preset)
    assert main(command) == 0
