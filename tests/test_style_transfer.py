"""Style transfer on tiny networks."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.tiny import SCALES, networks, photo
from tfpaint import cli, stylize
from tfpaint.commands import loading
from tfpaint.errors import InputError
from tfpaint.inpainter import Inpainter


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(*networks(), scales=SCALES)


def test_any_sizes_and_the_proportions_of_the_content(inpainter):
    result = stylize(photo(50, 100), photo(70, 31, seed=1), inpainter, size=64)
    assert result.dtype == np.uint8 and result.shape == (32, 64, 3)


def test_a_picture_in_its_own_style_stays_the_same(inpainter):
    """Each patch's best match is itself, but for those that reach over the edge."""
    content = photo(96, 96)
    same = stylize(content, content, inpainter, size=96).astype(int)
    decoded = stylize(content, photo(96, 96, seed=1), inpainter, strength=0, size=96)
    other = stylize(content, photo(96, 96, seed=1), inpainter, size=96)
    inside = (slice(40, 56),) * 2
    assert np.abs(same - decoded)[inside].max() <= 1
    assert np.abs(other.astype(int) - decoded)[inside].max() > 1


def test_the_style_is_used_in_proportion_to_strength(inpainter):
    content, style = photo(64, 64), photo(64, 64, seed=1)
    none, half, full = (
        stylize(content, style, inpainter, strength=strength, size=64).astype(float)
        for strength in (0, 0.5, 1)
    )
    assert 0 < np.abs(half - none).mean() < np.abs(full - none).mean()


def test_colours_are_kept(inpainter):
    grey = np.repeat(photo(64, 64)[..., :1], 3, -1)
    kept = stylize(grey, photo(64, 64, seed=1), inpainter, size=64, keep_colours=True)
    assert np.ptp(kept.astype(int), axis=-1).max() <= 1
    free = stylize(grey, photo(64, 64, seed=1), inpainter, size=64)
    assert np.ptp(free.astype(int), axis=-1).max() > 1


@pytest.mark.parametrize("option", [{"strength": 1.5}, {"size": 63}, {"size": 769}])
def test_options_out_of_range(inpainter, option):
    with pytest.raises(InputError, match=next(iter(option))):
        stylize(photo(64, 64), photo(64, 64), inpainter, **option)


def test_wrong_arrays(inpainter):
    with pytest.raises(InputError, match=r"the style has to be uint8 \(H, W, 3\)"):
        stylize(photo(64, 64), photo(64, 64)[..., 0], inpainter)


def test_the_program(inpainter, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    files = [str(tmp_path / name) for name in ("a.png", "b.png", "out.png")]
    for seed, file in enumerate(files[:2]):
        Image.fromarray(photo(40, 64, seed)).save(file, icc_profile=b"the profile of %d" % seed)
    assert cli.main(["stylize", *files[:2], "-o", files[2], "--size", "64"]) == 0
    painted = Image.open(files[2])
    assert painted.size == (64, 40) and painted.info["icc_profile"] == b"the profile of 0"
    assert cli.main(["stylize", *files[:2], "-o", files[0], "--size", "64"]) == 2
    assert "a.png: is one of the pictures" in capsys.readouterr().err
    (tmp_path / "b.png").write_text("no picture")
    assert cli.main(["stylize", *files[:2], "-o", files[2]]) == 2
    assert "b.png" in capsys.readouterr().err
    assert cli.main(["stylize", files[0], files[0], "-o", files[2], "--strength", "2"]) == 2
    assert "from 0 to 1" in capsys.readouterr().err


def test_standard_output(inpainter, tmp_path, monkeypatch, capsysbinary):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    for seed, name in enumerate(("a.jpg", "b.png")):
        Image.fromarray(photo(64, 64, seed)).save(name)
    assert cli.main(["stylize", "a.jpg", "b.png", "--size", "64", "-o", "-"]) == 0
    with Image.open(io.BytesIO(capsysbinary.readouterr().out)) as styled:
        assert (styled.format, styled.size) == ("JPEG", (64, 64))
    assert cli.main(["stylize", "-", "-", "-o", "out.png"]) == 2
    assert b"-: standard input holds one picture" in capsysbinary.readouterr().err
