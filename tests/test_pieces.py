"""The mean size of pieces, of pictures that were pasted from pieces of known size."""

import numpy as np
import pytest
from skimage import data

from tfpaint.evaluation.pieces import GRID, piece_size
from tfpaint.pictures.masks import square_hole

HOLE = square_hole(192, 64)
START, END = 64, 128


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (192, 192, 3), np.uint8)


def pasted(photo, side, seed=0):
    """Fills the hole with squares from random places of the known rows above and below."""
    rng = np.random.default_rng(seed)
    result = photo.copy()
    for top in range(START, END, side):
        for left in range(START, END, side):
            y = int(rng.choice([rng.integers(0, START - side + 1), rng.integers(END, 193 - side)]))
            x = int(rng.integers(0, 193 - side))
            piece = photo[y : y + side, x : x + side]
            result[top : top + side, left : left + side] = piece
    return result


@pytest.mark.parametrize("side", [16, 32, 64])
def test_pasted_noise_has_the_pieces_size(side):
    assert piece_size(pasted(noise(), side), HOLE) == pytest.approx(side, rel=0.15)


def test_pasted_photos_order_by_their_pieces():
    photo = data.astronaut()[:192, 100:292]
    eight, sixteen, thirty_two = (piece_size(pasted(photo, side), HOLE) for side in (8, 16, 32))
    assert eight < 0.8 * sixteen < 0.8**2 * thirty_two
    assert thirty_two == pytest.approx(32, rel=0.3)


def test_pieces_whose_offsets_are_a_pixel_apart_are_one():
    photo = noise()
    photo[START:END, START:END] = photo[:64, :64]
    photo[96:END, START:END] = photo[33:65, 1:65]
    assert piece_size(photo, HOLE) == pytest.approx(64, rel=0.1)


def test_slight_noise_does_not_break_pieces():
    photo = pasted(noise(), 32).astype(float)
    photo[HOLE] += np.random.default_rng(1).normal(0, 3, photo[HOLE].shape)
    rough = np.clip(np.rint(photo), 0, 255).astype(np.uint8)
    assert piece_size(rough, HOLE) == pytest.approx(32, rel=0.15)


def test_what_is_not_copied_has_no_pieces():
    photo = noise()
    photo[HOLE] = noise(1)[HOLE]
    assert piece_size(photo, HOLE) < 1.5 * GRID


def test_a_flat_picture_is_one_piece():
    assert piece_size(np.full((192, 192, 3), 90, np.uint8), HOLE) == pytest.approx(64, rel=0.02)


def test_holes_at_the_edge_and_several():
    photo = noise()
    hole = np.zeros((192, 192), bool)
    hole[:40, :40] = hole[100:140, 152:] = True
    photo[:40, :40], photo[100:140, 152:] = photo[60:100, 60:100], photo[150:190, 20:60]
    assert piece_size(photo, hole) == pytest.approx(40, rel=0.15)


def test_nothing_to_measure_is_nan():
    hole = np.zeros((40, 40), bool)
    hole[::5] = True  # no whole patch is known
    assert np.isnan(piece_size(noise()[:40, :40], hole))
    edge = np.zeros((40, 40), bool)
    edge[0] = True
    assert np.isnan(piece_size(noise()[:40, :40], edge))
    assert np.isnan(piece_size(noise()[:5, :40], hole[:5]))
