"""Whatever the operating system refuses is one line and exit code 2, and the other photos go on."""

import os
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.test_cli import error_of, folder, loads, make_folders, mask, photo, tfpaint
from tfpaint import cli

LONG = "x" * 300 + ".png"
NOBODY = 65534


@contextmanager
def unprivileged():
    """As a user who may not look into everything; root may, so it becomes nobody for a while."""
    Image.init()  # and TensorFlow: both read their modules while they may
    import tensorflow  # noqa: F401

    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def full_disk():
    """No file can grow beyond a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def arguments(photo="photo.png", mask="mask.png", out="out.png", steps="steps.png"):
    return [photo, "--mask", mask, "-o", out, "--save-steps", steps]


@pytest.mark.parametrize("which", ["photo", "mask", "out", "steps"])
@pytest.mark.parametrize("name", [LONG, "photo.png/a.png", "ring/a.png"])
def test_names_that_the_system_refuses(folder, capsys, which, name):
    Path("ring").symlink_to("ring")
    before = sorted(folder.rglob("*"))
    assert name in error_of(capsys, *arguments(**{which: name}))
    assert set(folder.rglob("*")) - set(before) <= {folder / "out.png"}


@pytest.mark.parametrize("which", ["photo", "mask", "out", "steps"])
@pytest.mark.parametrize("name", ["locked", "locked/a.png"])
def test_without_permission(folder, capsys, which, name):
    make_folders()
    folder.chmod(0o777)
    Path("locked").mkdir(0)
    many = {"photo": "photos", "mask": "masks", "out": "out", "steps": "steps"}
    with unprivileged():
        assert "locked" in error_of(capsys, *arguments(**{which: name}))
        if name == "locked":
            code, lines = tfpaint(capsys, *arguments(**many | {which: name}))
            assert code == 2 and lines and all("locked" in line for line in lines)


def test_one_locked_file_stops_no_other(folder, capsys):
    make_folders()
    folder.chmod(0o777)
    Path("photos/a.png").chmod(0)
    Path("photos/without").mkdir(0)
    with unprivileged():
        code, lines = tfpaint(capsys, "photos", "--mask", "masks", "-o", "out", "--recursive")
    assert code == 2 and len(lines) == 2
    assert "photos/without: Permission denied" in lines[0] and "photos/a.png: cannot" in lines[1]
    assert {path.name for path in Path("out").iterdir()} == {"b.jpg", "c.png"}


def test_a_full_disk(folder, capsys):
    make_folders()
    before = sorted(folder.rglob("*"))
    with full_disk():
        message = error_of(capsys, *arguments())
        code, lines = tfpaint(capsys, "photos", "--mask", "masks", "-o", "photos")
    assert message.startswith("out.png: could not be written ([Errno 27] File too large)")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("command", ["evaluate --images {}", "stylize {} photo.png -o out.png"])
def test_other_commands(folder, capsys, command):
    assert cli.main(command.format(LONG).split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tfpaint: error: {LONG}: ")
