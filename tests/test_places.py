"""Outputs that cannot be replaced are written in place; what cannot be written is told at once."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_cli_refusals import unprivileged

from tfpaint.errors import InputError
from tfpaint.pictures.files import output_format, write_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
WRITE = "import sys, numpy; from tfpaint.pictures.files import write_picture as write; "
WRITE += "write(sys.argv[1], numpy.full((20, 30, 3), 7, 'uint8'))"


@pytest.fixture
def folder():
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.parametrize("refusal", [errno.EBUSY, errno.EXDEV, errno.EPERM])
def test_a_file_that_cannot_be_replaced_is_written_in_place(folder, monkeypatch, refusal):
    out = folder / "out.png"
    out.write_bytes(b"old and longer than" * 999)
    (folder / "twin.png").hardlink_to(out)

    def refuse(*_):
        raise OSError(refusal, "refused")

    monkeypatch.setattr(os, "replace", refuse)
    write_picture(out, PIXELS)
    np.testing.assert_array_equal(Image.open(folder / "twin.png"), PIXELS)
    assert len(list(folder.iterdir())) == 2


def mounts():
    command = ["unshare", "-m", "true"]
    return (
        bool(shutil.which("unshare"))
        and subprocess.run(command, capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not mounts(), reason="needs the right to mount")
def test_the_target_of_a_mount(root, folder):
    outside, out = folder / "outside.png", folder / "out.png"
    outside.touch(), out.touch()
    script = 'mount --bind "$0" "$1" && exec "$2" -c "$3" "$1"'
    subprocess.run(
        ["unshare", "-m", "sh", "-c", script, outside, out, sys.executable, WRITE],
        env=os.environ | {"PYTHONPATH": str(root)},
        check=True,
    )
    assert np.asarray(Image.open(outside)).tolist() == np.full((20, 30, 3), 7).tolist()
    assert sorted(folder.iterdir()) == [out, outside]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_stays_a_pipe(folder, linked):
    pipe = folder / "pipe.png"
    os.mkfifo(pipe)
    out = folder / "link.png" if linked else pipe
    if linked:
        out.symlink_to(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    output_format(out)
    write_picture(out, PIXELS)
    assert pipe.is_fifo()
    reader.join(10)
    (folder / "copy.png").write_bytes(read[0])
    np.testing.assert_array_equal(Image.open(folder / "copy.png"), PIXELS)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_file_in_a_folder_that_may_not_be_written(folder):
    out = folder / "out.png"
    out.touch()
    out.chmod(0o666)
    folder.chmod(0o555)
    with unprivileged():
        output_format(out)
        write_picture(out, PIXELS)
        with pytest.raises(InputError, match="new.png: could not be written"):
            output_format(folder / "new.png")
        with pytest.raises(InputError, match="could not be written"):
            output_format(folder / "sub" / "folder" / "new.png")
    folder.chmod(0o755)
    np.testing.assert_array_equal(Image.open(out), PIXELS)
    assert list(folder.iterdir()) == [out]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_another_owners_file_may_be_replaced_or_is_refused(folder):
    out = folder / "out.png"
    out.touch()
    out.chmod(0o444 if os.geteuid() else 0o644)
    with unprivileged(), pytest.raises(InputError, match="could not be written|is read-only"):
        output_format(out)


def test_a_file_is_no_folder(folder):
    (folder / "file").touch()
    with pytest.raises(InputError, match="could not be written"):
        output_format(folder / "file" / "out.png")
