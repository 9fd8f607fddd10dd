"""Masks that leave a rim of what should go are named, and widened on demand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from tfpaint.errors import InputError
from tfpaint.evaluation.irregular import irregular_hole
from tfpaint.pictures.files import Photo
from tfpaint.pictures.mask_files import MaskOptions, read_pair
from tfpaint.pictures.masks import square_hole
from tfpaint.pictures.tight_masks import grow, looks_tight

HOLE = np.zeros((12, 20), bool)
HOLE[3:8, 5:11] = True
WHITE = (HOLE * 255).astype(np.uint8)
PHOTOS = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}


@pytest.mark.parametrize("radius", [0, 1, 3, 30])
def test_growing_is_by_a_disc(radius):
    hole = HOLE.copy()
    hole[0, -1] = True  # a corner of the photo
    rows, columns = np.indices(hole.shape)
    near = [np.hypot(rows - y, columns - x) <= radius for y, x in np.argwhere(hole)]
    assert np.array_equal(grow(hole, radius), np.any(near, axis=0))


@pytest.mark.parametrize("pixels", [-1, 101])
def test_a_growth_out_of_range_is_refused(pixels):
    with pytest.raises(InputError, match=f"--grow-mask: {pixels} is not from 0 to 100 pixels"):
        MaskOptions(grow=pixels)


def test_every_kind_of_mask_is_grown_in_pixels_of_the_photo(tmp_path):
    pixels = np.zeros((24, 40, 4), np.uint8)
    pixels[..., 3] = 255 - WHITE.repeat(2, 0).repeat(2, 1)
    photo, grown = Photo(Path("a.png"), pixels), grow(HOLE.repeat(2, 0).repeat(2, 1), 2)
    Image.fromarray(WHITE).save(tmp_path / "m.png")
    fitted = read_pair(photo, tmp_path / "m.png", MaskOptions(fit=True, grow=2))[1]
    erased = read_pair(photo, None, MaskOptions(grow=2))[1]
    assert np.array_equal(fitted, grown) and np.array_equal(erased, grown)


def soft_disc(size):
    """The opacity of a disc, 0 to 1, drawn at four times its size."""
    large = Image.new("L", (4 * size[1], 4 * size[0]))
    ImageDraw.Draw(large).ellipse((300, 300, 700, 700), 255)
    return np.asarray(large.resize(size[::-1], Image.Resampling.BOX)) / 255


def lettering(size):
    """The opacity of lettering, 0 to 1."""
    layer = Image.new("L", size[::-1])
    ImageDraw.Draw(layer).text((30, 60), "Sample 2026", 255, ImageFont.load_default(40))
    return np.asarray(layer) / 255


def drawn(photo, opacity, colour=(255, 255, 255)):
    """A photo with something of one colour drawn on it."""
    clean, opacity = PHOTOS[photo], opacity[..., None]
    return np.rint(clean * (1 - opacity) + np.float32(colour) * opacity).astype(np.uint8)


@pytest.mark.parametrize("draw", [lettering, soft_disc])
@pytest.mark.parametrize("photo", PHOTOS)
def test_the_soft_edge_outside_a_mask_is_noticed(photo, draw):
    opacity = draw(PHOTOS[photo].shape[:2])
    for colour in ((255, 255, 255), (230, 40, 30)):
        picture = drawn(photo, opacity, colour)
        assert looks_tight(picture, opacity > 0.5) and looks_tight(picture, opacity > 0.75)
        for exact in (opacity > 0, grow(opacity > 0, 1), grow(opacity > 0.5, 3)):
            assert not looks_tight(picture, exact)


@pytest.mark.parametrize("photo", PHOTOS)
def test_a_hole_in_a_photo_is_no_tight_mask(photo):
    square = PHOTOS[photo][:300, :300]
    for side in (24, 64, 150):
        assert not looks_tight(square, square_hole(300, side))
    for seed in range(5):
        assert not looks_tight(square, irregular_hole(photo, 300, seed))


def test_what_cannot_be_told_is_no_tight_mask():
    picture = drawn("coffee", lettering(PHOTOS["coffee"].shape[:2]))
    speck = np.zeros(picture.shape[:2], bool)
    speck[90, 40] = True
    for mask in (speck, np.ones_like(speck), ~speck):
        assert not looks_tight(picture, mask)
    assert not looks_tight(np.zeros((16, 16, 3), np.uint8), square_hole(16, 8))


def test_a_tight_mask_is_said_unless_it_is_widened(tmp_path, caplog):
    opacity = lettering(PHOTOS["coffee"].shape[:2])
    photo = Photo(Path("a.png"), drawn("coffee", opacity))
    for cut, options, said in (
        (0.5, MaskOptions(), ["a.png: the mask seems tight; try --grow-mask 3"]),
        (0.5, MaskOptions(grow=1), []),
        (0, MaskOptions(), []),
    ):
        Image.fromarray(opacity > cut).save(tmp_path / "m.png")
        caplog.clear()
        read_pair(photo, tmp_path / "m.png", options)
        assert caplog.messages == said
