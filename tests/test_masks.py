"""Masks from files, transparency and arrays mean the same: True = missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tfpaint.errors import InputError
from tfpaint.pictures.files import Photo, read_photo
from tfpaint.pictures.mask_files import MaskOptions, fit_mask, read_pair
from tfpaint.pictures.masks import as_mask, read_mask, transparency

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


def dark(kind):
    """A picture that selects nothing as a mask, though HOLE is marked in it."""
    if kind == "labels":
        return Image.fromarray(HOLE.astype(np.uint8) * 2)
    if kind == "deep":
        return Image.fromarray(HOLE.astype(np.uint16) * 255)
    if kind == "palette":
        image = Image.fromarray(HOLE.astype(np.uint8)).convert("P")
        image.putpalette([0, 0, 0, 0, 0, 96])
        return image
    if kind == "erased":
        return Image.merge("LA", [Image.new("L", (20, 12)), Image.fromarray(255 - WHITE)])
    return Image.new("LA" if kind == "clear" else "L", (20, 12))


@pytest.mark.parametrize(
    "kind, reason",
    [
        ("labels", "its largest value is 2 of 255; save it with 255"),
        ("deep", "its largest value is 255 of 65535; save it with 65535"),
        ("palette", "the brightest colour of its palette is 96 of 255"),
        ("erased", "what is opaque in it is dark, and 12% is transparent; --mask-alpha takes"),
        ("clear", "it is transparent all over"),
        ("black", "it is black all over"),
    ],
)
def test_a_mask_that_selects_nothing_says_why(tmp_path, kind, reason):
    dark(kind).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=f"mask.png: selects nothing: {reason}"):
        read_mask(tmp_path / "mask.png")


def test_alpha_and_inverted(tmp_path):
    path = tmp_path / "mask.png"
    dark("erased").save(path)
    assert np.array_equal(read_mask(path, alpha=True), HOLE)
    assert np.array_equal(read_mask(path, alpha=True, invert=True), ~HOLE)
    Image.fromarray(WHITE).save(path)
    assert np.array_equal(read_mask(path, invert=True), ~HOLE)
    with pytest.raises(InputError, match="mask.png: selects nothing: it is opaque; .*--mask-alpha"):
        read_mask(path, alpha=True)
    Image.new("L", (5, 5), 255).save(path)
    with pytest.raises(InputError, match="mask.png: selects all .* nothing with"):
        read_mask(path, invert=True)
    with pytest.raises(InputError, match="--invert-mask: say how a mask is read; give one"):
        read_pair(
            Photo(Path("a.png"), np.zeros((4, 4, 4), np.uint8)), None, MaskOptions(alpha=True)
        )


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
    for value in (1, 127):
        with pytest.raises(InputError, match=f"largest value is {value} of 255"):
            as_mask(HOLE.astype(np.uint8) * value)
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


def turned_photo(path, orientation, size=(24, 40)):
    """A photo of that size before it is turned upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path, exif=exif)
    return read_photo(path)


TURNS = {
    5: np.transpose,
    6: lambda mask: np.rot90(mask, -1),
    7: lambda mask: np.rot90(mask, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", TURNS)
def test_a_mask_in_the_cameras_orientation_is_turned_as_the_photo(tmp_path, orientation):
    photo = turned_photo(tmp_path / "a.jpg", orientation, HOLE.shape)
    with pytest.raises(InputError, match="or --fit-mask to turn it"):
        fit_mask(HOLE, photo, "m.png")
    turned = TURNS[orientation](HOLE)
    assert np.array_equal(fit_mask(HOLE, photo, "m.png", resize=True), turned)
    large = turned_photo(tmp_path / "b.jpg", orientation)
    doubled = turned.repeat(2, 0).repeat(2, 1)
    assert np.array_equal(fit_mask(HOLE, large, "m.png", resize=True), doubled)


@pytest.mark.parametrize("orientation", [1, 3])
def test_a_mask_of_swapped_sides_is_never_squeezed(tmp_path, orientation):
    photo = turned_photo(tmp_path / "a.png", orientation, HOLE.T.shape)
    with pytest.raises(InputError, match="m.png: .* sides swapped; turn the mask"):
        fit_mask(HOLE, photo, "m.png", resize=True)


def test_a_hole_that_is_lost_in_fitting_is_said():
    speck = np.zeros((40, 40), bool)
    speck[0, 0] = True
    photo = Photo(Path("a.png"), np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(InputError, match="m.png: .* its hole is lost"):
        fit_mask(speck, photo, "m.png", resize=True)


def test_anti_aliased_strokes_are_cut_in_the_middle(tmp_path):
    large = Image.new("L", (160, 160))
    ImageDraw.Draw(large).ellipse((30, 30, 130, 130), 255)
    large.resize((40, 40), Image.Resampling.BOX).save(tmp_path / "mask.png")
    area = read_mask(tmp_path / "mask.png").sum()
    assert abs(area - np.pi * (101 / 8) ** 2) < 12
