"""The user's Keras is set up for other work: commands and presets work all the same."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.test_presets import networks
from tfpaint import Inpainter
from tfpaint.networks.float32 import in_float32
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.presets import save_preset

PHOTO, MASK = tiny.photo(32, 32), tiny.mask_of(32, 32, (12, 12, 20, 20))


def run(root, folder, *command, settings=None, **environment):
    """Runs Python in a folder that is the home, and there holds `keras.json`."""
    (folder / ".keras").mkdir(exist_ok=True)
    (folder / ".keras" / "keras.json").write_text(json.dumps(settings or {}))
    about = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    about |= {"HOME": str(folder), "PYTHONPATH": str(root), **environment}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=about, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a photo, a mask and a preset."""
    folder = tmp_path_factory.mktemp("home")
    Image.fromarray(PHOTO).save(folder / "photo.png")
    Image.fromarray(MASK).save(folder / "mask.png")
    save_preset(folder / "preset", **networks(), scales=(16, 32))
    return folder


OTHER = {  # keras.json and the environment
    "a backend that is not there": ({}, {"KERAS_BACKEND": "mxnet"}),
    "another backend": ({"backend": "numpy"}, {}),
    "channels first": ({"image_data_format": "channels_first"}, {}),
    "half precision": ({"floatx": "float16"}, {}),
}


def fill(root, folder, out, settings=None, **environment):
    """The file that the command writes."""
    command = "-m tfpaint inpaint photo.png --mask mask.png --preset preset -o".split()
    done = run(root, folder, *command, out, settings=settings, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return (folder / out).read_bytes()


@pytest.fixture(scope="module")
def plain(root, folder):
    return fill(root, folder, "plain.png")


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHER)
def test_the_command_fills_as_ever(root, folder, plain, name):
    settings, environment = OTHER[name]
    assert fill(root, folder, "other.png", settings, **environment) == plain


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_the_library_names_the_setting(root, folder, backend):
    done = run(root, folder, "-c", "from tfpaint import Inpainter", KERAS_BACKEND=backend)
    assert "KERAS_BACKEND=tensorflow" in done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def expected(folder):
    return Inpainter.from_preset(folder / "preset")(PHOTO, MASK)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "mixed_bfloat16", "float64"])
def test_a_preset_computes_in_float32_under_any_policy(folder, expected, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        found = Inpainter.from_preset(folder / "preset")(PHOTO, MASK)
        assert keras.config.dtype_policy().name == policy
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_array_equal(found, expected)


def test_what_was_set_is_put_back():
    keras.config.set_floatx("float64")
    try:
        with in_float32():
            assert Image2Feature(16, width=4).inputs[0].dtype == "float32"
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
