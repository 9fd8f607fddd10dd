"""The signature `fill`: all options of one fill, in the graph as in the library."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.test_saved_model_variants import png
from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint.inpainter import Inpainter
from tfpaint.maps.dilation import dilate
from tfpaint.maps.traced import unoptimized
from tfpaint.pictures.tight_masks import grow
from tfpaint.saved_model import signatures

IMAGE, HOLE = photo(40, 72), mask_of(40, 72, (12, 0, 22, 5), (12, 68, 22, 72), (30, 20, 34, 26))


@pytest.fixture(scope="module")
def inpainter():
    keras.utils.set_random_seed(0)
    return Inpainter(*networks(), scales=SCALES)


@pytest.fixture(scope="module")
def signature(inpainter):
    return signatures.files(inpainter, 10_000)["fill"]


def fill(signature, *options, mask=HOLE):
    """The answers to the same photo with several (seed, grow_mask, wrap)."""
    seeds, growths, wraps = zip(*options, strict=True)
    files = [png(IMAGE)] * len(options), [png(mask)] * len(options)
    with unoptimized():
        answers = signature(*map(tf.constant, (*files, seeds, growths, wraps)))["image_bytes"]
    return [np.asarray(Image.open(io.BytesIO(file))).astype(int) for file in answers.numpy()]


def test_each_photo_of_a_batch_has_its_own_options(signature, inpainter):
    found = fill(signature, (0, 0, "none"), (0, 2, "none"), (0, 0, "x"), (0, 3, "both"))
    wanted = [
        inpainter(IMAGE, HOLE),
        inpainter(IMAGE, grow(HOLE, 2)),
        inpainter(IMAGE, HOLE, wrap="x"),
        inpainter(IMAGE, grow(HOLE, 3), wrap="both"),
    ]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1)
    for one, growth in zip(found, (0, 2, 0, 3), strict=True):
        known = ~grow(HOLE, growth)
        np.testing.assert_array_equal(one[known], IMAGE[known])
    assert np.abs(found[2] - found[0]).max() > 5


@pytest.mark.parametrize(
    "hole",
    [
        mask_of(40, 72, (25, 0, 40, 72)),
        np.abs(np.arange(40)[:, None] * 72 / 40 - np.arange(72)) < 3,  # a pass has nothing to fill
    ],
)
def test_a_hole_across_the_whole_width(signature, inpainter, hole):
    (found,) = fill(signature, (0, 0, "both"), mask=hole)
    np.testing.assert_allclose(found, inpainter(IMAGE, hole, wrap="both"), atol=1)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ((1, 0, "none"), "the seed is 1: send 0, this model has one fill only"),
        ((0, -1, "none"), "grow_mask is -1: send a number from 0 to 100"),
        ((0, 101, "none"), "grow_mask is 101: send a number from 0 to 100"),
        ((0, 0, "z"), "wrap is .*z.*: send one of none, x, y, both"),
        ((0, 100, "none"), "the mask covers the whole photo"),
    ],
)
def test_other_options_are_refused(signature, options, sentence):
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        fill(signature, options)


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 17, 60])
def test_masks_are_widened_as_in_the_library(radius):
    mask = mask_of(30, 41, (3, 4, 5, 9), (20, 40, 21, 41))
    np.testing.assert_array_equal(dilate(mask, radius), grow(mask, radius))
