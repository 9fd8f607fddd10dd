"""Irregular holes: the same for a name and a seed, of every shape, in the evaluation's records."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tfpaint.cli import main
from tfpaint.evaluation.cases import load_cases
from tfpaint.evaluation.irregular import LARGEST, SMALLEST, chosen, irregular_hole
from tfpaint.pictures.masks import square_hole
from tfpaint.pictures.sheets import HOLE_COLOUR

NAMES = [f"photo {number}" for number in range(40)]


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for name in NAMES[:12]:
        Image.fromarray(data.chelsea()).resize((72, 64)).save(tmp_path / "photos" / f"{name}.png")
    return tmp_path / "photos"


def test_holes_are_ragged_and_of_their_size():
    holes = [irregular_hole(name, 96) for name in NAMES]
    assert all(SMALLEST <= hole.mean() <= LARGEST for hole in holes)
    assert len({hole.tobytes() for hole in holes}) == len(holes)
    boxes = []
    for hole in holes:
        rows, columns = np.nonzero(hole)
        boxes.append(hole.sum() / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1)))
    assert max(boxes) < 0.9 and min(boxes) < 0.3  # of their bounding boxes
    assert any(hole[[0, -1]].any() or hole[:, [0, -1]].any() for hole in holes)


def test_name_and_seed_decide():
    one, same = (irregular_hole("a", 64, 3) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert (one != irregular_hole("a", 64, 4)).any() and (one != irregular_hole("b", 64, 3)).any()
    # Pinned, for the figures in the documentation: the same on every machine.
    assert [int(irregular_hole(name, 64).sum()) for name in NAMES[:3]] == [549, 566, 626]
    larger = irregular_hole("a", 128, 3)
    assert (larger[::2, ::2] != one).mean() < 0.05


def test_a_share_of_the_photos_is_chosen():
    names = [str(number) for number in range(600)]
    third = {name for name in names if chosen(name, 1 / 3)}
    half = {name for name in names if chosen(name, 1 / 2)}
    assert 150 < len(third) < 250 and third < half
    assert not any(chosen(name, 0) for name in names) and all(chosen(name, 1) for name in names)


def test_cases_have_them(photos):
    cases = list(load_cases(photos, "centre", 64, irregular=0.5, seed=1))
    drawn = {case.name for case in cases if case.irregular}
    assert 0 < len(drawn) < len(cases)
    for case in cases:
        expected = irregular_hole(case.name, 64, 1) if case.irregular else square_hole(64, 32)
        np.testing.assert_array_equal(case.mask, expected)
    first = list(load_cases(photos, "centre", 64, 5, 0.5, 1))
    assert [case.irregular for case in first] == [case.irregular for case in cases[:5]]


def test_the_report_tells_which_and_shows_them(photos, tmp_path, capsys):
    arguments = ["--images", str(photos), "--size", "64", "--methods", "mean"]
    drawn = ["--irregular", "0.5", "--seed", "1", "-o", str(tmp_path / "out")]
    assert main(["evaluate", *arguments, *drawn]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    expected = [name for name in sorted(NAMES[:12]) if chosen(name, 0.5, 1)]
    assert report["irregular"] == expected
    said = f"{len(expected)} (0.5 of them, seed 1)"
    assert report["about"]["irregular holes"] == said and said in capsys.readouterr().out
    shown = np.asarray(Image.open(tmp_path / "out" / "pictures" / f"{expected[0]}-input.png"))
    hole = irregular_hole(expected[0], 64, 1)
    np.testing.assert_array_equal((shown == HOLE_COLOUR).all(-1), hole)


@pytest.mark.parametrize("given", [["--irregular", "2"], ["--irregular", "x"], ["--seed", "-1"]])
def test_options_that_make_no_sense(given, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", *given])
    assert f"{given[1]!r} is not a" in capsys.readouterr().err
