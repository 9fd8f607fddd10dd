import numpy as np
import pytest
import tensorflow as tf

from tests import reference
from tfpaint.errors import InputError
from tfpaint.patch_swap import match
from tfpaint.patch_swap.matching import NO_MATCH


def smooth_map(side, channels=8, seed=0):
    """Features of a smooth random texture, and those of its 2x2 means."""
    noise = np.random.default_rng(seed).normal(size=(1, side, side, channels)).astype(np.float32)
    fine = tf.nn.avg_pool2d(noise, 5, 1, "SAME")
    return fine.numpy(), tf.nn.avg_pool2d(fine, 2, 2, "VALID").numpy()


def centre(side):
    """Queries: the patches that touch the centre hole of 7/16; sources: the others."""
    hole = np.zeros((1, side, side, 1), np.float32)
    hole[:, side * 9 // 32 : side * 23 // 32, side * 9 // 32 : side * 23 // 32] = 1
    touched = tf.nn.max_pool2d(hole, 3, 1, "SAME").numpy()
    return touched, 1 - touched


def mean_similarity(features, chosen, asks):
    side = features.shape[1]
    total = []
    for y, x in np.argwhere(asks[0, ..., 0] > 0):
        a = reference.patch_at(features[0], y - 1, x - 1)
        v, u = divmod(chosen[0, y, x], side)
        b = reference.patch_at(features[0], v - 1, u - 1)
        total.append((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))
    return np.mean(total)


def test_choices_are_good_though_not_the_best():
    fine, coarse = smooth_map(64)
    asks, may = centre(64)
    start = match(coarse, coarse, *centre(32))
    exact = match(fine, fine, asks, may).numpy()
    found = match(fine, fine, asks, may, "propagated", start).numpy()
    known = np.flatnonzero(np.pad(may[0, 1:-1, 1:-1, 0], 1))
    anything = np.random.default_rng(0).choice(known, exact.shape)
    best, ours, random = (mean_similarity(fine, c, asks) for c in (exact, found, anything))
    assert 0.7 < (ours - random) / (best - random) < 1
    again = match(fine, fine, asks, may, "propagated", start).numpy()
    np.testing.assert_array_equal(found, again)


def test_pieces_laid_by_the_scale_before_stay_whole():
    """A texture of period 8 in a map of 48: the match lies whole periods away."""
    tile = np.random.default_rng(1).normal(size=(1, 8, 8, 6))
    fine = np.tile(tile, (1, 6, 6, 1)).astype(np.float32)
    asks, may = centre(48)
    y, x = np.mgrid[:24, :24]
    start = np.where((x >= 9) & (x < 15), (y - 8) * 24 + x, NO_MATCH)[None].astype(np.int32)
    found = match(fine, fine, asks, may, "propagated", start).numpy()[0]
    asked = np.argwhere(asks[0, ..., 0] > 0)
    inside = [(v, u) for v, u in asked if 18 <= min(v, u) and v <= 26 and u < 30]
    followed = [found[v, u] == (v - 16) * 48 + u for v, u in inside]
    assert np.mean(followed) > 0.9  # 16 cells up, though as similar ones are nearer


def test_a_hint_reaches_the_cells_beside_it():
    tile = np.random.default_rng(1).normal(size=(1, 8, 8, 6))
    fine = np.tile(tile, (1, 6, 6, 1)).astype(np.float32)
    start = np.full((1, 24, 24), NO_MATCH, np.int32)
    start[0, 12, 12] = 4 * 24 + 4  # 16 cells up and to the left
    found = match(fine, fine, *centre(48), "propagated", start).numpy()[0]
    v, u = np.mgrid[22:28, 22:28]
    assert np.mean(found[22:28, 22:28] == (v - 16) * 48 + u - 16) > 0.9


@pytest.mark.parametrize("filling", [NO_MATCH, 0, 23 * 24 + 23, 12 * 24 + 12])
def test_whatever_the_start_the_choices_are_sources(filling):
    fine, _ = smooth_map(48)
    asks, may = centre(48)
    start = np.full((1, 24, 24), filling, np.int32)
    found = match(fine, fine, asks, may, "propagated", start).numpy()
    sources = np.flatnonzero(np.pad(may[0, 1:-1, 1:-1, 0], 1))
    assert np.isin(found[asks[..., 0] > 0], sources).all()
    assert (found[asks[..., 0] == 0] == NO_MATCH).all()


def test_items_of_a_batch_are_apart():
    maps = [smooth_map(32, seed=seed) for seed in (1, 2)]
    fine, coarse = (np.concatenate(parts) for parts in zip(*maps, strict=True))
    asks, may = (np.repeat(mask, 2, 0) for mask in centre(32))
    asks[1, :16] = 0
    start = match(coarse, coarse, *(np.repeat(mask, 2, 0) for mask in centre(16)))
    both = match(fine, fine, asks, may, "propagated", start).numpy()
    for item in (0, 1):
        one = slice(item, item + 1)
        alone = match(fine[one], fine[one], asks[one], may[one], "propagated", start[one])
        np.testing.assert_array_equal(both[one], alone)


def test_start_goes_with_propagated_alone():
    fine, _ = smooth_map(16)
    with pytest.raises(InputError, match="start"):
        match(fine, fine, *centre(16), "propagated")
    with pytest.raises(InputError, match="start"):
        match(fine, fine, *centre(16), "exact", np.zeros((1, 8, 8), np.int32))
