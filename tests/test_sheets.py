"""Sheets show every picture, whole and in its place."""

import numpy as np
import pytest

from tfpaint.pictures.sheets import HOLE_COLOUR, MARGIN, contact_sheet, mark_hole, side_by_side

RED, GREEN, BLUE, DARK = ([255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 60, 9])


def plain(colour, height=40, width=60):
    return np.broadcast_to(np.uint8(colour), (height, width, 3)).copy()


def box(sheet, colour):
    """Top, left, bottom, right of what has a colour."""
    ys, xs = np.where((sheet == colour).all(-1))
    assert len(ys) == (np.ptp(ys) + 1) * (np.ptp(xs) + 1), "not a full rectangle"
    return ys.min(), xs.min(), ys.max() + 1, xs.max() + 1


def test_side_by_side_keeps_pixels():
    noise = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    sheet = side_by_side([plain(RED), noise], ["one", "two"])
    assert sheet.dtype == np.uint8
    top, left, bottom, right = box(sheet, RED)
    assert (bottom - top, right - left) == (40, 60) and left == MARGIN
    beside = right + MARGIN
    assert np.array_equal(sheet[top : top + 40, beside : beside + 70], noise)
    assert sheet.shape[:2] == (bottom + MARGIN, beside + 70 + MARGIN)
    header = sheet[: top - MARGIN]
    assert (header[:, left:right].min() < 100) and (header[:, beside:].min() < 100)  # labels


def test_large_pictures_are_reduced_and_small_ones_are_not():
    sheet = side_by_side([plain(RED, 400, 100), plain(GREEN, 10, 10)], ["a", "b"], longest=100)
    for colour, size in ((RED, (100, 25)), (GREEN, (10, 10))):
        top, left, bottom, right = box(sheet, colour)
        assert (bottom - top, right - left) == size


def test_long_labels_do_not_run_into_each_other():
    sheet = side_by_side([plain(RED, 8, 8), plain(BLUE, 8, 8)], ["a rather long label", "b"])
    _, left, _, _ = box(sheet, BLUE)
    assert left > 80


def test_contact_sheet_lays_out_a_grid():
    rows = [[plain(RED), plain(GREEN)], [plain(BLUE, 20, 30), plain(DARK, 50, 20)]]
    sheet = contact_sheet(rows, ["left", "right"])
    red, green, blue, dark = (box(sheet, c) for c in (RED, GREEN, BLUE, DARK))
    assert red[0] == green[0] and blue[0] == dark[0] == red[2] + MARGIN
    assert red[1] == blue[1] and green[1] == dark[1] == red[3] + MARGIN


def test_a_row_must_match_the_header():
    for rows in ([[plain(RED)]], [[plain(RED), plain(RED)], [plain(RED)]]):
        with pytest.raises(ValueError):
            contact_sheet(rows, ["a", "b"])


def test_mark_hole():
    pixels, mask = plain(RED), np.zeros((40, 60), bool)
    mask[3:5, 7:9] = True
    marked = mark_hole(pixels, mask)
    assert (marked[mask] == HOLE_COLOUR).all() and (marked[~mask] == RED).all()
    assert (pixels == RED).all()
