"""`-` is standard input and output: the picture alone goes there, and words go to stderr."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import test_cli
from tests.test_cli import folder, loads, make_folders, mask, photo, pixels

PROGRAM = """
import sys
import numpy as np
from tests.test_cli import MeanColour
from tfpaint import cli
from tfpaint.commands import loading
loading.load_inpainter = lambda *_: MeanColour()
sys.exit(cli.main(sys.argv[1:]))
"""
PAIR = ["-", "--mask", "mask.png", "-o", "-"]


@pytest.fixture
def tfpaint(folder, root):
    """Runs `tfpaint inpaint ARGUMENTS` as a program in the folder."""

    def run(*arguments, input=b"", shell="", **options):
        command = [sys.executable, "-c", PROGRAM, "inpaint", *map(str, arguments)]
        if shell:
            command = ["bash", "-o", "pipefail", "-c", f'"$0" "$@" {shell}', *command]
        options = ({"input": input} if "stdin" not in options else {}) | options
        kinds = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(root)}, **kinds)

    return run


def error_of(done):
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and len(lines) == 1 and not done.stdout, done
    return lines[0].removeprefix("tfpaint: error: ")


def answer_of(done):
    """The picture on stdout, which is all that is there."""
    assert (done.returncode, done.stderr) == (0, b"")
    with Image.open(io.BytesIO(done.stdout)) as image:
        image.load()
        return image


def test_a_photo_from_a_pipe_to_a_pipe(tfpaint):
    image = answer_of(tfpaint(*PAIR, input=Path("photo.png").read_bytes()))
    tfpaint("photo.png", "--mask", "mask.png", "-o", "out.png")
    assert image.format == "PNG"
    np.testing.assert_array_equal(image, pixels("out.png"))


def test_a_mask_from_a_pipe(tfpaint):
    done = tfpaint("photo.png", "--mask", "-", "-o", "-", input=Path("mask.png").read_bytes())
    hole = pixels("mask.png") > 127
    assert np.array_equal(((pixels("photo.png") != answer_of(done)).any(-1)), hole)


@pytest.mark.parametrize(
    "given, asked, wanted",
    [
        ("JPEG", [], "JPEG"),
        ("GIF", [], "PNG"),
        ("JPEG", ["--format", "tif"], "TIFF"),
    ],
)
def test_the_format_is_the_photos_or_the_one_asked_for(tfpaint, given, asked, wanted):
    file = io.BytesIO()
    Image.open("photo.png").save(file, given)
    assert answer_of(tfpaint(*PAIR, *asked, input=file.getvalue())).format == wanted


def test_the_output_follows_what_the_file_holds_already(tfpaint):
    with open("both", "wb") as both:
        both.write(b"before")
        both.flush()
        done = tfpaint("photo.png", "--mask", "mask.png", "-o", "-", stdout=both)
    data = Path("both").read_bytes()
    assert done.returncode == 0 and data[:6] == b"before"
    assert Image.open(io.BytesIO(data[6:])).size == (20, 12)


def test_a_mask_turns_with_a_photo_from_a_pipe(tfpaint):
    """Its EXIF is looked up once more, after its pixels."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.open("photo.png").transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    Image.open("mask.png").transpose(Image.Transpose.ROTATE_90).save("turned.png")
    done = tfpaint("-", "--mask", "turned.png", "--fit-mask", "-o", "-", input=file.getvalue())
    assert answer_of(done).size == (20, 12)


def test_a_closed_pipe_ends_quietly(tfpaint):
    photo("large.png", 400, 400)
    mask("large-mask.png", 400, 400)
    done = tfpaint("large.png", "--mask", "large-mask.png", "-o", "-", shell="| head -c 10")
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, b"", 10)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_is_told(tfpaint):
    with open("/dev/full", "wb") as full:
        done = tfpaint("photo.png", "--mask", "mask.png", "-o", "-", stdout=full)
    assert done.returncode == 2 and b"-: could not be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_is_no_place_for_a_picture(tfpaint):
    master, terminal = pty.openpty()
    done = tfpaint("photo.png", "--mask", "mask.png", "-o", "-", stdout=terminal)
    assert "-: standard output is a terminal" in done.stderr.decode()
    done = tfpaint(*PAIR, stdin=terminal)
    assert "-: standard input is a terminal" in error_of(done)
    os.close(master)
    os.close(terminal)


@pytest.mark.parametrize("shell", ["", "0<&-"])
def test_nothing_on_standard_input(tfpaint, shell):
    assert "-: standard input is empty" in error_of(tfpaint(*PAIR, shell=shell))


def test_what_is_no_picture_is_told_as_of_a_file(tfpaint):
    assert "/dev/stdin: is not a picture" in error_of(tfpaint(*PAIR, input=b"<html>" * 99))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["-", "--mask", "-", "-o", "o.png"], "-: standard input holds one picture"),
        ([*PAIR, "--variants", "2"], "--variants: writes several files"),
        (["photos", "--mask", "masks", "-o", "-"], "photos: is a folder"),
        (["photos", "--mask", "-", "-o", "out"], "photos: is a folder"),
        (["-", "--mask", "masks", "-o", "out.png"], "masks: is a folder"),
        (["photo.png", "--mask", "mask.png", "-o", "o.png", "--format", "png"], "--format: is for"),
    ],
)
def test_what_goes_without_pipes_is_refused_by_name(folder, capsys, arguments, message):
    make_folders()
    assert message in test_cli.error_of(capsys, *arguments)


def test_a_transparent_photo_has_no_place_in_a_jpeg(tfpaint):
    photo("logo.png", channels=4)
    done = tfpaint(*PAIR, "--format", "jpg", input=Path("logo.png").read_bytes())
    assert "-: JPEG cannot hold the transparency" in error_of(done)
