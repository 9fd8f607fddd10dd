"""The harness that every network passes: shapes, serialisation, gradients, precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.networks.blocks import ResizeConv2D
from tfpaint.networks.discriminators import (
    FeatureDiscriminator,
    ImageFeatureDiscriminator,
    ImagePairDiscriminator,
)
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature

BATCH, S, W = 2, 16, 4
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose, ResizeConv2D)

G1_SHAPES = [(S, S, 3), (S, S, 1)], (S // 2, S // 2, 3)
# name: class, arguments, shapes of the inputs, shape of the output; all without the batch
NETWORKS = {
    "g1": (Image2Feature, {"size": S}, *G1_SHAPES),
    "g1_paper": (
        Image2Feature,
        {"size": S, "mask_channel": False, "upsample": "deconv"},
        *G1_SHAPES,
    ),
    "g1_membrane": (
        Image2Feature,
        {"size": S, "start": "membrane", "skips": "centre"},
        *G1_SHAPES,
    ),
    "g1_resnet9": (Image2Feature, {"size": S, "generator": "resnet9"}, *G1_SHAPES),
    "g2": (Feature2Image, {"size": 32, "channels": 12}, [(8, 8, 12)], (32, 32, 3)),
    "g2_deconv": (
        Feature2Image,
        {"channels": 12, "depth": 1, "upsample": "deconv"},
        [(2, 4, 12)],
        (8, 16, 3),
    ),
    "g2_shared": (Feature2Image, {"channels": 12, "depth": 2}, [(8, 4, 12)], (32, 16, 3)),
    "g2_relu2_1": (
        Feature2Image,
        {"size": 8, "channels": 12, "stride": 2},
        [(4, 4, 12)],
        (8, 8, 3),
    ),
    "g2_relu4_1": (
        Feature2Image,
        {"channels": 12, "stride": 8, "depth": 1},
        [(4, 4, 12)],
        (32, 32, 3),
    ),
    "g2_resnet9": (
        Feature2Image,
        {"channels": 12, "generator": "resnet9"},
        [(4, 4, 12)],
        (16, 16, 3),
    ),
    "d1": (ImagePairDiscriminator, {}, [(24, 24, 3), (24, 24, 3)], (1, 1, 1)),
    "d2_critic": (FeatureDiscriminator, {"channels": 12}, [(8, 8, 12)], (4, 4, 1)),
    "d2": (ImageFeatureDiscriminator, {"channels": 12}, [(32, 32, 3), (8, 8, 12)], (2, 2, 1)),
    "d2_relu4_1": (
        ImageFeatureDiscriminator,
        {"channels": 12, "stride": 8},
        [(32, 32, 3), (4, 4, 12)],
        (2, 2, 1),
    ),
}


def build(name):
    cls, arguments, shapes, _ = NETWORKS[name]
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(-1, 1, (BATCH, *shape)).astype("float32") for shape in shapes]
    if cls is Image2Feature:
        inputs[1] = centre_mask(BATCH, shapes[1][0])
    return cls(width=W, **arguments), inputs if len(inputs) > 1 else inputs[0]


def centre_mask(batch, side):
    mask = np.zeros((batch, side, side, 1), "float32")
    mask[:, side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return mask


@pytest.fixture
def policy():
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", NETWORKS)
def test_shape_serialisation_and_gradients(name, tmp_path):
    network, inputs = build(name)
    outputs = network(inputs).numpy()
    assert outputs.shape == (BATCH, *NETWORKS[name][3])
    if not name.startswith("d"):
        assert np.abs(outputs).max() <= 1

    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    assert type(loaded) is type(network) and loaded.get_config() == network.get_config()
    paths = [w.path for w in network.weights]
    assert [w.path for w in loaded.weights] == paths and len(set(paths)) == len(paths)
    np.testing.assert_array_equal(loaded(inputs), outputs)

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((network(inputs, training=True) - 0.5) ** 2)
    for weight, gradient in zip(
        network.trainable_variables,
        tape.gradient(loss, network.trainable_variables),
        strict=True,
    ):
        assert gradient is not None and np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ["g1_membrane", "g2_shared", "d2"])
def test_mixed_precision_gives_float32(name, precision, policy):
    network, inputs = build(name)
    expected = network(inputs).numpy()
    policy(precision)
    mixed = type(network).from_config(network.get_config())
    mixed.set_weights(network.get_weights())
    outputs = mixed(inputs)
    assert outputs.dtype == "float32"
    convolutions = [x for x in mixed.layers if isinstance(x, CONVOLUTIONS)]
    assert all(x.compute_dtype == precision.removeprefix("mixed_") for x in convolutions)
    np.testing.assert_allclose(outputs, expected, atol=0.05)


def test_resize_convolution_is_a_resize_and_a_convolution():
    x = np.random.default_rng(2).normal(size=(2, 5, 6, 3)).astype("float32")
    layer = ResizeConv2D(4)
    outputs = layer(x)
    layer.bias.assign([1, 2, 3, 4])
    repeated = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
    expected = tf.nn.conv2d(repeated, layer.kernel, 1, "SAME")
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(layer(x), expected + layer.bias, atol=1e-5)
    rebuilt = ResizeConv2D.from_config(layer.get_config())
    assert rebuilt.compute_output_shape((None, None, 6, 3)) == (None, None, 12, 4)


def test_image2feature_ignores_what_is_in_the_hole():
    image = np.random.default_rng(1).uniform(-1, 1, (BATCH, S, S, 3)).astype("float32")
    mask = centre_mask(BATCH, S)
    for start in ("zero", "membrane"):
        network = Image2Feature(size=S, width=W, start=start)
        outputs = network([image, mask]).numpy()
        np.testing.assert_array_equal(network([image * (1 - mask), mask]), outputs)
        assert np.abs(network([image * 0.5, mask]) - outputs).max() > 1e-4


def test_image2feature_starts_as_the_membrane():
    mask = centre_mask(1, 32)
    ramp = np.broadcast_to(np.linspace(-0.8, 0.8, 32, dtype="float32")[:, None], (1, 32, 32))
    image = np.repeat(ramp[..., None], 3, axis=-1)
    centre = Image2Feature(size=32, width=8, start="membrane")([image, mask])
    assert np.abs(centre - image[:, 8:24, 8:24]).mean() < 0.15


def test_centre_skips_see_the_centre():
    # The outermost skip at the centre carries no trace of a far corner; at equal size it does.
    def response_of_the_skip(skips):
        network = Image2Feature(size=32, width=W, skips=skips)
        probe = keras.Model(network.inputs, network.get_layer("skip3").output[..., -W:])
        image, mask = np.zeros((1, 32, 32, 3), "float32"), np.zeros((1, 32, 32, 1), "float32")
        corner = image.copy()
        corner[:, :2, :2] = 1
        difference = probe([corner, mask]) - probe([image, mask])
        return np.abs(difference).max()

    assert response_of_the_skip("paper") > 0
    assert response_of_the_skip("centre") == 0


def test_shared_network_takes_every_scale():
    network = Feature2Image(channels=8, width=W, depth=3)
    for side in (8, 16, 32):
        features = np.zeros((1, side, side, 8), "float32")
        assert network(features).shape == (1, 4 * side, 4 * side, 3)


def blocks_of(network, kind):
    """Sizes of the maps that the convolution blocks give, by the names of their layers."""
    return [
        layer.output.shape[1]
        for layer in network.layers
        if isinstance(layer, CONVOLUTIONS) and layer.name.startswith(kind)
    ]


@pytest.mark.parametrize("upsample", ["resize", "deconv"])
def test_block_counts_and_sizes_of_the_paper(upsample):
    g1 = Image2Feature(size=256, width=1, upsample=upsample)
    assert blocks_of(g1, "down") == [128, 64, 32, 16, 8, 4, 2, 1]
    assert blocks_of(g1, "up") == [2, 4, 8, 16, 32, 64, 128]
    assert g1.output.shape == (None, 128, 128, 3)
    g2 = Feature2Image(size=256, width=1, upsample=upsample)
    assert g2.input.shape == (None, 64, 64, 256)
    assert blocks_of(g2, "down") == [64, 32, 16, 8, 4, 2, 1]
    assert blocks_of(g2, "up") == [2, 4, 8, 16, 32, 64, 128, 256]
    assert [x.output.shape[1] for x in g2.layers if x.name.startswith("skip")] == [
        2, 4, 8, 16, 32, 64,
    ]  # fmt: skip
    for network, bottleneck, last in ((g1, "down8", "up7"), (g2, "down6", "up8")):
        norms = {x.name.removesuffix("_norm") for x in network.layers if x.name.endswith("_norm")}
        assert not norms & {bottleneck, last} and "down2" in norms and "up1" in norms


def test_discriminators_give_the_paper_size():
    image, features = (1, 256, 256, 3), (1, 64, 64, 256)
    assert ImagePairDiscriminator(width=4).compute_output_shape([image, image]) == (1, 30, 30, 1)
    assert ImageFeatureDiscriminator(width=4).compute_output_shape([image, features]) == (
        1, 30, 30, 1,
    )  # fmt: skip


def test_discriminator_logit_sees_70_pixels():
    image = tf.zeros((1, 160, 160, 3))
    network = ImagePairDiscriminator(width=2)
    with tf.GradientTape() as tape:
        tape.watch(image)
        logit = network([image, image])[0, 9, 9, 0]
    seen = np.abs(tape.gradient(logit, image).numpy()).sum((0, 3)) > 0
    rows = np.flatnonzero(seen.any(1))
    assert rows[-1] - rows[0] + 1 == 70


@pytest.mark.parametrize(
    "make",
    [
        lambda: Image2Feature(size=96),
        lambda: Image2Feature(size=32, skips="none"),
        lambda: Feature2Image(size=None),
        lambda: Feature2Image(size=64, depth=5),
        lambda: Feature2Image(size=64, upsample="cubic"),
        lambda: ImageFeatureDiscriminator(stride=3),
    ],
)
def test_bad_options_are_refused(make):
    with pytest.raises(InputError):
        make()
