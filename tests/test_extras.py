"""What a file carries beside its samples stays, as far as its format holds it and it is true."""

import logging
import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from tests.test_images import SRGB, H, W, chunk, noise
from tfpaint.errors import InputError
from tfpaint.pictures.extras import Extras
from tfpaint.pictures.files import Photo, output_format, read_photo, write_photo

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description dc:title='dunes'/></x:xmpmeta>"


def carrying(*chunks):
    """A PNG with more chunks after its header."""
    data = zlib.compress(np.hstack([np.zeros((H, 1), np.uint8), noise(1)]).tobytes())
    header = struct.pack(">IIBBBBB", W, H, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def info(path):
    with Image.open(path) as image:
        image.load()
        return dict(image.info)


@pytest.mark.parametrize(
    "long",
    [
        (b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * 1_500_000)),
        (b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(b"x" * 1_500_000)),
        (b"zTXt", b"bomb\0\0" + zlib.compress(b"0" * 100_000_000)),
        (b"tEXt", b"long\0" + b"x" * 70_000_000),
    ],
)
def test_long_texts_are_kept(tmp_path, long):
    (tmp_path / "in.png").write_bytes(carrying(long, (b"tEXt", b"Comment\0short")))
    photo = read_photo(tmp_path / "in.png")
    assert np.array_equal(photo.samples[..., 0], noise(1))
    write_photo(tmp_path / "out.png", photo)
    assert chunk(*long) in (tmp_path / "out.png").read_bytes()
    assert chunk(b"tEXt", b"Comment\0short") in (tmp_path / "out.png").read_bytes()


def test_many_texts_are_kept_together(tmp_path):
    texts = [(b"zTXt", b"part %d\0\0" % n + zlib.compress(b"x" * 1_000_000)) for n in range(70)]
    (tmp_path / "in.png").write_bytes(carrying(*texts))
    write_photo(tmp_path / "out.png", read_photo(tmp_path / "in.png"))
    assert all(chunk(*text) in (tmp_path / "out.png").read_bytes() for text in texts)


def test_long_profiles(tmp_path, caplog):
    whole = SRGB + bytes(3_000_000)
    for name, icc in (("long", whole), ("endless", SRGB + bytes(20_000_000))):
        packed = b"Profile\0\0" + zlib.compress(icc)
        (tmp_path / f"{name}.png").write_bytes(carrying((b"iCCP", packed)))
    assert read_photo(tmp_path / "long.png").icc == whole and not caplog.records
    assert read_photo(tmp_path / "endless.png").icc is None
    assert "endless.png: its colour profile is too long and is lost" in caplog.text


def test_a_broken_png_with_texts_is_still_an_error(tmp_path):
    whole = carrying((b"tEXt", b"Comment\0short"))
    (tmp_path / "in.png").write_bytes(whole[: whole.index(b"IDAT") + 9])
    with pytest.raises(InputError, match="in.png: truncated or damaged"):
        read_photo(tmp_path / "in.png")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_to_png(tmp_path, dtype):
    chunks = [
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", *range(31270, 31278))),
        (b"pHYs", struct.pack(">IIB", 11811, 5906, 1)),
        (b"tEXt", b"Comment\0scanned in 1998"),
        (b"iTXt", b"Title\0\0\0de\0\0D\xc3\xbcne"),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    ]
    (tmp_path / "in.png").write_bytes(carrying(*chunks))
    photo = read_photo(tmp_path / "in.png")
    deep = Photo(photo.path, photo.samples.astype(dtype), photo.exif, photo.icc, photo.extras)
    write_photo(tmp_path / "out.png", deep)
    written = (tmp_path / "out.png").read_bytes()
    for one in chunks:
        assert written.count(chunk(*one)) == 1, one


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("source", [".jpg", ".tif", ".png"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png", ".bmp", ".webp"])
def test_resolution_and_xmp_across_formats(tmp_path, source, suffix, dtype):
    settings = {"dpi": (300, 150)}
    if source == ".png":
        settings["pnginfo"] = PngImagePlugin.PngInfo()
        settings["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif source == ".tif":
        settings["tiffinfo"] = {700: XMP}
    else:
        settings["xmp"] = XMP
    Image.fromarray(noise(3)).save(tmp_path / f"in{source}", **settings)
    photo = read_photo(tmp_path / f"in{source}")
    deep = Photo(photo.path, photo.samples.astype(dtype), photo.exif, photo.icc, photo.extras)
    write_photo(tmp_path / f"out{suffix}", deep)
    kept = info(tmp_path / f"out{suffix}")
    if suffix != ".webp":
        assert np.allclose(kept["dpi"], (300, 150), atol=0.1)
    if suffix != ".bmp":
        assert kept["xmp"] == XMP


def test_a_quarter_turn_swaps_the_resolutions(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = 6, 300, 150, 2
    Image.fromarray(noise(3)).save(tmp_path / "in.jpg", exif=exif, dpi=(300, 150))
    tags = [(274, "H", 1, 6, True)]
    resolution = {"resolution": (300, 150), "resolutionunit": "inch"}
    tifffile.imwrite(tmp_path / "in.tif", noise(3), photometric="rgb", extratags=tags, **resolution)
    for source in ("in.jpg", "in.tif"):
        for out in ("out.jpg", "out.tif", "out.png"):
            write_photo(tmp_path / out, read_photo(tmp_path / source))
            with Image.open(tmp_path / out) as image:
                assert np.allclose(image.info["dpi"], (150, 300), atol=0.1), (source, out)
                assert image.getexif()[0x011A] == 150


def test_comment_of_a_jpeg(tmp_path):
    Image.fromarray(noise(3)).save(tmp_path / "in.jpg", comment=b"by the sea")
    for suffix, key in ((".jpg", "comment"), (".png", "Comment")):
        write_photo(tmp_path / f"out{suffix}", read_photo(tmp_path / "in.jpg"))
        assert info(tmp_path / f"out{suffix}")[key] in (b"by the sea", "by the sea")


def test_orientation_and_thumbnails_of_before_are_not_kept(tmp_path):
    packet = (
        b'<rdf:Description tiff:Orientation="6"><xmp:Thumbnails><rdf:Alt>BEFORE</rdf:Alt>'
        b"</xmp:Thumbnails></rdf:Description>"
    )
    Image.fromarray(noise(3)).save(tmp_path / "in.jpg", xmp=packet)
    photo = read_photo(tmp_path / "in.jpg")
    assert photo.size == (W, H)
    assert photo.extras.xmp == b"<rdf:Description ></rdf:Description>"
    raw = (b"tEXt", b"Raw profile type exif\0\nexif\n 4\n00000000\n")
    (tmp_path / "raw.png").write_bytes(carrying(raw))
    assert read_photo(tmp_path / "raw.png").extras.chunks == ()


def test_what_is_too_long_for_a_jpeg_is_left_out_with_a_warning(tmp_path, caplog):
    extras = Extras(xmp=b"x" * 70_000, comment=b"y" * 70_000)
    photo = Photo(tmp_path / "in.png", noise(3), b"Exif\0\0" + bytes(70_000), extras=extras)
    write_photo(tmp_path / "out.jpg", photo)
    assert "xmp" not in info(tmp_path / "out.jpg")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
def test_one_bit_stays_one_bit(tmp_path, suffix):
    ink = noise(1) > 99
    Image.fromarray(ink).save(tmp_path / "scan.tif", compression="group4")
    photo = read_photo(tmp_path / "scan.tif")
    assert photo.samples.dtype == np.uint8 and photo.grey
    mask = np.zeros((H, W), bool)
    mask[2:6, 2:9] = True
    grey = np.repeat(noise(1)[..., None], 3, -1)
    write_photo(tmp_path / f"out{suffix}", photo.filled(grey, mask))
    with Image.open(tmp_path / f"out{suffix}") as out:
        assert out.mode == ("L" if suffix == ".jpg" else "1")
        if suffix != ".jpg":
            assert np.array_equal(np.asarray(out), np.where(mask, noise(1) > 127, ink))


def test_a_link_is_written_through_and_modes_stay(tmp_path):
    photo = Photo(tmp_path, noise(3))
    target = tmp_path / "elsewhere" / "result.png"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    (tmp_path / "link.png").symlink_to(target)
    write_photo(tmp_path / "link.png", photo)
    assert (tmp_path / "link.png").is_symlink() and target.stat().st_mode & 0o777 == 0o640
    assert np.array_equal(read_photo(target).samples, noise(3))

    (tmp_path / "dangling.png").symlink_to("elsewhere/new.png")
    write_photo(tmp_path / "dangling.png", photo)
    assert (tmp_path / "elsewhere" / "new.png").is_file()
    before = os.umask(0o022)
    try:
        write_photo(tmp_path / "fresh.png", photo)
    finally:
        os.umask(before)
    assert (tmp_path / "fresh.png").stat().st_mode & 0o777 == 0o644


def test_a_read_only_file_is_refused(tmp_path):
    out = tmp_path / "out.png"
    out.write_bytes(b"old")
    out.chmod(0o444)
    (tmp_path / "link.png").symlink_to(out)
    for path in (out, tmp_path / "link.png"):
        with pytest.raises(InputError, match="is read-only; make it writable"):
            output_format(path)
        with pytest.raises(InputError, match="is read-only"):
            write_photo(path, Photo(tmp_path, noise(3)))
    assert out.read_bytes() == b"old"
