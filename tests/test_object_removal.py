"""The gallery of removed objects."""

import numpy as np
from PIL import Image

from benchmarks import object_removal


def test_a_row_shows_hole_coarse_fill_and_result(tmp_path, monkeypatch):
    scratches = object_removal.CASES[3]
    monkeypatch.setattr(object_removal, "CASES", [scratches])
    file = tmp_path / "sheet.png"
    object_removal.main(["--out", str(file)])
    marked, coarse, result = np.hsplit(np.asarray(Image.open(file)).astype(int), 3)
    assert marked.shape == (object_removal.HEIGHT, object_removal.WIDTH, 3)
    changed = (np.abs(result - marked) > 20).any(-1).mean()
    assert 0.01 < changed < 0.1
    assert (np.abs(result - coarse) > 20).any(-1).mean() < changed


def test_shapes_are_drawn_where_they_are_said_to_be():
    mask = object_removal.drawn((20, 30), [[(2, 3), (6, 3), (6, 9), (2, 9)]], [[(20, 0), (20, 19)]])
    assert mask.shape == (20, 30)
    assert mask[3:10, 2:7].all() and not mask[12:, :15].any()
    assert mask[5, 18:23].all() and not mask[:, 26:].any()
