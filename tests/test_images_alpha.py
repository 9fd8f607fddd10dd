"""What a picture file holds besides its colours: transparency, EXIF, ICC profile."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests.test_images import SRGB, H, W, chunk, noise, png, write_16_bit
from tfpaint.errors import InputError
from tfpaint.pictures.files import Photo, read_photo, write_photo


@pytest.mark.parametrize("channels, key", [(1, b"\1\7"), (3, b"\1\7\2\0\0\3")])
def test_a_transparent_colour_of_16_bits_is_transparency(tmp_path, channels, key):
    samples = noise(channels, np.uint16)
    samples[3:9, 4:20] = np.frombuffer(key, ">u2")
    write_16_bit(tmp_path / "in.png", samples)
    whole = (tmp_path / "in.png").read_bytes()
    data = whole.index(b"IDAT") - 4
    (tmp_path / "in.png").write_bytes(whole[:data] + chunk(b"tRNS", key) + whole[data:])
    photo = read_photo(tmp_path / "in.png")
    assert np.array_equal(photo.opaque().samples, samples.reshape(H, W, channels))
    missing = np.zeros((H, W), bool)
    missing[3:9, 4:20] = True
    assert np.array_equal(photo.alpha, np.where(missing, 0, 65535))


def test_webp_takes_no_profile_of_greys(tmp_path):
    write_photo(tmp_path / "grey.webp", Photo(tmp_path, noise(1)[..., None], icc=SRGB))
    assert "icc_profile" not in Image.open(tmp_path / "grey.webp").info


def test_sixteen_bit_grey_with_alpha(tmp_path):
    samples = noise(2, np.uint16)
    rows = np.hstack(
        [np.zeros((H, 1), np.uint8), samples.astype(">u2").view(np.uint8).reshape(H, -1)]
    )
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(png(W, H, 16, 4, zlib.compress(rows.tobytes())))
    photo = read_photo(source)
    assert np.array_equal(photo.samples, samples) and photo.grey
    write_photo(out, photo)
    assert np.array_equal(read_photo(out).samples, samples)
    assert np.array_equal(read_photo(out).alpha, samples[..., 1])


def test_palette(tmp_path):
    image = Image.fromarray(noise(3)).quantize(16)
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "see-through.png", transparency=3)
    image.save(tmp_path / "plain.gif")
    colours = np.asarray(image.convert("RGB"))
    assert np.array_equal(read_photo(tmp_path / "plain.png").samples, colours)
    assert np.array_equal(read_photo(tmp_path / "plain.gif").samples, colours)
    photo = read_photo(tmp_path / "see-through.png")
    assert np.array_equal(photo.pixels, colours)
    assert np.array_equal(photo.alpha == 0, np.asarray(image) == 3)


def test_bilevel_and_colour_key(tmp_path):
    Image.fromarray(noise(1) > 99).save(tmp_path / "bits.png")
    assert np.array_equal(read_photo(tmp_path / "bits.png").pixels[..., 0] == 255, noise(1) > 99)
    samples = noise(3)
    Image.fromarray(samples).save(tmp_path / "key.png", transparency=tuple(map(int, samples[2, 3])))
    assert read_photo(tmp_path / "key.png").alpha[2, 3] == 0


def test_cmyk_becomes_rgb_and_drops_its_profile(tmp_path):
    cmyk = Image.new("CMYK", (W, H), (0, 255, 255, 0))
    cmyk.save(tmp_path / "in.tif", icc_profile=SRGB)  # not even a CMYK profile: plain formula
    photo = read_photo(tmp_path / "in.tif")
    assert (photo.pixels == [255, 0, 0]).all() and photo.icc is None
    cmyk.save(tmp_path / "in.jpg", quality=100)
    assert np.abs(read_photo(tmp_path / "in.jpg").pixels.astype(int) - [255, 0, 0]).max() < 6


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path, orientation, suffix):
    # A corner of each colour, in the order top left, top right, bottom right, bottom left.
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, 24:, 0] = upright[16:, 24:, 1] = upright[16:, :24, 2] = 255
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"in{suffix}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    photo = read_photo(path)
    assert photo.size == (32, 48)
    assert np.abs(photo.pixels[4::8, 4::8].astype(int) - upright[4::8, 4::8]).max() < 20
    write_photo(tmp_path / f"out{suffix}", photo)
    assert Image.open(tmp_path / f"out{suffix}").getexif().get(0x0112, 1) == 1
    assert np.array_equal(read_photo(tmp_path / f"out{suffix}").pixels.shape, photo.pixels.shape)


def test_sixteen_bit_photo_is_turned_upright(tmp_path):
    samples = noise(3, np.uint16)
    turned = np.ascontiguousarray(np.rot90(samples))
    tags = [(274, "H", 1, 6, True)]
    tifffile.imwrite(tmp_path / "in.tif", turned, photometric="rgb", extratags=tags)
    assert np.array_equal(read_photo(tmp_path / "in.tif").samples, samples)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".16.png", ".16.tif"])
def test_exif_and_profile_are_kept(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8298] = 6, "Maker", "Somebody"
    exif[0x8769] = {0x829A: 0.01, 0xA002: 999, 0x9003: "2020:01:02 03:04:05"}
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 8.5)}
    exif[0x011A] = IFDRational(72009, 1000)
    Image.fromarray(noise(3)).save(tmp_path / "in.jpg", exif=exif, icc_profile=SRGB)
    photo = read_photo(tmp_path / "in.jpg")
    if ".16" in suffix:
        photo = type(photo)(
            photo.path, photo.samples.astype(np.uint16) * 257, photo.exif, photo.icc
        )
    write_photo(tmp_path / f"out{suffix}", photo)

    with Image.open(tmp_path / f"out{suffix}") as out:
        out.load()
        kept = out.getexif()
        assert out.info["icc_profile"] == SRGB
        assert (kept[0x010F], kept[0x8298]) == ("Maker", "Somebody")
        assert kept.get(0x0112, 1) == 1 and float(kept[0x011A]) == 72.009
        camera = kept.get_ifd(0x8769)
        assert camera[0x9003] == "2020:01:02 03:04:05" and float(camera[0x829A]) == 0.01
        assert 0xA002 not in camera  # a width from before the quarter turn
        assert [float(x) for x in kept.get_ifd(0x8825)[2]] == [47.0, 22.0, 8.5]
    again = read_photo(tmp_path / f"out{suffix}")
    assert b"Maker" in again.exif and again.icc == SRGB


def test_thumbnail_of_what_was_painted_out_is_not_kept(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\x0e\0\0\0\x02\0"  # empty IFD0, then an IFD1 of two tags
    exif += struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, 9)
    exif += b"\0\0\0\0" + b"THUMBNAIL"
    Image.fromarray(noise(3)).save(tmp_path / "in.jpg", exif=exif)
    assert b"THUMBNAIL" in (tmp_path / "in.jpg").read_bytes()
    write_photo(tmp_path / "out.jpg", read_photo(tmp_path / "in.jpg"))
    assert b"THUMBNAIL" not in (tmp_path / "out.jpg").read_bytes()


def test_broken_exif_does_not_refuse_the_photo(tmp_path):
    for number, exif in enumerate(
        [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense"]
    ):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(noise(3)).save(path, exif=exif)
        assert read_photo(path).exif == b""


def test_alpha_and_formats_without(tmp_path):
    Image.fromarray(noise(4)).save(tmp_path / "in.png")
    photo = read_photo(tmp_path / "in.png")
    with pytest.raises(InputError, match="JPEG cannot hold the transparency of .*in.png"):
        write_photo(tmp_path / "out.jpg", photo)
    write_photo(tmp_path / "out.jpg", photo.opaque())
    assert {path.name for path in tmp_path.iterdir()} == {"in.png", "out.jpg"}
