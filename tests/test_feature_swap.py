"""From F1 to F1': what is matched, what is pasted, and for which options."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import networks
from tfpaint.errors import InputError
from tfpaint.filling.feature_swap import swap_features
from tfpaint.filling.options import PAPER, PHOTO, Options
from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.mask_cells import hole_on_features
from tfpaint.patch_swap import patch_swap


@pytest.fixture(scope="module")
def encoder():
    return networks()[0]


@pytest.fixture(scope="module")
def picture():
    return tf.random.stateless_uniform((2, 32, 32, 3), (0, 1), -1, 1)


@pytest.fixture(scope="module")
def mask():
    """Another hole for each picture, in the centre half."""
    mask = np.zeros((2, 32, 32, 1), np.float32)
    mask[0, 12:20, 12:20] = mask[1, 8:18, 10:24] = 1
    return tf.constant(mask)


def test_the_papers_way_is_patch_swap_of_the_features(encoder, picture, mask):
    features, swapped, chosen = swap_features(encoder, picture, mask, PAPER)
    np.testing.assert_array_equal(features, encoder(picture))
    np.testing.assert_array_equal(swapped, patch_swap(features, hole_on_features(mask)))
    assert (chosen.numpy() >= 0).any(axis=(1, 2)).all()


def test_key_blur_only_changes_what_is_matched(encoder, picture, mask):
    features, swapped, _ = swap_features(encoder, picture, mask, Options(key_blur=1.0), scale=1)
    keys = encoder(low_pass(picture, 2.0))  # 1 at the smallest scale
    np.testing.assert_array_equal(swapped, patch_swap(features, hole_on_features(mask), keys))
    assert not np.array_equal(swapped, patch_swap(features, hole_on_features(mask)))


def test_inwards_at_the_smallest_scale_alone(encoder, picture, mask):
    """There without a blur; beyond it from the matches of the scale before, if there are any."""
    plain, blurred = Options(trust=0.1), Options(trust=0.1, key_blur=1.0)
    pairs = [swap_features(encoder, picture, mask, one)[1] for one in (plain, blurred)]
    np.testing.assert_array_equal(*pairs)
    assert not np.array_equal(pairs[0], swap_features(encoder, picture, mask, PAPER)[1])
    beyond = swap_features(encoder, picture, mask, plain, scale=1)[1]
    np.testing.assert_array_equal(beyond, swap_features(encoder, picture, mask, PAPER)[1])


def test_missing_cells_outside_the_centre_are_neither_swapped_nor_copied(encoder):
    colours = np.zeros((1, 32, 32, 3), np.float32)
    colours[:, :12, :12] = 0.9  # what must not be copied
    mask = np.zeros((1, 32, 32, 1), np.float32)
    mask[:, :12, :12] = mask[:, 20:24, 20:24] = 1
    features, swapped, _ = swap_features(encoder, tf.constant(colours), tf.constant(mask), PAPER)
    np.testing.assert_array_equal(swapped[:, :2, :2], features[:, :2, :2])
    known = features[0, 4, 7]
    np.testing.assert_allclose(swapped[0, 5, 5], known, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_blur": -1},
        {"tone_blur": -0.1},
        {"overlap": 0},
        {"trust": 0.0},
        {"iterations": 0},
        {"coherence": "much"},
        {"overlaps": 1},
    ],
)
def test_options_out_of_range_are_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        PAPER.changed(**wrong)


def test_changed_options_keep_the_others():
    assert PHOTO.changed(iterations=2) == Options(
        key_blur=1.5,
        coherence=0.05,
        overlap=0.02,
        trust=0.1,
        recompose=True,
        tone_blur=4.0,
        pixels=True,
        iterations=2,
    )
