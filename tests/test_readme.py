"""Every command and snippet of the README does what it says."""

import re
import shlex

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from export.__main__ import main as export
from serving.__main__ import main as serve
from tfpaint import cli
from tfpaint.commands import loading
from tfpaint.inpainter import Inpainter
from tfpaint.networks.encoder import DistilledEncoder
from train.__main__ import main as train

TINY = "--size 32 --width 2 --batch 2 --steps 1 --epoch 1 --verbose 0".split()


def blocks(root, language):
    return re.findall(rf"```{language}\n(.*?)```", (root / "README.md").read_text(), re.S)


def commands(root, start):
    """The README's commands that begin with `start`, as lists of arguments."""
    for block in blocks(root, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(start):
                yield shlex.split(line, comments=True)


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter.from_preset("photo")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with all files that the README's commands name."""
    monkeypatch.chdir(tmp_path)
    photo = Image.fromarray(data.chelsea()).resize((96, 64))
    mask = Image.new("L", photo.size)
    mask.paste(255, (40, 20, 60, 40))
    erased = photo.copy()
    erased.putalpha(mask.point(lambda value: 255 - value))
    for name in ("photos", "masks", "PHOTOS", "VAL"):
        (tmp_path / name).mkdir()
    photo.save("photo.jpg")
    photo.save("photos/a.jpg")
    photo.save("PHOTOS/a.png")
    photo.save("VAL/a.png")
    mask.save("mask.png")
    mask.save("masks/a.png")
    erased.save("erased.png")
    return tmp_path


def test_the_command_line(root, folder, inpainter, monkeypatch):
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    done = 0
    for _, *arguments in commands(root, "tfpaint inpaint"):
        assert cli.main(arguments) == 0, arguments
        out = folder / arguments[arguments.index("-o") + 1]
        if "--variants" in arguments:
            out = out.with_stem(f"{out.stem}-{arguments[arguments.index('--variants') + 1]}")
        result = out / "a.jpg" if out.is_dir() else out
        assert np.asarray(Image.open(result)).shape == (64, 96, 3)
        done += 1
    assert done >= 5
    assert (folder / "steps.png").exists()


def test_stylize(root, folder, inpainter, monkeypatch):
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    Image.fromarray(data.coffee()).resize((96, 64)).save("painting.jpg")
    ((_, *arguments),) = commands(root, "tfpaint stylize")
    assert cli.main([*arguments, "--size", "96"]) == 0
    assert np.asarray(Image.open("styled.png")).shape == (64, 96, 3)


def test_evaluate(root, folder, inpainter, monkeypatch):
    monkeypatch.setattr(loading, "load_inpainter", lambda *_: inpainter)
    ((_, *arguments),) = commands(root, "tfpaint evaluate")
    assert cli.main(arguments) == 0
    assert (folder / "report" / "index.html").exists()


def test_the_commands_that_serve(root, folder, monkeypatch):
    """What they do is tested elsewhere; here, that they take these arguments."""
    programs = {"export": export, "serving": serve}
    taken = []
    exports = ["export.saved_model", "export.litert", "export.tfjs", "export.check"]
    for name in [*exports, "serving.server", "serving.client"]:
        monkeypatch.setattr(f"{name}.run", taken.append)
    for _, _, module, *arguments in (
        *commands(root, "python -m export"),
        *commands(root, "python -m serving"),
    ):
        assert programs[module](arguments) == 0, arguments
    names = ["saved-model", "litert", "tfjs", "check", "server", "client"]
    assert [options.command for options in taken] == names
    assert taken[0].out == taken[4].model and taken[1].out == taken[3].model


def test_the_python_snippet(root, folder, inpainter, monkeypatch):
    monkeypatch.setattr(Inpainter, "from_preset", lambda name: inpainter)
    (snippet,) = blocks(root, "python")
    names: dict = {}
    exec(snippet, names)
    known = ~names["mask"]
    np.testing.assert_array_equal(names["filled"][known], names["image"][known])
    assert (names["filled"] != names["image"]).any()


def test_training(root, folder):
    """The distillation needs VGG19 and is tested elsewhere; the rest runs at a tiny size."""
    keras.utils.set_random_seed(0)
    DistilledEncoder(width=8, depth=1, channels=16).save("encoder.keras")
    lines = list(commands(root, "python -m train"))
    assert [line[3] for line in lines] == ["distill", "run", "run", "preset"]
    for line in lines[1:]:
        extra = TINY if line[3] == "run" else ["--options", '{"scales": [32, 64]}']
        assert train(line[3:] + extra) == 0, line
    loaded = Inpainter.from_preset("my-preset")
    image, mask = np.asarray(Image.open("photo.jpg")), np.asarray(Image.open("mask.png")) > 127
    assert loaded(image, mask).shape == image.shape


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text().splitlines()) < 150
