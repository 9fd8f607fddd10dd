"""Training steps: the losses' numbers, what learns and what stays frozen."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.options import Options
from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.mask_cells import hole_on_features
from tfpaint.networks.discriminators import (
    FeatureDiscriminator,
    ImageFeatureDiscriminator,
    ImagePairDiscriminator,
)
from tfpaint.networks.encoder import DistilledEncoder
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.patch_swap import patch_swap
from tfpaint.training import losses
from tfpaint.training.feature2image_gan import Feature2ImageGAN
from tfpaint.training.image2feature_gan import Image2FeatureGAN, compose, compose_enlarged

SIZE = 32


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    hole = np.zeros((2, SIZE, SIZE, 1), bool)
    hole[0, 8:24, 8:24] = True
    hole[1, 12:20, 10:22] = True
    return photo, hole


def make(kind, critic=False, **arguments):
    keras.utils.set_random_seed(1)
    encoder = DistilledEncoder(width=8, depth=1, channels=16)
    if kind == "image2feature":
        g1 = Image2Feature(SIZE, width=4, start="membrane")
        d1 = ImagePairDiscriminator(width=4)
        gan = Image2FeatureGAN(g1, encoder, d1, feature_weight=1.0, **arguments)
    else:
        g2 = Feature2Image(SIZE, channels=16, width=4)
        d2 = ImageFeatureDiscriminator(channels=16, width=4)
        if critic:
            arguments["critic"] = DistilledEncoder(width=4, depth=1, channels=8)
            d2 = FeatureDiscriminator(channels=8, width=4)
        gan = Feature2ImageGAN(g2, encoder, d2, feature_weight=1.0, **arguments)
    adam = keras.optimizers.Adam
    gan.compile(adam(1e-3, 0.5), adam(1e-3, 0.5))
    return gan


def test_hole_weights_are_1_on_the_hole_and_higher_on_the_ring():
    mask = np.zeros((1, 7, 7, 1), np.float32)
    mask[0, 3, 3] = 1
    weights = losses.hole_weights(tf.constant(mask), 1, 5.0)[0, :, :, 0].numpy()
    expected = np.zeros((7, 7))
    expected[2:5, 2:5] = 5
    expected[3, 3] = 1
    np.testing.assert_array_equal(weights, expected)


def test_weighted_l1_is_a_mean_over_the_weights():
    a, b = tf.zeros((1, 2, 2, 3)), tf.ones((1, 2, 2, 3))
    weights = tf.constant([[[[1.0], [0.0]], [[3.0], [0.0]]]])
    assert float(losses.weighted_l1(a, b, weights)) == pytest.approx(1.0)
    assert float(losses.weighted_l1(a, b, 0 * weights)) == 0.0


def test_adversarial_losses_are_the_paper_s_logarithms():
    real, fake = np.array([0.3, -1.2], np.float32), np.array([0.7, 2.0], np.float32)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    expected = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    assert float(losses.discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    expected = -np.log(sigmoid(fake)).mean()
    assert float(losses.generator_loss(fake)) == pytest.approx(expected, rel=1e-5)


def test_composed_image_keeps_the_known_pixels(batch):
    gan = make("image2feature")
    data = gan.prepare(*batch)
    image, _ = compose(gan.generator, data["incomplete"], data["mask"])
    known = 1 - data["mask"].numpy()
    np.testing.assert_array_equal(image * known, data["truth"] * known)


@pytest.mark.parametrize("kind", ["image2feature", "feature2image"])
def test_a_step_trains_both_networks_and_leaves_the_encoder(kind, batch):
    gan = make(kind)
    networks = (gan.generator, gan.discriminator, gan.encoder)
    before = [[w.numpy().copy() for w in n.weights] for n in networks]
    data = tf.data.Dataset.from_tensors(batch).repeat()
    history = gan.fit(data, steps_per_epoch=3, validation_data=data.take(1), verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["val_hole_l1"][0] > 0
    changed = [
        [not np.array_equal(old, new.numpy()) for old, new in zip(olds, n.weights, strict=True)]
        for olds, n in zip(before, networks, strict=True)
    ]
    assert all(changed[0]), "every weight of G should learn"
    assert all(changed[1]), "every weight of D should learn"
    assert not any(changed[2]), "the encoder is frozen"


def test_the_generator_overfits_one_batch(batch):
    gan = make("image2feature", adversarial_weight=0.0, image_weight=1.0)
    flat = (batch[0] // 64 * 64, batch[1])
    data = tf.data.Dataset.from_tensors(flat).repeat()
    loss = gan.fit(data, steps_per_epoch=20, epochs=8, verbose=0).history["image"]
    assert loss[-1] < 0.8 * loss[0]


@pytest.mark.parametrize("critic", [False, True])
def test_the_two_gradients_are_those_of_two_separate_passes(critic, batch):
    gan = make("feature2image", critic=critic, image_weight=2.0, adversarial_weight=0.5)
    data = gan.prepare(*batch)
    with tf.GradientTape() as tape:
        made = gan.reconstruction(data, training=True)
        real, fake = gan.pairs(data, made)
        fake, parts = gan.discriminator(fake, training=True), made.parts
        loss = 2.0 * parts["image"] + parts["feature"] + 0.5 * losses.generator_loss(fake)
    expected_g = tape.gradient(loss, gan.generator.trainable_variables)
    with tf.GradientTape() as tape:
        real = gan.discriminator(real, training=True)
        fake = gan.discriminator(gan.pairs(data, made)[1], training=True)
        loss = losses.discriminator_loss(real, fake)
    expected_d = tape.gradient(loss, gan.discriminator.trainable_variables)

    applied = {}
    for name in ("optimizer", "discriminator_optimizer"):
        optimizer = getattr(gan, name)
        optimizer.apply_gradients = lambda pairs, name=name: applied.update(
            {name: [g for g, _ in pairs]}
        )
    gan.train_step(batch)
    for name, expected in (("optimizer", expected_g), ("discriminator_optimizer", expected_d)):
        for ours, theirs in zip(applied[name], expected, strict=True):
            scale = np.abs(theirs).max() + 1e-6
            np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-4)


@pytest.mark.parametrize("source", ["prediction", "mixture"])
def test_features_of_predictions_differ_from_those_of_the_truth(source, batch):
    g1 = Image2Feature(SIZE, width=4)
    gan = make("feature2image", source=source, image2feature=g1)
    truth = make("feature2image")
    ours, theirs = gan.prepare(*batch)["features"], truth.prepare(*batch)["features"]
    same = [np.allclose(a, b) for a, b in zip(ours, theirs, strict=True)]
    assert not all(same)
    gan.fit(tf.data.Dataset.from_tensors(batch), verbose=0)
    if source == "mixture":
        coins, first, scores = set(), gan.prepare(*batch, training=False)["features"], []
        for step in range(6):
            gan.optimizer.iterations.assign(step)
            data = {key: value[:1] for key, value in gan.prepare(*batch).items()}
            coins.add(bool(np.allclose(data["features"], theirs[:1])))
            held_out = gan.prepare(*batch, training=False)["features"]
            np.testing.assert_allclose(held_out, first, atol=1e-5)
            scores += [gan.evaluate(*batch, verbose=0, return_dict=True)["loss"]]
        assert coins == {True, False}
        np.testing.assert_allclose(scores, scores[0], rtol=1e-5)


def test_predictions_of_a_smaller_g1_are_enlarged(batch):
    """A G1 that paints grey: the fill is grey inside the hole and the known pixels stay."""

    class Grey(keras.layers.Layer):
        def call(self, inputs):
            half = inputs[0].shape[1] // 4
            return 0.0 * inputs[0][:, half:-half, half:-half] + 0.25

    side = SIZE // 2
    inputs = [keras.Input((side, side, 3)), keras.Input((side, side, 1))]
    photo, hole = batch
    truth = photo / 127.5 - 1.0
    mask = hole.astype("float32")
    incomplete = tf.constant(truth * (1 - mask), tf.float32)
    image = compose_enlarged(keras.Model(inputs, Grey()(inputs)), incomplete, mask).numpy()
    np.testing.assert_allclose(image * ~hole, truth * ~hole, atol=1e-5)
    inner = image[0, 11:21, 11:21]
    np.testing.assert_allclose(inner, 0.25, atol=1e-5)


def test_key_blur_matches_on_the_low_passed_image(batch):
    gan = make("feature2image", options=Options(key_blur=1.5))
    data = gan.prepare(*batch)
    cells = hole_on_features(data["mask"])
    features, keys = gan.encoder(data["truth"]), gan.encoder(low_pass(data["truth"], 1.5))
    np.testing.assert_array_equal(data["features"], patch_swap(features, cells, keys))
    assert not np.allclose(data["features"], patch_swap(features, cells))


def test_swapped_as_the_inpainter_swaps(batch):
    options = {"coherence": 0.3, "overlap": 0.2}
    gan = make("feature2image", options=Options(**options))
    data = gan.prepare(*batch)
    features, cells = gan.encoder(data["truth"]), hole_on_features(data["mask"])
    np.testing.assert_array_equal(data["features"], patch_swap(features, cells, **options))
    for name, value in options.items():
        assert not np.allclose(data["features"], patch_swap(features, cells, **{name: value}))


def test_a_crop_is_the_centre_of_pictures_and_features(batch):
    whole, crop = (make("feature2image", crop=share).prepare(*batch) for share in (1.0, 0.75))
    for name, one in whole.items():
        border = one.shape[1] // 8
        np.testing.assert_array_equal(crop[name], one[:, border:-border, border:-border])
    assert crop["features"].shape[1:3] == (6, 6) and crop["truth"].shape[1:3] == (24, 24)
    uneven = make("feature2image", crop=0.7).prepare(*batch)
    assert uneven["truth"].shape[1] == 4 * uneven["features"].shape[1]


def test_d2_sees_the_truth_and_the_image_through_the_critic(batch):
    gan = make("feature2image", critic=True)
    data = gan.prepare(*batch)
    made = gan.reconstruction(data, training=False)
    for seen, picture in zip(gan.pairs(data, made), (data["truth"], made.image), strict=True):
        np.testing.assert_allclose(seen, gan.critic(picture), atol=1e-5)
    before = [weight.numpy() for weight in gan.critic.weights]
    gan.train_step(batch)
    for weight, value in zip(gan.critic.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_the_feature_loss_sees_what_the_encoder_s_grid_skips():
    class EveryFourth(keras.Model):
        stride = 4

        def call(self, image):
            return image[:, ::4, ::4]

    gan = Feature2ImageGAN(keras.Sequential(), EveryFourth(), None, adversarial_weight=0)
    gan.weights_of_losses["feature"] = 1.0
    gan.compile(keras.optimizers.Adam())
    truth = tf.zeros((1, 8, 8, 3))
    pattern = np.zeros((8, 8, 1), np.float32)
    pattern[1::4, 2::4] = 1.0
    gan.generator = lambda features, training: truth + pattern
    seen = []
    for step in range(64):
        gan.optimizer.iterations.assign(step)
        made = gan.reconstruction({"features": None, "truth": truth}, training=True)
        seen.append(float(made.parts["feature"]))
    assert 0 < np.mean(seen) < 1 and set(seen) == {0.0, 1.0}
    assert gan.reconstruction({"features": None, "truth": truth}, False).parts["feature"] == 0


def test_options_that_do_not_fit_are_refused():
    encoder, g2 = DistilledEncoder(8, 1, 16), Feature2Image(SIZE, channels=16, width=4)
    with pytest.raises(InputError, match="discriminator"):
        Feature2ImageGAN(g2, encoder)
    with pytest.raises(InputError, match="image2feature"):
        Feature2ImageGAN(g2, encoder, source="mixture", adversarial_weight=0)
    with pytest.raises(InputError, match="discriminator_optimizer"):
        make("feature2image").compile(keras.optimizers.Adam())
