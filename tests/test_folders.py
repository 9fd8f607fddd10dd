"""Folders: which files are pictures, which mask is whose, and nothing is overwritten."""

from pathlib import Path

import pytest

from tfpaint.errors import InputError
from tfpaint.pictures.folders import check_written, find_mask, pictures


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_pictures_are_told_by_suffix(tmp_path):
    touch(tmp_path, "b.PNG", "a.jpeg", "c.avif", "notes.txt", "png", ".hidden.png")
    assert [path.name for path in pictures(tmp_path)] == ["a.jpeg", "b.PNG", "c.avif"]


def test_a_mask_has_the_stem_of_its_photo(tmp_path):
    masks = touch(tmp_path / "masks", "a.png", "a.txt", "b.png", "b.bmp", "a.b.png")
    assert find_mask(Path("photos/a.jpg"), masks) == masks / "a.png"
    assert find_mask(Path("a.b.jpg"), masks) == masks / "a.b.png"
    assert find_mask(Path("a.jpg"), masks / "b.png") == masks / "b.png"
    assert find_mask(Path("a.jpg"), None) is None
    with pytest.raises(InputError, match="b.jpg: several masks in .*: b.bmp and b.png; keep one"):
        find_mask(Path("b.jpg"), masks)
    with pytest.raises(InputError, match="c.jpg: no mask in .*masks; add one as c.png"):
        find_mask(Path("c.jpg"), masks)


def test_nothing_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_written([Path("a.png"), None], [Path("b.png"), None, Path("c.png"), None])
    with pytest.raises(InputError, match="a.png: is one of the pictures to read"):
        check_written([tmp_path / "a.png"], [Path("x/../a.png")])
    with pytest.raises(InputError, match="b.png: would hold two pictures"):
        check_written([], [Path("b.png"), tmp_path / "b.png"])
