"""Graphs that one process keeps for the next: found if they are right, and never needed."""

import random
import subprocess
import sys
from unittest.mock import Mock

import numpy as np
import pytest

from tests import tiny
from tests.test_inpainter import SCALES
from tests.test_presets import networks
from tfpaint import Inpainter, InputError, Options
from tfpaint.cli import main
from tfpaint.filling import graphs, kept_graphs
from tfpaint.networks.feature2image import Feature2Image

IMAGE, MASK = tiny.photo(60, 80), tiny.mask_of(60, 80, (5, 5, 12, 12), (40, 60, 48, 70))


def inpainter(**changes):
    random.seed(0)  # Keras draws the same weights from it
    return Inpainter(*networks().values(), scales=SCALES, options=Options(**changes))


@pytest.fixture
def untraced(monkeypatch):
    """After this, nothing traces a graph, nor fills a photo without one."""

    def forbid():
        def fill_photo(*_):
            raise AssertionError("no graph was found")

        monkeypatch.setattr(graphs, "fill_photo", fill_photo)

    return forbid


@pytest.mark.parametrize("with_progress", [False, True])
def test_a_kept_graph_fills_the_first_photo_by_any_weights(no_graphs, untraced, with_progress):
    one, other = inpainter(), inpainter()
    for variable in other.filler.variables:
        variable.assign(variable * 0.9)
    expected = [each(IMAGE, MASK) for each in (one, other)]
    assert (expected[0] != expected[1]).any() and not no_graphs.exists()
    one.prepare()
    assert len(list(no_graphs.iterdir())) == 2
    untraced()
    windows = []
    progress = (lambda *about: windows.append(about)) if with_progress else None
    for each, filled in zip((inpainter(), other), expected, strict=True):
        # One that looked for a graph when there was none does not look again.
        each = Inpainter(*each.__reduce__()[1])
        np.testing.assert_array_equal(each(IMAGE, MASK, progress=progress), filled)
    assert windows == [(0, 2), (1, 2)] * 2 * with_progress
    one.prepare()  # has nothing to do


def test_another_inpainter_does_not_take_it(no_graphs, monkeypatch):
    inpainter().prepare()
    found = set(no_graphs.iterdir())
    inpainter(key_blur=2.0).prepare()
    assert len(set(no_graphs.iterdir()) - found) == 2
    monkeypatch.setattr(kept_graphs, "_code", lambda: ["another version"])
    inpainter().prepare()
    assert len(list(no_graphs.iterdir())) == 6


def test_networks_that_change_places_have_another_graph(no_graphs):
    encoder, image2feature, _ = networks().values()
    one, other = (Feature2Image(channels=16, width=4, depth=2) for _ in range(2))
    for at_32 in (one, other):
        drawing = {16: one, 32: at_32, 64: other}
        Inpainter(encoder, image2feature, drawing, scales=(16, 32, 64)).prepare()
    assert len(list(no_graphs.iterdir())) == 4


def test_a_damaged_file_is_made_again(no_graphs):
    expected = inpainter()(IMAGE, MASK)
    inpainter().prepare()
    for file in no_graphs.iterdir():
        file.write_bytes(file.read_bytes()[:-50])
    again = inpainter()
    np.testing.assert_array_equal(again(IMAGE, MASK), expected)
    again = inpainter()
    again.untraced = 0
    again(IMAGE, MASK)
    assert kept_graphs.load(again.filler, graphs.Kind()) is not None


def test_nothing_is_kept_of_foreign_networks_or_without_a_place(no_graphs, monkeypatch, tmp_path):
    foreign = Inpainter(*tiny.networks(), scales=tiny.SCALES)
    foreign.untraced = 0
    foreign(IMAGE, MASK)
    assert not list(no_graphs.glob("*"))
    with pytest.raises(InputError, match="no graph of these networks can be kept"):
        foreign.prepare()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    one = inpainter()
    expected = one(IMAGE, MASK)
    one.untraced = 0
    np.testing.assert_array_equal(one(IMAGE, MASK), expected)
    with pytest.raises(InputError, match="file/tfpaint/graphs: no graph"):
        one.prepare()


def test_a_user_without_a_home_has_no_graphs(monkeypatch, capsys):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(kept_graphs.Path, "home", Mock(side_effect=RuntimeError("no home")))
    one = inpainter()
    expected = one(IMAGE, MASK)
    one.untraced = 0
    np.testing.assert_array_equal(one(IMAGE, MASK), expected)
    assert main(["prepare"]) == 2
    assert capsys.readouterr().err.startswith("tfpaint: error: no home;")


def test_the_oldest_files_go(no_graphs, monkeypatch):
    monkeypatch.setattr(kept_graphs, "_MOST", 3)
    inpainter().prepare()
    first = {file: file.stat().st_mtime for file in no_graphs.iterdir()}
    inpainter(key_blur=2.0).prepare()
    assert len(list(no_graphs.iterdir())) == 3
    assert not min(first, key=first.get).exists()


def test_on_a_gpu_graphs_are_called_as_usual(no_graphs, monkeypatch):
    monkeypatch.setattr(graphs, "on_gpu", lambda: True)
    one = inpainter()
    expected = one(IMAGE, MASK)
    one.untraced = 0
    np.testing.assert_array_equal(one(IMAGE, MASK), expected)
    assert not no_graphs.exists()
    with pytest.raises(InputError, match="has a GPU"):
        one.prepare()


def test_the_command_prepares_the_next_process(no_graphs, tmp_path):
    assert main(["prepare"]) == 0
    program = f"""
import numpy as np
from tfpaint import Inpainter
from tfpaint.filling import graphs
graphs.fill_photo = None
image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
mask = np.zeros((80, 90), bool)
mask[20:50, 30:60] = True
np.save({str(tmp_path / "filled.npy")!r}, Inpainter.from_preset("photo")(image, mask))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    mask = tiny.mask_of(80, 90, (20, 30, 50, 60))
    for file in no_graphs.iterdir():
        file.unlink()
    expected = Inpainter.from_preset("photo")(image, mask)
    np.testing.assert_array_equal(np.load(tmp_path / "filled.npy"), expected)


def test_the_command_says_what_is_wrong(capsys):
    assert main(["prepare", "--preset", "no-such-preset"]) == 2
    assert "no-such-preset" in capsys.readouterr().err
