"""`--variants N` writes several answers, OUT-1 to OUT-N; `--seed S` writes one of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tiny import SCALES, networks

from tests.test_cli import (
    error_of,
    folder,
    loads,
    make_folders,
    mask,
    photo,
    pixels,
    tfpaint,
)
from tfpaint.commands import loading
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature

ONE = ["photo.png", "--mask", "mask.png", "-o", "out.png"]
MANY = ["photos", "--mask", "masks", "-o", "out"]


def names(folder):
    return {path.name for path in Path(folder).iterdir()}


def test_the_files_of_one_photo(folder, capsys):
    assert tfpaint(capsys, *ONE) == (0, [])
    plain = pixels("out.png")
    Path("out.png").unlink()
    before = names(".")
    assert tfpaint(capsys, *ONE, "--variants", 3) == (0, [])
    assert names(".") - before == {"out-1.png", "out-2.png", "out-3.png"}
    first, second, third = (pixels(f"out-{number}.png") for number in (1, 2, 3))
    np.testing.assert_array_equal(first, plain)
    hole = pixels("mask.png") > 127
    for other, same in ((second, third), (third, first)):
        assert np.array_equal(other[~hole], plain[~hole]) and not np.array_equal(other, same)


def test_the_seed_chooses_an_answer(folder, capsys):
    assert tfpaint(capsys, *ONE, "--variants", 3) == (0, [])
    assert tfpaint(capsys, *ONE, "--seed", 2, "--save-steps", "steps.png") == (0, [])
    np.testing.assert_array_equal(pixels("out.png"), pixels("out-3.png"))
    assert tfpaint(capsys, *ONE, "--seed", 1, "--variants", 1) == (0, [])
    np.testing.assert_array_equal(pixels("out-1.png"), pixels("out-2.png"))


def test_a_folder(folder, capsys):
    make_folders()
    assert tfpaint(capsys, *MANY, "--variants", 2) == (0, [])
    assert names("out") == {"a-1.png", "a-2.png", "b-1.jpg", "b-2.jpg", "c-1.png", "c-2.png"}


def test_a_transparent_bmp_of_a_folder_becomes_pngs(folder, capsys, caplog):
    Path("photos").mkdir()
    assert cv2.imwrite("photos/logo.bmp", np.full((12, 20, 4), 99, np.uint8))
    arguments = ["photos", "--mask", "mask.png", "-o", "out", "--variants", 2]
    assert tfpaint(capsys, *arguments) == (0, [])
    assert "is written as out/logo-1.png and out/logo-2.png" in caplog.text
    assert names("out") == {"logo-1.png", "logo-2.png"}


@pytest.mark.parametrize(
    "options, message",
    [
        (["--variants", 2, "--save-steps", "s.png"], "--save-steps and --show; leave out"),
        (["--variants", 2, "--show"], "--save-steps and --show; leave out"),
        (["--variants", 0], "--variants 0: has to be from 1 to 20"),
        (["--variants", -1], "--variants -1: has to be from 1 to 20"),
        (["--variants", 21], "--variants 21: has to be from 1 to 20"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, loads, capsys, options, message):
    before = names(".")
    assert message in error_of(capsys, *ONE, *options)
    assert names(".") == before and loads == []


@pytest.mark.parametrize(
    "given, message",
    [
        (["out-2.png", "--mask", "mask.png", "-o", "out.png"], "out-2.png: is one of the pictures"),
        (["photo.png", "--mask", "out-2.png", "-o", "out.png"], "out-2.png: is one of the pict"),
        (["photo.png", "--mask", "mask.png", "-o", "kept.png"], "kept-2.png: is read-only"),
        (["photo.png", "--mask", "mask.png", "-o", "taken.png"], "taken-2.png: is a folder"),
        (["photo.png", "--mask", "mask.png", "-o", "link.png"], "link-1.png: would hold two pict"),
        (["photo.png", "--mask", "mask.png", "-o", "."], ".: is a folder"),
        (["photo.png", "--mask", "mask.png", "-o", "photos"], "photos: is a folder"),
        (["photo.png", "--mask", "mask.png", "-o", "out.xyz"], "out-1.xyz: cannot tell the format"),
        (["photo.png", "--mask", "mask.png", "-o", "x" * 251 + ".png"], "xx-1.png: File name too"),
        (
            ["twins", "--mask", "mask.png", "-o", "out"],
            "out/a-1.png: would hold the results of twins/a.gif and twins/a.png",
        ),
    ],
)
def test_the_numbered_names_are_checked(folder, loads, capsys, given, message):
    make_folders()
    Path("twins").mkdir()
    for name in ("twins/a.png", "twins/a.gif", "kept-2.png"):
        photo(name)
    mask("out-2.png")
    Path("kept-2.png").chmod(0o444)
    Path("taken-2.png").mkdir()
    Path("link-1.png").symlink_to("link-2.png")
    before = sorted(folder.rglob("*"))
    assert message in error_of(capsys, *given, "--variants", 2)
    assert sorted(folder.rglob("*")) == before and loads == []


def test_a_read_only_file_in_a_folder_is_found_before_the_fill(folder, capsys):
    make_folders()
    Path("out").mkdir()
    photo("out/a-2.png")
    Path("out/a-2.png").chmod(0o444)
    assert "out/a-2.png: is read-only" in error_of(capsys, *MANY, "--variants", 2)
    assert names("out") == {"a-2.png", "b-1.jpg", "b-2.jpg", "c-1.png", "c-2.png"}


def test_a_file_of_the_plain_name_is_not_touched(folder, capsys):
    Path("out.png").write_text("mine")
    Path("out.png").chmod(0o444)
    assert tfpaint(capsys, *ONE, "--variants", 1) == (0, [])
    assert Path("out.png").read_text() == "mine"


@pytest.mark.parametrize("options", [["--variants", 2], ["--seed", 1]])
def test_networks_without_pixels_are_refused_once(folder, capsys, monkeypatch, options):
    make_folders()
    paper = Inpainter(*networks(), scales=SCALES)
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: paper)
    message = error_of(capsys, *MANY, *options)
    assert message == "seeds and variants need pixels=True, as the preset photo has it"
    assert not Path("out").exists()


def test_the_fills_are_the_inpainters(folder, capsys, monkeypatch):
    encoder, _, feature2image = networks()
    image2feature = Image2Feature(64, width=4)
    settings = {"scales": (64,), "options": Options(pixels=True)}
    inpainter = Inpainter(encoder, image2feature, feature2image, **settings)
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    photo("large.png", 110, 110)
    hole = np.zeros((110, 110), bool)
    hole[30:80, 30:80] = True
    Image.fromarray(hole).save("hole.png")
    arguments = ["large.png", "--mask", "hole.png", "-o", "out.png"]
    assert tfpaint(capsys, *arguments, "--variants", 2) == (0, [])
    assert tfpaint(capsys, *arguments) == (0, [])
    fills = inpainter(pixels("large.png"), hole, variants=2)
    for name, fill in zip(("out-1.png", "out-2.png"), fills, strict=True):
        np.testing.assert_array_equal(pixels(name), fill)
    np.testing.assert_array_equal(pixels("out.png"), fills[0])
    assert not np.array_equal(*fills)
