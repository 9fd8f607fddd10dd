"""Photos keep the bit depth of their file, and every sample outside the hole."""

import struct
import threading
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tfpaint.errors import InputError
from tfpaint.pictures.files import Photo, output_format, read_photo, write_photo, write_picture

H, W = 12, 20
MASK = np.zeros((H, W), bool)
MASK[3:8, 5:11] = True
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED = np.broadcast_to(np.uint8([200, 30, 60]), (H, W, 3))


def noise(channels, dtype=np.uint8):
    top = np.iinfo(dtype).max
    samples = np.random.default_rng(1).integers(0, top + 1, (H, W, channels), dtype=dtype)
    return samples[..., 0] if channels == 1 else samples


def write_16_bit(path, samples):
    """With libraries other than ours."""
    if path.suffix == ".tif":
        colour = "rgb" if samples.shape[2:] > (2,) else "minisblack"
        extra = ["unassalpha"] if samples.shape[2:] == (4,) else None
        tifffile.imwrite(path, samples, photometric=colour, extrasamples=extra)
    else:
        order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
        bgr = samples if samples.ndim == 2 else samples[..., order[samples.shape[2]]]
        assert cv2.imwrite(str(path), bgr)


def read_16_bit(path):
    if path.suffix == ".tif":
        return tifffile.imread(path)
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    bgr = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return bgr if bgr.ndim == 2 else bgr[..., order[bgr.shape[2]]]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, bits, colour, data):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_eight_bit_round_trip(tmp_path, mode, suffix):
    channels = len(mode)
    source, out = tmp_path / "in.png", tmp_path / f"out{suffix}"
    samples = noise(channels)
    if suffix == ".bmp" and "A" in mode:
        samples[..., -1] = 255
    Image.fromarray(samples, mode).save(source)

    photo = read_photo(source)
    assert photo.pixels.shape == (H, W, 3) and photo.pixels.dtype == np.uint8
    assert photo.size == (H, W) and photo.grey == (mode in ("L", "LA"))
    assert (photo.alpha is not None) == ("A" in mode)
    write_photo(out, photo.filled(RED, MASK))

    back = read_photo(out)
    before, after = Image.open(source).convert("RGBA"), Image.open(out).convert("RGBA")
    before, after = np.asarray(before), np.asarray(after)
    assert np.array_equal(before[~MASK], after[~MASK])
    assert np.array_equal(before[..., 3], after[..., 3])
    expected = [84, 84, 84] if photo.grey else [200, 30, 60]  # 0.299 R + 0.587 G + 0.114 B
    assert (after[MASK][:, :3] == expected).all()
    if suffix in (".png", ".tif"):
        assert Image.open(out).mode == mode
        assert np.array_equal(back.samples[~MASK], photo.samples[~MASK])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bit_tiff_for_other_programs(tmp_path, channels):
    samples = np.random.default_rng(1).integers(0, 256, (300, 401, channels), dtype=np.uint8)
    write_photo(tmp_path / "out.tif", Photo(tmp_path, samples))
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        page = tiff.pages[0]
        assert len(tiff.pages) == 1 and len(page.dataoffsets) > 1
        assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert page.predictor == tifffile.PREDICTOR.HORIZONTAL
        assert page.photometric.name == ("MINISBLACK" if channels < 3 else "RGB")
        alpha = [tifffile.EXTRASAMPLE.UNASSALPHA] * (channels in (2, 4))
        assert list(page.extrasamples) == alpha
        assert np.array_equal(page.asarray().reshape(samples.shape), samples)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_outside_the_hole(tmp_path, channels, suffix):
    source, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    samples = noise(channels, np.uint16)
    write_16_bit(source, samples)

    photo = read_photo(source)
    assert photo.samples.dtype == np.uint16
    assert np.array_equal(np.squeeze(photo.samples), samples)
    write_photo(out, photo.filled(RED, MASK))

    after = read_16_bit(out)
    assert after.dtype == np.uint16 and after.shape == samples.shape
    assert np.array_equal(after[~MASK], samples[~MASK])
    if channels == 1:
        assert (after[MASK] == 84 * 257).all()
    else:
        assert (after[MASK][:, :3] == np.array([200, 30, 60]) * 257).all()
    if channels == 4:
        assert np.array_equal(after[..., 3], samples[..., 3])
    with Image.open(out) as image:
        assert np.array_equal(read_photo(out).samples, photo.filled(RED, MASK).samples)
        assert image.size == (W, H)


@pytest.mark.parametrize("order, compression", [(">", None), ("<", "zlib"), (">", "zlib")])
def test_sixteen_bit_tiff_in_any_byte_order(tmp_path, order, compression):
    samples = noise(3, np.uint16)
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, samples, photometric="rgb", byteorder=order, compression=compression)
    assert np.array_equal(read_photo(path).samples, samples)


def test_sixteen_bit_photo_as_jpeg_has_eight(tmp_path):
    write_16_bit(tmp_path / "in.png", noise(3, np.uint16))
    write_photo(tmp_path / "out.jpg", read_photo(tmp_path / "in.png"))
    assert read_photo(tmp_path / "out.jpg").samples.dtype == np.uint8


def test_wide_grey(tmp_path):
    samples = noise(1, np.uint16)
    samples[0, 0] = 65535
    (tmp_path / "in.pgm").write_bytes(
        b"P5 %d %d 65535\n" % (W, H) + samples.astype(">u2").tobytes()
    )
    assert np.array_equal(read_photo(tmp_path / "in.pgm").samples[..., 0], samples)
    tifffile.imwrite(tmp_path / "wide.tif", np.full((H, W), 70000, np.uint32))
    with pytest.raises(InputError, match="more than 16 bits"):
        read_photo(tmp_path / "wide.tif")


def test_jpeg_is_written_finely(tmp_path):
    smooth = np.zeros((64, 64, 3), np.uint8)
    smooth[..., 0] = np.arange(64) * 4
    smooth[:, 32:, 2] = 255  # a sharp edge in colour alone, which subsampling would smear
    write_picture(tmp_path / "out.jpg", smooth)
    assert np.abs(read_photo(tmp_path / "out.jpg").pixels.astype(int) - smooth).max() <= 8


def test_huge_picture_is_refused_from_its_header(tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(png(20000, 20000, 8, 2, b"never looked at"))
    with pytest.raises(
        InputError, match=r"huge.png: 20000 x 20000 is 400.0 megapixels, .* 100; .*"
    ):
        read_photo(path)
    with pytest.raises(InputError, match="--max-pixels 400000000"):
        read_photo(path)


def save_in(folder):
    """Small files of every readable format, and of several kinds of TIFF and PNG."""
    for suffix in ".png .jpg .jpeg .tif .tiff .webp .avif .bmp .gif .jp2 .pgm .ppm".split():
        Image.fromarray(noise(3)).save(folder / f"in{suffix}")
    for suffix in (".png", ".tif", ".gif", ".bmp"):
        Image.fromarray(noise(3)).quantize(16).save(folder / f"palette{suffix}")
    for suffix in (".png", ".tif"):
        write_16_bit(folder / f"deep{suffix}", noise(3, np.uint16))
    Image.fromarray(noise(3)).save(folder / "lzw.tif", compression="tiff_lzw")
    Image.fromarray(noise(1)).save(folder / "mapped.tif")  # Pillow maps it into memory
    return sorted(folder.iterdir())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("limit", [H * W // 4, H * W - 1])  # Pillow: an error, a warning
def test_the_limit_is_ours_and_not_pillows(tmp_path, monkeypatch, limit):
    paths = save_in(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    for path in paths:
        assert read_photo(path, max_pixels=H * W).size == (H, W), path
        with pytest.raises(InputError, match="over the limit"):
            read_photo(path, max_pixels=H * W - 1)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_pillows_limit_is_back_when_pixels_are_decoded(tmp_path, monkeypatch):
    paths, limits, decoder = save_in(tmp_path), [], Image._getdecoder

    def note(*arguments):
        limits.append(Image.MAX_IMAGE_PIXELS)
        return decoder(*arguments)

    monkeypatch.setattr(Image, "_getdecoder", note)
    for path in paths:
        read_photo(path)
    assert len(limits) > 15 and set(limits) == {Image.MAX_IMAGE_PIXELS} and None not in limits


def test_threads_leave_pillows_limit_alone(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    Image.fromarray(noise(3)).save(tmp_path / "in.png")
    threads = [
        threading.Thread(target=lambda: [read_photo(tmp_path / "in.png") for _ in range(20)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before is not None and before == Image.MAX_IMAGE_PIXELS


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.jpg").write_text("no picture")
    (tmp_path / "flat.png").write_bytes(png(0, 5, 8, 2, b""))
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "script.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, remedy in {
        "missing.jpg": "no such file; check the name",
        "empty.jpg": "is empty; copy it again",
        "notes.jpg": "is not a picture, or damaged; give a PNG, JPEG",
        "flat.png": "give another picture|is not a picture",
        "folder.jpg": "is a folder; name a picture in it",
        "script.eps": "is not a picture",
    }.items():
        with pytest.raises(InputError, match=f"{name}: .*({remedy})"):
            read_photo(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".gif"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_truncated_pictures_are_errors(tmp_path, suffix, part):
    samples = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"in{suffix}"
    write = {"compression": "tiff_lzw"} if suffix == ".tif" else {}
    Image.fromarray(samples).save(path, **write)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match="damaged"):
        read_photo(path)


@pytest.mark.parametrize("name", ["out", "out.gif", "out.xyz", "."])
def test_outputs_that_cannot_be_written(tmp_path, name):
    with pytest.raises(InputError, match="suffix|is a folder"):
        output_format(tmp_path / name)


def test_failure_leaves_nothing_and_keeps_the_old_file(tmp_path, monkeypatch):
    out = tmp_path / "out.png"
    out.write_bytes(b"old")

    def stop(self, file, *args, **settings):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        write_picture(out, noise(3))
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert out.read_bytes() == b"old"


def test_unwritable_places_are_errors(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not be written"):
        write_picture(tmp_path / "file" / "out.png", noise(3))
    with pytest.raises(InputError, match="could not be written"):
        write_picture(tmp_path / "wide.webp", np.zeros((1, 17000, 3), np.uint8))  # at most 16383
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    write_picture(tmp_path / "new" / "folder" / "out.png", noise(3))
    assert (tmp_path / "new" / "folder" / "out.png").exists()
