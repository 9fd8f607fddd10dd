"""What a run of `train.coarse` begins with."""

import keras
import numpy as np
import pytest

from tfpaint.errors import InputError
from tfpaint.networks.image2feature import Image2Feature, split
from tfpaint.presets import load_preset
from train.coarse.beginning import begin_with

SHAPE = {"size": 32, "skips": "centre", "start": "membrane"}
HOLE = np.zeros((2, 32, 32, 1), "float32")
HOLE[:, 9:24, 8:20] = 1
IMAGE = np.random.default_rng(3).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A small network whose normalisations have seen something, and its file."""
    network = Image2Feature(**SHAPE, width=3)
    random = np.random.default_rng(4)
    network.set_weights([one + random.uniform(0, 0.2, one.shape) for one in network.get_weights()])
    file = tmp_path_factory.mktemp("first") / "first.keras"
    network.save(file)
    return network, str(file)


@pytest.mark.parametrize(
    "more",
    [
        {"width": 3},
        {"width": 6},
        {"width": 9, "residuals": 2, "uncertainty": True},
        {"width": 3, "uncertainty": True},
    ],
)
def test_a_larger_network_begins_with_the_fills_of_a_smaller_one(first, more):
    small, file = first
    network = Image2Feature(**SHAPE, **more)
    begin_with(network, file)
    fill, _ = split(network([IMAGE, HOLE]))
    np.testing.assert_allclose(fill, small([IMAGE, HOLE]), atol=1e-5)


def test_copies_of_a_channel_learn_apart(first):
    network = Image2Feature(**SHAPE, width=6)
    begin_with(network, first[1])
    network.compile(keras.optimizers.SGD(0.1), "mse")
    kernel = network.get_layer("down2_conv").kernel
    truth = np.random.default_rng(5).uniform(-1, 1, (2, 16, 16, 3))
    before = np.asarray(kernel)
    network.fit([IMAGE, HOLE], truth, epochs=1, verbose=0)
    change = np.asarray(kernel) - before
    assert np.abs(change[..., ::2] - change[..., 1::2]).max() > 0.1 * np.abs(change).max()


def test_a_bundled_preset_is_something_to_begin_with():
    shape = {"skips": "centre", "start": "membrane", "residuals": 1, "uncertainty": True}
    network = Image2Feature(128, 24, **shape)
    begin_with(network, "photo")
    theirs = load_preset("photo").image2feature.get_layer("down3_conv").kernel
    np.testing.assert_array_equal(network.get_layer("down3_conv").kernel, theirs)


@pytest.mark.parametrize(
    "other",
    [
        {"width": 4},
        {"width": 2},
        {"width": 3, "size": 64},
        {"width": 3, "start": "zero"},
        {"width": 3, "upsample": "deconv"},
    ],
)
def test_a_network_of_another_shape_is_refused(first, other):
    with pytest.raises(InputError, match=r"first\.keras: another network than --size, --width"):
        begin_with(Image2Feature(**{**SHAPE, **other}), first[1])


def test_deconvolutions_are_not_widened_but_taken_as_they_are(tmp_path):
    shape, file = {**SHAPE, "upsample": "deconv"}, str(tmp_path / "deconv.keras")
    small, same = (Image2Feature(**shape, width=3) for _ in range(2))
    small.save(file)
    begin_with(same, file)
    np.testing.assert_allclose(same([IMAGE, HOLE]), small([IMAGE, HOLE]), atol=1e-6)
    with pytest.raises(InputError, match="another network"):
        begin_with(Image2Feature(**shape, width=6), file)


@pytest.mark.parametrize("more", [{"residuals": 1}, {"uncertainty": True}])
def test_a_network_is_not_made_smaller(more, tmp_path):
    file = str(tmp_path / "large.keras")
    Image2Feature(**SHAPE, width=3, **more).save(file)
    with pytest.raises(InputError, match=r"large\.keras: another network"):
        begin_with(Image2Feature(**SHAPE, width=3), file)
