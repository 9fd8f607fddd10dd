"""Thin holes: what counts as thin, and how scratches and specks are filled without windows."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import mask_of, networks, photo
from tfpaint.evaluation.classical import harmonic
from tfpaint.filling import windows
from tfpaint.filling.options import Options
from tfpaint.filling.thin_holes import (
    ROUNDS,
    fill_thin_part,
    fill_thin_parts,
    thin_part,
    thin_parts,
)
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature


@pytest.fixture(scope="module")
def inpainter():
    keras.utils.set_random_seed(0)
    encoder, _, feature2image = networks()
    network = Image2Feature(64, width=4)
    return Inpainter(encoder, network, feature2image, (64, 128), Options(pixels=True))


def scratched(height=700, width=600):
    """A mask of scratches across the tiles, and of specks up to the edge."""
    y, x = np.mgrid[:height, :width]
    mask = np.abs(2 * y - 3 * x + 50) < 6
    mask |= np.abs(y - 380) < 2
    rng = np.random.default_rng(0)
    for row, column in zip(rng.integers(0, height, 60), rng.integers(0, width, 60), strict=True):
        mask |= np.hypot(y - row, x - column) < 3
    return mask


def waves(height, width):
    """A photo of smooth waves with a fine regular texture."""
    y, x = np.mgrid[:height, :width]
    tone = 128 + 60 * np.sin(y / 40) * np.cos(x / 55) + 30 * np.sin(x * np.pi / 2 + y * np.pi / 4)
    return np.stack([tone, tone * 0.8 + 20, 255 - tone], -1).clip(0, 255).astype(np.uint8)


WIDEST = min(ROUNDS)


@pytest.mark.parametrize("wide", [1, 5, WIDEST])
def test_lines_and_specks_are_thin(wide):
    mask = mask_of(600, 600, (100, 50, 100 + wide, 550), (300, 300, 300 + wide, 300 + wide))
    np.testing.assert_array_equal(thin_part(mask, WIDEST), mask)


def test_a_block_is_not_thin_and_neither_is_its_rim():
    y, x = np.mgrid[:600, :600]
    disc = np.hypot(y - 300, x - 300) < 100
    assert not thin_part(disc, WIDEST).numpy().any()
    wire = mask_of(600, 600, (298, 0, 302, 600))
    thin = thin_part(disc | wire, WIDEST).numpy()
    assert thin[300, :150].all() and thin[300, 450:].all() and not thin[disc].any()


def test_one_pixel_more_is_a_block():
    mask = mask_of(600, 600, (100, 50, 100 + WIDEST + 1, 550))
    assert not thin_part(mask, WIDEST).numpy()[:, 80:520].any()


def test_a_scratched_photo_is_nearer_than_a_smooth_fill():
    image, mask = waves(700, 600), scratched()
    holed = np.where(mask[..., None], 255, image).astype(np.uint8)
    thin = thin_part(mask, WIDEST).numpy()
    assert thin[8:-8, 8:-8][mask[8:-8, 8:-8]].mean() > 0.99
    filled = fill_thin_part(holed, mask, thin, (4,)).numpy()
    np.testing.assert_array_equal(filled[~thin], holed[~thin])
    smooth = harmonic(holed, mask)
    error, other = (np.abs(one - np.float64(image))[thin].mean() for one in (filled, smooth))
    assert error < 0.5 * other


def test_no_window_is_cut_out_for_thin_holes(inpainter, monkeypatch):
    image, mask = waves(300, 320), mask_of(300, 320, (20, 40, 24, 300), (100, 100, 280, 103))
    expected = fill_thin_part(image, mask, mask, (4,)).numpy()
    np.testing.assert_array_equal(inpainter(image, mask), expected)
    assert inpainter.scales_for(mask) == (64,)


def test_thin_and_thick_holes_together(inpainter):
    image = photo(300, 320)
    mask = mask_of(300, 320, (100, 100, 150, 160), (20, 40, 24, 300), (0, 0, 300, 2))
    filled = inpainter(np.where(mask[..., None], 7, image).astype(np.uint8), mask)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    other = inpainter(np.where(mask[..., None], 200, image).astype(np.uint8), mask)
    np.testing.assert_array_equal(filled, other)  # nothing comes from what is missing


def test_a_speckled_photo_without_one_whole_patch_is_filled_smoothly(inpainter):
    image = np.full((200, 200, 3), (40, 90, 200), np.uint8)
    mask = np.zeros((200, 200), bool)
    mask[::3, ::3] = True
    filled = inpainter(np.where(mask[..., None], 0, image).astype(np.uint8), mask)
    np.testing.assert_array_equal(filled, image)


def test_sixteen_bits_are_filled_as_eight_but_finer():
    image, mask = waves(200, 220), scratched(200, 220)
    thin = thin_part(mask, WIDEST)
    eight = fill_thin_part(image, mask, thin, (4,)).numpy()
    sixteen = fill_thin_part(image.astype(np.uint16) * 257, mask, thin, (4,)).numpy()
    np.testing.assert_allclose(sixteen / 257, eight, atol=0.51)
    assert (sixteen[thin.numpy()] % 257 != 0).mean() > 0.5


def test_unknown_pixels_are_not_copied(inpainter):
    image, mask = waves(200, 220), mask_of(200, 220, (90, 30, 94, 190))
    unknown = mask_of(200, 220, (60, 30, 88, 190))
    filled = [
        inpainter(
            np.where(unknown[..., None], colour, image).astype(np.uint8), mask, unknown=unknown
        )
        for colour in (0, 255)
    ]
    np.testing.assert_array_equal(filled[0][mask], filled[1][mask])


def test_the_paper_has_windows_for_every_hole():
    encoder, image2feature, feature2image = networks()
    paper = Inpainter(encoder, image2feature, feature2image, (16, 32))
    mask = mask_of(60, 60, (20, 20, 23, 40))
    largest = int(tf.reduce_max(windows.find_windows(mask, (16, 32))[:, 2]))
    assert max(paper.scales_for(mask)) == largest


def test_parts_by_their_width():
    """Each pixel is in one part; what is wider than a stroke, or compact, is left to windows."""
    wire = mask_of(600, 600, (100, 20, 104, 580))
    stroke = mask_of(600, 600, (200, 40, 230, 560))
    block, band = mask_of(600, 600, (350, 300, 410, 360)), mask_of(600, 600, (520, 40, 560, 560))
    block |= mask_of(600, 600, (40, 400, 70, 430)) | mask_of(600, 600, (300, 40, 344, 84))
    hole = wire | stroke | band | block
    parts, rest = thin_parts(hole)
    for found, wanted in zip([*parts, rest], (wire, stroke, band, block), strict=True):
        np.testing.assert_array_equal(found, wanted)
    image = waves(600, 600)
    filled, left = fill_thin_parts(image, hole)
    np.testing.assert_array_equal(left, block)
    changed = (filled.numpy() != image).any(-1)
    assert changed[stroke].mean() > 0.5 and changed[band].mean() > 0.5
    assert not changed[~(wire | stroke | band)].any()


def test_a_wire_that_leads_to_a_block_is_taken_from_it():
    block, wire = mask_of(600, 600, (250, 250, 350, 350)), mask_of(600, 600, (298, 0, 302, 600))
    parts, rest = thin_parts(block | wire)
    assert parts[0].numpy()[300, :230].all() and not parts[1].numpy()[300, :230].any()
    assert not rest.numpy()[300, :200].any() and rest.numpy()[block].all()
