"""16 bits are filled as 16 bits, and what a photo does not show has no part in its fill."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint import batch, fill_files
from tfpaint.errors import InputError
from tfpaint.filling.options import Options
from tfpaint.filling.tone_range import stretch
from tfpaint.inpainter import Inpainter
from tfpaint.pictures.files import Photo, read_photo

SHAPE = 70, 90
MASK = mask_of(*SHAPE, (10, 12, 20, 24), (40, 50, 48, 60))


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(*networks(), scales=SCALES)


def narrow(low, factor, seed=0):
    """A photo whose values go from `low` to `low + 255 * factor`."""
    return np.uint16(low) + photo(*SHAPE, seed).astype(np.uint16) * np.uint16(factor)


def test_a_fill_does_not_depend_on_the_range_of_values_used(inpainter):
    scan, wide = narrow(500, 8), narrow(0, 257)
    filled, other = inpainter(scan, MASK), inpainter(wide, MASK)
    assert filled.dtype == other.dtype == np.uint16
    np.testing.assert_array_equal(filled[~MASK], scan[~MASK])
    np.testing.assert_allclose((filled - 500.0)[MASK] / 8, other[MASK] / 257.0, atol=0.2)
    assert len(np.unique(other[MASK])) > 256  # levels between those of 8 bits
    eight = inpainter(photo(*SHAPE), MASK)
    assert np.abs(other[MASK] / 257.0 - eight[MASK]).mean() < 1


def test_steps_have_the_depth_of_the_photo(inpainter):
    steps = inpainter(narrow(500, 8), MASK, steps=True)
    for picture in (steps.image, steps.coarse, *steps.scales.values()):
        assert picture.dtype == np.uint16
        assert picture[MASK].min() >= 500 and picture[MASK].max() <= 500 + 255 * 8


def test_the_range_is_that_of_the_known_pixels():
    crop = np.zeros((8, 8, 5), np.float32)
    crop[..., :3], crop[..., 3] = 1000, 1
    crop[0, 0, :3], crop[0, 1, :3] = 600, 1620
    crop[4, 4] = 0, 0, 0, 0, 1  # missing
    crop[5, 5] = 400, 400, 400, 0.5, 0.5  # the mean of known pixels is 800
    stretched, low, span = stretch(tf.constant(crop))
    assert (float(low), float(span)) == (600, 1020)
    np.testing.assert_allclose(stretched[0, 0, 0], 0, atol=1e-4)
    np.testing.assert_allclose(stretched[0, 1, 0], 255, atol=1e-4)
    np.testing.assert_allclose(stretched[5, 5, 0] / 0.5, 50, atol=1e-4)
    np.testing.assert_array_equal(stretched[..., 3:], crop[..., 3:])
    for empty in (np.zeros_like(crop), np.where(crop > 0, crop, 0) * 0):
        low, span = stretch(tf.constant(empty))[1:]
        assert (float(low), float(span)) == (0, 1)


def test_a_flat_ground_of_16_bits_stays_flat(inpainter):
    flat = np.full((*SHAPE, 3), 777, np.uint16)
    assert np.abs(inpainter(flat, MASK).astype(int) - 777).max() <= 1


@pytest.mark.parametrize("options", [Options(), Options(pixels=True)])
def test_hidden_colours_have_no_part_in_the_fill(options):
    scales = (64,) if options.pixels else SCALES
    encoder, image2feature, feature2image = networks()
    if options.pixels:
        image2feature = type(image2feature)(size=64, width=4)
    inpainter = Inpainter(encoder, image2feature, feature2image, scales, options)
    hidden = mask_of(*SHAPE, (0, 0, 70, 15), (30, 40, 44, 55))
    assert (hidden & MASK).any()
    one, other = photo(*SHAPE), photo(*SHAPE)
    other[hidden & ~MASK] = [255, 0, 0]
    results = [inpainter(image, MASK, unknown=hidden) for image in (one, other)]
    np.testing.assert_array_equal(results[0][MASK], results[1][MASK])
    for image, filled in zip((one, other), results, strict=True):
        np.testing.assert_array_equal(filled[~MASK], image[~MASK])
        assert (filled != image)[MASK].any()
    assert (inpainter(one, MASK) != inpainter(other, MASK))[MASK].any()


def test_what_is_unknown_has_to_fit_and_leave_something(inpainter):
    image = photo(*SHAPE)
    with pytest.raises(InputError, match="unknown is uint8"):
        inpainter(image, MASK, unknown=MASK.astype(np.uint8))
    with pytest.raises(InputError, match="transparent or without data; leave"):
        inpainter(image, MASK, unknown=~MASK)


def test_files_are_filled_at_their_depth_and_without_what_is_hidden(inpainter, tmp_path):
    Image.fromarray(MASK).save(tmp_path / "mask.png")
    Image.fromarray(narrow(500, 8)[..., 0]).save(tmp_path / "scan.png")
    logo = np.dstack([photo(*SHAPE), np.full(SHAPE, 255, np.uint8)])
    logo[:30, :12, 3] = 0
    Image.fromarray(logo).save(tmp_path / "logo.png")
    logo[:30, :12, :3] = 0, 255, 0
    Image.fromarray(logo).save(tmp_path / "green.png")
    for name in ("scan", "logo", "green"):
        jobs = batch.plan(
            tmp_path / f"{name}.png", tmp_path / "mask.png", tmp_path / f"{name}-out.png"
        ).jobs
        assert fill_files.run(jobs, lambda: inpainter) == []
    scan, logo, green = (
        read_photo(tmp_path / f"{name}-out.png").samples for name in ("scan", "logo", "green")
    )
    assert len(np.unique(scan[MASK])) > 100
    assert scan[MASK].min() >= 500 and scan[MASK].max() <= 2540
    np.testing.assert_array_equal(logo[MASK], green[MASK])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_photo_takes_colours_of_its_own_depth(tmp_path, channels):
    samples = np.full((20, 20, channels), 500, np.uint16)
    mask = mask_of(20, 20, (3, 3, 9, 9))
    colours = np.full((20, 20, 3), 1234, np.uint16)
    deep = Photo(tmp_path, samples)
    filled = deep.filled(colours, mask)
    assert filled.samples.dtype == np.uint16
    assert (filled.colours[mask] == 1234).all() and (filled.colours[~mask] == 500).all()
    shallow = Photo(tmp_path, samples.astype(np.uint8)).filled(colours, mask)
    assert shallow.samples.dtype == np.uint8 and (shallow.pixels[mask] == 1234 >> 8).all()
    assert deep.unknown is None
