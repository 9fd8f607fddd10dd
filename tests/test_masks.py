"""Masks from files, transparency and arrays mean the same: True = missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tfpaint.errors import InputError
from tfpaint.pictures.files import Photo
from tfpaint.pictures.masks import as_mask, fit_mask, read_mask, transparency

HOLE = np.zeros((12, 20), bool)
HOLE[3:8, 5:11] = True
WHITE = (HOLE * 255).astype(np.uint8)


def as_mode(mode):
    image = Image.fromarray(WHITE)
    if mode == "strokes":  # white on an empty layer, whose hidden colour is white too
        return Image.merge("RGBA", [Image.new("L", image.size, 255)] * 3 + [image])
    if mode == "red":
        return Image.merge("RGB", [image, *[Image.new("L", image.size)] * 2])
    if mode == "I;16":
        return Image.fromarray(WHITE.astype(np.uint16) * 257)
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "red", "strokes"])
def test_mask_files(tmp_path, mode):
    as_mode(mode).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    assert mask.dtype == bool and np.array_equal(mask, HOLE)


def test_jpeg_mask(tmp_path):
    as_mode("L").save(tmp_path / "mask.jpg", quality=30)
    assert np.array_equal(read_mask(tmp_path / "mask.jpg"), HOLE)


def test_greys_are_cut_at_127(tmp_path):
    Image.fromarray(np.uint8([[0, 127, 128, 255]])).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png").tolist() == [[False, False, True, True]]
    faint = np.full((1, 2, 4), 255, np.uint8)
    faint[0, :, 3] = 127, 128
    Image.fromarray(faint).save(tmp_path / "strokes.png")
    assert read_mask(tmp_path / "strokes.png").tolist() == [[False, True]]


def test_zeros_and_ones_are_no_mask(tmp_path):
    path = tmp_path / "mask.png"
    Image.fromarray(np.eye(5, dtype=np.uint8)).save(path)
    with pytest.raises(InputError, match="mask.png: holds only 0 and 1"):
        read_mask(path)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(path)
    assert not read_mask(path).any()


@pytest.mark.parametrize("value", [1, 255])
def test_small_values_in_16_bits_are_no_mask(tmp_path, value):
    path = tmp_path / "mask.png"
    Image.fromarray(HOLE.astype(np.uint16) * value).save(path)
    with pytest.raises(InputError, match="mask.png: has 16 bits and no value above 255"):
        read_mask(path)


def test_mask_follows_its_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(WHITE))).save(tmp_path / "mask.png", exif=exif)
    assert np.array_equal(read_mask(tmp_path / "mask.png"), HOLE)


def test_transparency():
    rgba = np.zeros((1, 4, 4), np.uint8)
    rgba[..., 3] = 0, 127, 128, 255
    assert transparency(Photo(Path("a.png"), rgba)).tolist() == [[True, True, False, False]]
    deep = Photo(Path("a.png"), rgba.astype(np.uint16) * 257)
    assert transparency(deep).tolist() == [[True, True, False, False]]
    for samples in (rgba[..., :3], rgba[:, 2:]):
        with pytest.raises(InputError, match="a.png: has no transparent pixels.*--mask"):
            transparency(Photo(Path("a.png"), samples))


def test_arrays():
    assert as_mask(HOLE) is HOLE
    assert np.array_equal(as_mask(WHITE), HOLE) and np.array_equal(as_mask(WHITE[..., None]), HOLE)
    assert as_mask(np.uint8([[127, 128]])).tolist() == [[False, True]]
    assert not as_mask(np.zeros((3, 3), np.uint8)).any()
    with pytest.raises(InputError, match="0 and 1"):
        as_mask(HOLE.astype(np.uint8))
    for wrong in (HOLE.astype(float), HOLE[0], np.zeros((4, 4, 3), np.uint8)):
        with pytest.raises(InputError, match="cannot be used; give bool or uint8"):
            as_mask(wrong)


def test_fitting():
    photo = Photo(Path("a.png"), np.zeros((24, 40, 3), np.uint8))
    with pytest.raises(
        InputError, match="m.png: the mask is 20 x 12.*a.png is 40 x 24.*--fit-mask"
    ):
        fit_mask(HOLE, photo, "m.png")
    doubled = fit_mask(HOLE, photo, "m.png", resize=True)
    assert np.array_equal(doubled, HOLE.repeat(2, 0).repeat(2, 1))
    assert fit_mask(doubled, photo, "m.png") is doubled
    small = Photo(Path("a.png"), np.zeros((4, 5, 3), np.uint8))
    assert np.array_equal(fit_mask(HOLE, small, "m.png", resize=True), HOLE[1::3, 2::4])


def test_anti_aliased_strokes_are_cut_in_the_middle(tmp_path):
    large = Image.new("L", (160, 160))
    ImageDraw.Draw(large).ellipse((30, 30, 130, 130), 255)
    large.resize((40, 40), Image.Resampling.BOX).save(tmp_path / "mask.png")
    area = read_mask(tmp_path / "mask.png").sum()
    assert abs(area - np.pi * (101 / 8) ** 2) < 12
