"""Files of several pages and of other bands or samples are refused by what they are; maps keep
their place."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.test_images import H, W, noise
from tfpaint.errors import InputError
from tfpaint.pictures.files import Photo, read_photo, write_photo
from tfpaint.pictures.masks import read_mask

GEO = [
    (33550, "d", 3, (10.0, 10.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 5e5, 4.6e6, 0.0), True),
    (34735, "H", 8, (1, 1, 0, 1, 1024, 0, 1, 1), True),
    (34736, "d", 2, (0.5, 6378137.0), True),
    (34737, "s", 8, "WGS 84|", True),
    (42112, "s", 0, "<GDALMetadata>D\u00fcne</GDALMetadata>".encode(), True),
    (42113, "s", 4, "255", True),
]


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("read", [read_photo, read_mask])
def test_several_pages_are_refused(tmp_path, suffix, read):
    frames = [Image.new("RGB", (W, H), colour) for colour in ("red", "blue", "green")]
    path = tmp_path / f"in{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    word = "pages" if suffix == ".tif" else "frames"
    with pytest.raises(InputError, match=f"in{suffix}: has 3 {word}, .* split it first, as by"):
        read(path)


def test_smaller_copies_and_masks_are_no_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "map.tif") as tiff:
        tiff.write(noise(3), photometric="rgb")
        tiff.write(noise(3)[::2, ::2], photometric="rgb", subfiletype=1)
        tiff.write(noise(1) > 99, photometric="mask", subfiletype=4)
    assert np.array_equal(read_photo(tmp_path / "map.tif").samples, noise(3))


def test_the_preview_behind_a_photo_is_no_page(tmp_path):
    frames = [Image.fromarray(noise(3)), Image.new("RGB", (W, H), "blue")]
    frames[0].save(tmp_path / "in.mpo", save_all=True, append_images=frames[1:], quality=100)
    (tmp_path / "in.mpo").rename(tmp_path / "in.jpg")
    assert read_photo(tmp_path / "in.jpg").pixels.std() > 20


@pytest.mark.parametrize("inside", [0, 1])
def test_a_raw_photo_is_not_taken_for_its_preview(tmp_path, inside):
    with tifffile.TiffWriter(tmp_path / "in.tif") as tiff:
        tiff.write(noise(3), photometric="rgb", subfiletype=1, subifds=inside)
        tiff.write(np.zeros((4 * H, 4 * W), np.uint16), photometric="minisblack")
    with pytest.raises(InputError, match="in.tif: begins with a small preview.* develop it"):
        read_photo(tmp_path / "in.tif")


def test_a_compression_that_is_unknown_is_named(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", noise(3), photometric="rgb")
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+") as tiff:
        tiff.pages[0].tags["Compression"].overwrite(34887)
    with pytest.raises(InputError, match=r"number 34887\) that cannot be read; save it deflated"):
        read_photo(tmp_path / "in.tif")


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    "samples, settings, message",
    [
        (noise(4), {"photometric": "rgb", "extrasamples": ["unspecified"]}, "4 bands of 8-bit"),
        (noise(5), {"photometric": "minisblack", "planarconfig": "contig"}, "5 bands of 8-bit"),
        (noise(4), {"photometric": "minisblack", "planarconfig": "contig"}, "4 bands of 8-bit"),
        (noise(2), {"photometric": "minisblack", "extrasamples": ["unspecified"]}, "2 bands"),
        (noise(5), {"photometric": "rgb", "extrasamples": ["unassalpha", "unspecified"]}, "5 ban"),
        (noise(5), {"photometric": "separated", "extrasamples": ["unassalpha"]}, "5 bands"),
        (noise(4, np.uint16), {"photometric": "rgb", "extrasamples": ["unspecified"]}, "16-bit"),
        (noise(3, np.uint16).transpose(2, 0, 1), {"photometric": "rgb"}, "in separate planes"),
        (noise(1).astype(np.float64), {}, "1 band of 64-bit floating-point samples"),
        (noise(1).astype(np.float32), {}, "1 band of 32-bit floating-point samples"),
        (noise(1).astype(np.float16), {}, "1 band of 16-bit floating-point samples"),
        (noise(3).astype(np.float32), {"photometric": "rgb"}, "3 bands of 32-bit floating-point"),
        (noise(1).astype(np.complex64), {}, "1 band of 64-bit complex samples"),
        (noise(1).astype(np.int16), {}, "1 band of 16-bit signed samples"),
        (noise(1).astype(np.int16) - 300, {}, "1 band of 16-bit signed samples"),
        (noise(1).astype(np.int8), {}, "1 band of 8-bit signed samples"),
        (noise(1).astype(np.int32), {}, "1 band of 32-bit signed samples"),
        (noise(1).astype(np.uint64), {}, "1 band of 64-bit unsigned samples"),
        (noise(3).astype(np.uint32), {"photometric": "rgb"}, "3 bands of 32-bit unsigned samples"),
    ],
)
def test_other_bands_and_samples_are_refused_by_what_they_are(
    tmp_path, samples, settings, message, big
):
    if samples.shape[0] == 3:
        settings = {**settings, "planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "in.tif", samples, bigtiff=big, **settings)
    with pytest.raises(InputError, match=f"in.tif: .*{message}.*; ") as caught:
        read_photo(tmp_path / "in.tif")
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("big", [False, True])
def test_a_map_keeps_its_place(tmp_path, dtype, big):
    samples = noise(3, dtype)
    tifffile.imwrite(tmp_path / "in.tif", samples, photometric="rgb", extratags=GEO, bigtiff=big)
    write_photo(tmp_path / "out.tif", read_photo(tmp_path / "in.tif"))
    before, after = (
        tifffile.TiffFile(tmp_path / name).pages[0].tags for name in ("in.tif", "out.tif")
    )
    for code, *_ in GEO:
        assert after[code].value == before[code].value, code
        assert after[code].dtype == before[code].dtype, code
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), samples)


def test_a_place_that_is_lost_is_said(tmp_path, caplog):
    tifffile.imwrite(tmp_path / "in.tif", noise(3), photometric="rgb", extratags=GEO)
    write_photo(tmp_path / "out.png", read_photo(tmp_path / "in.tif"))
    assert "out.png: PNG cannot hold the place on the map" in caplog.text
    caplog.clear()
    turned = [(274, "H", 1, 6, True), *GEO]
    tifffile.imwrite(tmp_path / "turned.tif", noise(3), photometric="rgb", extratags=turned)
    assert read_photo(tmp_path / "turned.tif").extras.geo == {}
    assert "turned.tif: is turned upright, which drops its place on the map" in caplog.text


@pytest.mark.parametrize("dtype, value", [(np.uint8, 255), (np.uint16, 255), (np.uint16, 65535)])
def test_pixels_without_data_are_unknown(tmp_path, dtype, value):
    samples = np.maximum(noise(3, dtype), 1) - dtype(1)
    samples[samples == value] = 7
    samples[2:5, 3:9] = value
    samples[7, 8, 0] = value  # a colour of this value alone is data
    tags = [(42113, "s", 0, str(value), True)]
    tifffile.imwrite(tmp_path / "in.tif", samples, photometric="rgb", extratags=tags)
    expected = np.zeros((H, W), bool)
    expected[2:5, 3:9] = True
    photo = read_photo(tmp_path / "in.tif")
    assert np.array_equal(photo.unknown, expected)
    clear = Photo(photo.path, np.full_like(samples, 9), extras=photo.extras)
    assert clear.unknown is None


def test_nodata_that_is_no_number(tmp_path):
    for text in ("nan", "none", ""):
        tags = [(42113, "s", 0, text, True)]
        tifffile.imwrite(tmp_path / "in.tif", noise(3), photometric="rgb", extratags=tags)
        assert read_photo(tmp_path / "in.tif").unknown is None
