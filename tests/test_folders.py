"""Folders: which files are pictures, which mask is whose, and nothing is overwritten."""

import re
import time
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

from tfpaint import batch
from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from tfpaint.pictures.folders import Masks, check_written, search


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def names(paths):
    return [path.name for path in paths]


def test_pictures_are_told_by_suffix_or_content(tmp_path):
    touch(tmp_path, "b.PNG", "a.jpeg", "notes.txt", "png", ".hidden.png")
    image = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    kinds = {"jfif": "JPEG", "jpe": "JPEG", "pnm": "PPM", "j2k": "JPEG2000", "dib": "BMP"}
    for suffix, kind in kinds.items():
        image.save(tmp_path / f"x.{suffix}", kind)
    image.save(tmp_path / "without", "PNG")
    (tmp_path / "list.csv").write_text("P3, a, b")
    found = search(tmp_path)
    wanted = ["a.jpeg", "b.PNG", "without", *(f"x.{suffix}" for suffix in sorted(kinds))]
    assert names(found.pictures) == wanted
    assert names(found.others) == ["list.csv", "notes.txt", "png"]
    assert found.left_out() == [
        f"left out (not pictures): {tmp_path}/list.csv, {tmp_path}/notes.txt, {tmp_path}/png"
    ]


HEADS = {
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    "renamed.jpg": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
    "a.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    "layers.psd": (b"8BPS\0\1", "Photoshop"),
    "drawing.svg": (b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="">', "SVG"),
    "camera.cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1", "camera raw"),
    "camera.NEF": (b"MM\0*\0\0\0\x08", "camera raw"),
}


@pytest.mark.parametrize("name", HEADS)
def test_known_formats_that_are_not_read_are_named(tmp_path, name):
    head, kind = HEADS[name]
    path = tmp_path / name
    path.write_bytes(head + bytes(100))
    assert search(tmp_path).pictures == [path]
    with pytest.raises(InputError, match=f"{name}: is {kind}, .*: magick {name} {path.stem}.png"):
        read_photo(path)


def test_an_avif_of_the_brand_mif1_is_no_heic(tmp_path):
    path = tmp_path / "a.avif"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    path.write_bytes(re.sub(b"ftypavif", b"ftypmif1", path.read_bytes()))
    assert read_photo(path).size == (8, 8)


def test_subfolders(tmp_path):
    touch(tmp_path, "b.png")
    touch(tmp_path / "a", "1.png", "notes.txt")
    touch(tmp_path / "masks", "b.png")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "ring").symlink_to("ring")
    found = search(tmp_path, apart=[tmp_path / "masks"])
    assert names(found.pictures) == ["b.png", "ring"]
    assert found.left_out() == [f"left out (subfolders, which --recursive takes too): {tmp_path}/a"]
    found = search(tmp_path, recursive=True, apart=[tmp_path / "masks"])
    assert names(found.pictures) == ["1.png", "b.png", "ring"]
    assert names(found.others) == ["notes.txt"] and not found.folders


def test_many_are_counted(tmp_path):
    touch(tmp_path, *(f"{index}.txt" for index in range(30)))
    (line,) = search(tmp_path).left_out()
    assert line.endswith(" and 10 more") and line.count(".txt") == 20


def test_a_mask_has_the_stem_of_its_photo(tmp_path):
    folder = touch(tmp_path / "masks", "a.png", "a.txt", "b.png", "b.bmp", "a.b.png")
    masks = Masks(folder)
    assert masks.of(Path("photos/a.jpg")) == folder / "a.png"
    assert masks.of(Path("a.b.jpg")) == folder / "a.b.png"
    assert Masks(folder / "b.png").of(Path("a.jpg")) == folder / "b.png"
    assert Masks(None).of(Path("a.jpg")) is None
    with pytest.raises(InputError, match="b.jpg: several masks in .*: b.bmp and b.png; keep one"):
        masks.of(Path("b.jpg"))
    with pytest.raises(InputError, match="c.jpg: no mask in .*masks; add one as c.png"):
        masks.of(Path("c.jpg"))


@pytest.mark.parametrize("form, other", [("NFC", "NFD"), ("NFD", "NFC")])
def test_unicode_forms_are_one_name(tmp_path, form, other):
    folder = touch(tmp_path, normalize(other, "café.png"))
    assert Masks(folder).of(Path(normalize(form, "café.jpg"))) is not None


def test_nothing_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_written([Path("a.png"), None], [Path("b.png"), None, Path("c.png"), None])
    with pytest.raises(InputError, match="a.png: is one of the pictures to read"):
        check_written([tmp_path / "a.png"], [Path("x/../a.png")])
    with pytest.raises(InputError, match="b.png: would hold two pictures"):
        check_written([], [Path("b.png"), tmp_path / "b.png"])
    touch(tmp_path, "a.png")
    Path("link.png").symlink_to("a.png")
    with pytest.raises(InputError, match="link.png: is one of the pictures to read"):
        check_written([Path("a.png")], [Path("link.png")])


def test_planning_takes_linear_time(tmp_path):
    touch(tmp_path / "photos", *(f"{index}.jpg" for index in range(20_000)))
    touch(tmp_path / "masks", *(f"{index}.png" for index in range(20_000)))
    began = time.process_time()
    jobs, problems, left_out = batch.plan(*(tmp_path / name for name in ("photos", "masks", "out")))
    assert time.process_time() - began < 6  # alone on a core it takes one
    assert len(jobs) == 20_000 and not problems and not left_out
    assert all(job.photo.stem == job.mask.stem == job.out.stem for job in jobs)
