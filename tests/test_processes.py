"""An inpainter goes to other processes by spawning; a forked one says so instead of hanging."""

import copy
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.test_presets import networks
from tfpaint import Inpainter
from tfpaint.filling.options import Options
from tfpaint.presets import save_preset

PHOTO, MASK = tiny.photo(32, 32), tiny.mask_of(32, 32, (12, 12, 20, 20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset")
    save_preset(folder, **networks(), scales=(16, 32), options=Options(overlap=0.5))
    return folder


@pytest.fixture(scope="module")
def inpainter(folder):
    """An inpainter that has filled a photo."""
    inpainter = Inpainter.from_preset(folder)
    inpainter(PHOTO, MASK)
    return inpainter


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_fills_alike(inpainter, duplicate):
    other = duplicate(inpainter)
    assert (other.scales, other.filler.options) == (inpainter.scales, inpainter.filler.options)
    np.testing.assert_array_equal(other(PHOTO, MASK), inpainter(PHOTO, MASK))


@pytest.mark.slow
def test_a_spawned_process_fills_alike(inpainter):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (filled,) = pool.starmap(inpainter, [(PHOTO, MASK)])
    np.testing.assert_array_equal(filled, inpainter(PHOTO, MASK))


@pytest.mark.slow
def test_the_documented_script(root, folder, inpainter, tmp_path):
    text = (root / "docs" / "processes.md").read_text()
    (tmp_path / "fill.py").write_text(re.search("```python\n(.*?)```", text, re.S)[1])
    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    Image.fromarray(MASK).save(tmp_path / "mask.png")
    files = "photo.png mask.png 1.png photo.png mask.png 2.png".split()
    done = subprocess.run(
        [sys.executable, "fill.py", folder, *files],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert done.returncode == 0
    for name in ("1.png", "2.png"):
        np.testing.assert_array_equal(Image.open(tmp_path / name), inpainter(PHOTO, MASK))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely enough for a test")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("use", ["the parent's", "its own"])
def test_a_forked_process_is_told(inpainter, folder, use):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)  # rather than waiting for ever
        try:
            mine = inpainter if use == "the parent's" else Inpainter.from_preset(folder)
            mine(PHOTO, MASK)
        except BaseException as error:
            os.write(write, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as said:
        text = said.read()
    os.waitpid(child, 0)
    assert text.startswith("InputError: an inpainter") and '"spawn"' in text
