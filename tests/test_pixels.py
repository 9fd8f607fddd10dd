"""Patch-swap in pixels: against slow float64 versions, and what it may and may not copy."""

from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import mask_of, networks, photo
from tfpaint.errors import InputError
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.options import PAPER, Options
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.patch_swap import pixels
from tfpaint.patch_swap.backends import STATIC
from tfpaint.patch_swap.pixel_patches import (
    KEPT,
    NEVER,
    RADIUS,
    average,
    describe,
    search,
    with_texture,
)

SIDE = 128


def hole(side=SIDE, *boxes):
    mask = np.zeros((1, side, side, 1), np.float32)
    for top, left, bottom, right in boxes or [(side * 3 // 8,) * 2 + (side * 5 // 8,) * 2]:
        mask[:, top:bottom, left:right] = 1
    return tf.constant(mask)


def no_choices(side=SIDE):
    return tf.fill([1, side // 4, side // 4], -1)


def first_levels(picture, missing, cells):
    """As `pixels.first_levels`, with the picture as its guide."""
    return pixels.first_levels(picture, picture, missing, cells, 0)


def choices(missing, cells_up):
    """Each cell of the hole takes the one so many cells above it."""
    asks = tf.nn.max_pool2d(missing, 4, 4, "VALID")
    asks = tf.nn.max_pool2d(asks, 3, 1, "SAME")[..., 0] > 0
    count = asks.shape[1]
    above = tf.reshape(tf.range(count * count), [1, count, count]) - cells_up * count
    return tf.where(asks, above, -1)


def patch(array, y, x):
    return array[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1]


def test_descriptors_keep_the_lowest_cosines():
    image = np.random.default_rng(0).uniform(0, 255, (20, 18, 5)).astype(np.float32)
    found = describe(image).numpy()
    assert found.shape == (14, 12, 5 * KEPT)
    k = np.arange(7)
    basis = np.cos(np.pi * (k + 0.5) * k[:, None] / 7) * np.sqrt(np.where(k, 2, 1)[:, None] / 7)
    window = patch(image.astype(np.float64), 9, 8)
    cosines = np.einsum("iy,jx,yxc->ijc", basis, basis, window)
    low = [(i, j) for i in range(7) for j in range(7) if i + j < 5]  # 15 of the 20
    for channel in range(5):
        mine = found[6, 5].reshape(5, KEPT)[channel]
        for i, j in low:
            assert np.abs(mine - cosines[i, j, channel]).min() < 0.01
        # The cosines are orthonormal: their length is at most the patch's.
        assert np.square(mine).sum() <= np.square(window[..., channel]).sum() + 1


def test_texture_is_the_mean_difference_around():
    image = np.zeros((20, 20, 3), np.float32)
    image[:, ::2] = 60  # upright stripes
    texture = with_texture(image).numpy()[10, 8, 3:]
    np.testing.assert_allclose(texture, [180, 0], atol=1e-3)  # three times 60


def slow_average(source, answers, weights, places, narrow):
    """A narrow average counts the 14 pixels of a patch that are nearest to its centre."""
    side = source.shape[0]
    result = source.astype(np.float64).copy()
    line = range(-RADIUS, RADIUS + 1)
    patch = sorted(product(line, line), key=lambda step: (step[0] ** 2 + step[1] ** 2, *step))
    for place in places:
        y, x = divmod(place, side)
        total, value = 0.0, 0.0
        for dy, dx in patch[:14] if narrow else patch:
            centre = place - dy * side - dx
            share = np.exp(-narrow * (dy**2 + dx**2)) * weights[centre]
            v, u = divmod(answers[centre] + dy * side + dx, side)
            value = value + share * source[v, u].astype(np.float64)
            total += share
        result[y, x] = value / total
    return result


@pytest.mark.parametrize("narrow", [0.0, 2.0])
def test_the_average_equals_the_slow_one(narrow):
    rng = np.random.default_rng(1)
    side = 24
    source = rng.uniform(0, 255, (side, side, 5)).astype(np.float32)
    inner = np.zeros((side, side), bool)
    inner[4:-4, 4:-4] = True
    centres = np.flatnonzero(inner)
    answers = np.full(side * side, -1, np.int32)
    answers[centres] = rng.permutation(centres)
    weights = np.where(inner.ravel(), rng.uniform(0.1, 1, side * side), 0).astype(np.float32)
    places = np.array([10 * side + 9, 10 * side + 10, 12 * side + 13], np.int32)
    found = average(source, answers, weights, places, narrow)
    wanted = slow_average(source, answers, weights, places, narrow)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)


def slow_search(wanted, sources, answers, queries, handicap, jump):
    """One step: neighbours' answers continued, and the places beside the own answer."""
    side = handicap.shape[0]
    better, far = answers.copy(), []
    ring = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    for number, query in enumerate(queries):
        candidates = [answers[query]]
        for dy, dx in ring:
            theirs = answers[query + (dy * side + dx) * jump]
            v, u = divmod(theirs, side)
            if theirs >= 0 and 0 <= v - dy * jump < side and 0 <= u - dx * jump < side:
                candidates.append((v - dy * jump) * side + u - dx * jump)
        v, u = divmod(answers[query], side)
        for dy, dx in ring:
            if not dy * dx and 0 <= v + dy < side and 0 <= u + dx < side:
                candidates.append((v + dy) * side + u + dx)
        distances = [
            np.square(sources[one] - wanted[number]).sum() + handicap.flat[one]
            for one in candidates
        ]
        better[query] = candidates[int(np.argmin(distances))]
        far.append(min(distances))
    return better, np.array(far)


@pytest.mark.parametrize("jump", [1, 2])
def test_a_step_of_the_search_equals_the_slow_one(jump):
    rng = np.random.default_rng(2)
    side, depth = 20, 6
    known = np.zeros((side, side), bool)
    known[3:17, 3:8] = known[3:8, 3:17] = True
    handicap = np.where(known, rng.uniform(0, 5, (side, side)), NEVER).astype(np.float32)
    asks = np.zeros((side, side), bool)
    asks[9:15, 9:15] = True
    queries = np.flatnonzero(asks).astype(np.int32)
    answers = np.full(side * side, -1, np.int32)
    answers[queries] = rng.choice(np.flatnonzero(known), len(queries))
    sources = rng.normal(size=(side * side, depth)).astype(np.float32)
    wanted = rng.normal(size=(len(queries), depth)).astype(np.float32)
    lengths = np.square(sources).sum(-1) + handicap.ravel()
    found, far = search(wanted, sources, lengths, answers, queries, [jump])
    far += np.square(wanted).sum(-1)
    slow, slow_far = slow_search(
        wanted.astype(np.float64), sources.astype(np.float64), answers, queries, handicap, jump
    )
    np.testing.assert_array_equal(found, slow)
    np.testing.assert_allclose(far, slow_far, rtol=1e-3, atol=1e-3)
    more, nearer = search(wanted, sources, lengths, answers, queries, [jump, 1, 2, 1])
    nearer += np.square(wanted).sum(-1)
    assert (nearer <= far + 1e-3).numpy().all() and tf.reduce_mean(nearer) < tf.reduce_mean(far)
    assert known.ravel()[more.numpy()[queries]].all()


def pattern(side=SIDE, period=16):
    """Tiles of smooth noise: what repeats, in colours of its own."""
    tile = np.random.default_rng(3).uniform(0, 255, (1, period // 4, period // 4, 3))
    smooth = tf.image.resize(tf.tile(tf.constant(tile, tf.float32), [1, 3, 3, 1]), [3 * period] * 2)
    times = side // period
    return tf.tile(smooth[:, period : 2 * period, period : 2 * period], [1, times, times, 1])


def test_a_pattern_goes_on_from_a_coarse_fill_that_hints_at_it():
    truth, missing = pattern(), hole()
    blurred = tf.nn.avg_pool2d(truth, 9, 1, "SAME")
    start = tf.where(missing > 0, blurred, truth)
    picture, answers = first_levels(start, missing, choices(missing, 7))
    inside = missing.numpy()[0, ..., 0] > 0
    error, before = (np.abs(one - truth)[0][inside].mean() for one in (picture, start))
    assert error < 0.6 * before
    touched = tf.nn.max_pool2d(missing, 2 * RADIUS + 1, 1, "SAME")  # painted with its ring
    np.testing.assert_array_equal(tf.where(touched > 0, truth, picture), truth)
    # The next level has the answers' pixels at twice the size.
    large = tf.image.resize(truth, [2 * SIDE] * 2, "nearest")
    twice = tf.image.resize(missing, [2 * SIDE] * 2, "nearest")
    finer, _ = pixels.next_level(tf.where(twice > 0, 0.0, large), twice, answers)
    inside = twice.numpy()[0, ..., 0] > 0
    assert np.abs(finer - large)[0][inside].mean() < 1.2 * error + 1


def test_only_what_is_known_is_copied():
    """Another hole's pixels are in no patch, wherever they lie."""
    rng = np.random.default_rng(4)
    image = np.zeros((1, SIDE, SIDE, 3), np.float32)
    image[..., 1] = rng.uniform(0, 200, (1, SIDE, SIDE))
    missing = hole(SIDE, (50, 50, 78, 80), (10, 10, 40, 120), (0, 90, 128, 96))
    image[missing.numpy()[..., 0] > 0] = (255, 0, 0)
    picture, _ = first_levels(tf.constant(image), missing, no_choices())
    painted = picture.numpy()[0, 50:78, 50:80]
    assert painted[..., 0].max() < 1e-3 and painted[..., 1].mean() > 50
    np.testing.assert_array_equal(picture[0, 10:26], image[0, 10:26])  # outside the centre


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_nothing_missing_and_nothing_known(fill):
    picture = tf.constant(photo(SIDE, SIDE)[None], tf.float32)
    missing = tf.fill([1, SIDE, SIDE, 1], fill)
    found, answers = first_levels(picture, missing, no_choices())
    np.testing.assert_array_equal(found, picture)
    twice = [tf.image.resize(one, [2 * SIDE] * 2, "nearest") for one in (picture, missing)]
    np.testing.assert_array_equal(pixels.next_level(*twice, answers)[0], twice[0])


def test_choices_in_features_become_places_of_pixels():
    """A cell that continues its neighbour's piece does so in pixels."""
    cells = np.full((32, 32), -1, np.int32)
    cells[12:20, 12:20] = (np.arange(12, 20)[:, None] - 8) * 32 + np.arange(12, 20) + 3
    places = pixels._from_cells(tf.constant(cells), 64).numpy().reshape(64, 64)
    y, x = np.mgrid[24:40, 24:40]
    np.testing.assert_array_equal(places[24:40, 24:40], (y - 16) * 64 + x + 6)
    doubled = pixels.upsampled(tf.constant(places.ravel()), 128).numpy().reshape(128, 128)
    y, x = np.mgrid[48:80, 48:80]
    np.testing.assert_array_equal(doubled[48:80, 48:80], (y - 32) * 128 + x + 12)
    assert (doubled[:48] == -1).all()


@pytest.fixture(scope="module")
def system():
    keras.utils.set_random_seed(0)
    encoder, _, feature2image = networks()
    return encoder, Image2Feature(64, width=4), feature2image


HOLES = {
    "one": mask_of(300, 320, (100, 110, 190, 180)),
    "several": mask_of(150, 160, (20, 20, 40, 50), (90, 100, 91, 140)),
    "corner": mask_of(100, 90, (70, 60, 100, 90)),
    "almost all": ~mask_of(90, 100, (0, 0, 90, 3)),
    "one known pixel": ~mask_of(40, 40, (39, 0, 40, 1)),
    "specks": np.random.default_rng(5).random((120, 110)) < 0.01,
}


@pytest.mark.parametrize("mask", HOLES.values(), ids=HOLES.keys())
def test_every_hole(system, mask):
    inpainter = Inpainter(*system, scales=(64, 128, 256), options=Options(pixels=True))
    image = photo(*mask.shape)
    filled = inpainter(np.where(mask[..., None], 0, image).astype(np.uint8), mask)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    steps = inpainter(np.where(mask[..., None], 99, image).astype(np.uint8), mask, steps=True)
    np.testing.assert_array_equal(steps.image, filled)


def test_a_photo_of_one_colour_is_filled_with_it(system):
    inpainter = Inpainter(*system, scales=(64, 128), options=Options(pixels=True))
    image = np.full((140, 150, 3), (250, 249, 245), np.uint8)
    mask = mask_of(140, 150, (40, 50, 90, 100))
    filled = inpainter(np.where(mask[..., None], 0, image).astype(np.uint8), mask)
    np.testing.assert_array_equal(filled, image)


def test_windows_without_loops_have_feature2images_picture(system):
    crop = tf.concat([photo(128, 128) * np.float32(1), np.ones((128, 128, 1), np.float32)], -1)
    missing = hole(128)[0]
    crop = tf.concat([crop * (1 - missing), missing], -1)
    fillers = [
        WindowFiller(*system, (64, 128), options, STATIC)
        for options in (Options(pixels=True), PAPER)
    ]
    with_pixels, without = (filler.fill(crop, 2) for filler in fillers)
    for one, other in zip(with_pixels, without, strict=True):
        np.testing.assert_array_equal(one, other)


def test_scales_that_are_too_small_are_refused():
    with pytest.raises(InputError, match="pixels=True needs scales from 64"):
        Inpainter(*networks(), scales=(16, 32), options=Options(pixels=True))


def test_the_same_seed_gives_the_same_picture_and_another_one_another(system):
    inpainter = Inpainter(*system, scales=(64, 128), options=Options(pixels=True))
    image, mask = photo(140, 150), mask_of(140, 150, (40, 50, 90, 100))
    best, second, third = inpainter(image, mask, variants=3)
    np.testing.assert_array_equal(best, inpainter(image, mask))
    np.testing.assert_array_equal(third, inpainter(image, mask, seed=2))
    again = Inpainter(*system, scales=(64, 128), options=Options(pixels=True))
    np.testing.assert_array_equal(second, again(image, mask, seed=1))
    for one, other in ((best, second), (second, third), (best, third)):
        np.testing.assert_array_equal(one[~mask], image[~mask])
        assert (one != other)[mask].mean() > 0.5
    assert inpainter(image, mask & False, variants=2)[1].tolist() == image.tolist()


@pytest.mark.parametrize(
    "settings", [{"seed": -1}, {"seed": 2**31}, {"variants": 0}, {"variants": 2, "steps": True}]
)
def test_seeds_and_variants_out_of_range_are_refused(system, settings):
    inpainter = Inpainter(*system, scales=(64,), options=Options(pixels=True))
    with pytest.raises(InputError, match="has to be"):
        inpainter(photo(70, 70), mask_of(70, 70, (30, 30, 40, 40)), **settings)


def test_variants_without_pixels_are_refused():
    inpainter = Inpainter(*networks(), scales=(16, 32))
    with pytest.raises(InputError, match="need pixels=True"):
        inpainter(photo(70, 70), mask_of(70, 70, (30, 30, 40, 40)), variants=2)


@pytest.mark.parametrize("side", [150, 300, 331])
def test_a_window_of_any_side_has_the_photos_pixels(system, side):
    """Noise of single pixels stays noise in a window that was shrunk."""
    inpainter = Inpainter(*system, scales=(64,), options=Options(pixels=True))
    image = photo(side, side)
    mask = mask_of(side, side, (side // 3, side // 3, 2 * side // 3, 2 * side // 3))
    filled = inpainter(image, mask)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    assert filled[mask].std() > 0.75 * image[mask].std()
