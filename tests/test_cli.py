"""The command line does its files, says what is wrong in one line, and leaves nothing half-done."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from tfpaint import __version__, cli
from tfpaint.errors import InputError


class MeanColour:
    """Stands for the Inpainter: fills the hole with the mean of the known pixels, plus the seed."""

    def check_seed(self, seed, variants):
        assert seed >= 0 and (variants is None or variants > 0)

    def __call__(self, image, mask, steps=False, unknown=None, seed=0, variants=None, **more):
        if variants is not None:
            seeds = range(seed, seed + variants)
            return [MeanColour.__call__(self, image, mask, seed=number) for number in seeds]
        assert image.dtype in (np.uint8, np.uint16) and mask.dtype == bool
        assert image.shape == (*mask.shape, 3)
        if mask.all():
            raise InputError("everything is missing; leave some pixels known")
        filled = image.copy()
        if mask.any():
            filled[mask] = image[~mask].mean(axis=0) + seed
        return SimpleNamespace(image=filled, coarse=filled // 2) if steps else filled


def install(monkeypatch, inpainter):
    """Puts a fake in place of the module with the Inpainter; lists what is asked of it."""
    asked = []

    def from_preset(preset, **settings):
        asked.append((preset, settings))
        if isinstance(inpainter, Exception):
            raise inpainter
        return inpainter

    module = ModuleType("tfpaint.inpainter")
    module.Inpainter = SimpleNamespace(from_preset=from_preset)
    monkeypatch.setitem(sys.modules, "tfpaint.inpainter", module)
    return asked


@pytest.fixture
def loads(monkeypatch):
    """The presets that were loaded; each gives the fake."""
    return install(monkeypatch, MeanColour())


@pytest.fixture
def folder(tmp_path, loads, monkeypatch):
    """A working folder with a photo and a mask for it."""
    monkeypatch.chdir(tmp_path)
    photo("photo.png")
    mask("mask.png")
    return tmp_path


def photo(name, height=12, width=20, channels=3):
    samples = np.random.default_rng(len(name)).integers(
        0, 256, (height, width, channels), dtype=np.uint8
    )
    if channels == 4:
        samples[..., 3] = 255
        samples[3:8, 5:11, 3] = 0
        samples[0, 0, 3] = 200
    Image.fromarray(samples).save(name)


def mask(name, height=12, width=20, value=None):
    samples = np.zeros((height, width), np.uint8)
    samples[3:8, 5:11] = 255
    Image.fromarray(samples if value is None else np.full_like(samples, value)).save(name)


def pixels(name):
    with Image.open(name) as image:
        return np.asarray(image)


def tfpaint(capsys, *arguments):
    """The exit code and the lines on stderr."""
    code = cli.main(["inpaint", *map(str, arguments)])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err and printed.out == ""
    return code, printed.err.splitlines()


def error_of(capsys, *arguments):
    code, lines = tfpaint(capsys, *arguments)
    assert code == 2 and len(lines) == 1 and lines[0].startswith("tfpaint: error: ")
    return lines[0].removeprefix("tfpaint: error: ")


def test_one_photo(folder, loads, capsys):
    assert tfpaint(capsys, "photo.png", "--mask", "mask.png", "-o", "out.png") == (0, [])
    hole = pixels("mask.png") > 127
    before, after = pixels("photo.png"), pixels("out.png")
    assert np.array_equal(before[~hole], after[~hole])
    assert (after[hole] == before[~hole].mean(axis=0).astype(np.uint8)).all()
    assert loads == [("photo", {})]
    assert not list(folder.glob(".tfpaint*"))


def test_options_reach_the_inpainter(folder, loads, capsys):
    options = ["--preset", "weights/mine", "--iterations", 3]
    assert tfpaint(capsys, "photo.png", "--mask", "mask.png", "-o", "o.png", *options)[0] == 0
    assert loads == [("weights/mine", {"iterations": 3})]


def test_transparency_is_the_mask_and_is_filled(folder, capsys):
    photo("erased.png", channels=4)
    assert tfpaint(capsys, "erased.png", "-o", "out.png") == (0, [])
    assert pixels("out.png").shape == (12, 20, 3)
    known = pixels("erased.png")[..., 3] > 127
    assert np.array_equal(pixels("out.png")[known], pixels("erased.png")[known][:, :3])
    assert tfpaint(capsys, "erased.png", "-o", "out.jpg") == (0, [])


def test_transparency_beside_a_mask_is_kept(folder, capsys):
    photo("logo.png", channels=4)
    assert tfpaint(capsys, "logo.png", "--mask", "mask.png", "-o", "out.png") == (0, [])
    assert np.array_equal(pixels("out.png")[..., 3], pixels("logo.png")[..., 3])


def test_fit_mask(folder, capsys):
    mask("large.png", 24, 40)
    message = error_of(capsys, "photo.png", "--mask", "large.png", "-o", "out.png")
    assert "40 x 24" in message and "20 x 12" in message and "--fit-mask" in message
    arguments = ["photo.png", "--mask", "large.png", "-o", "out.png", "--fit-mask"]
    assert tfpaint(capsys, *arguments) == (0, [])


def test_grow_mask(folder, capsys):
    arguments = ["photo.png", "--mask", "mask.png", "-o", "out.png", "--grow-mask"]
    assert tfpaint(capsys, *arguments, 2) == (0, [])
    changed = (pixels("out.png") != pixels("photo.png")).any(-1)
    assert changed[1:10, 5:11].all() and changed[3:8, 3:13].all() and not changed[1, 3]
    assert "--grow-mask: 101 is not from 0 to 100" in error_of(capsys, *arguments, 101)


def test_steps(folder, capsys):
    arguments = ["photo.png", "--mask", "mask.png", "-o", "out.png", "--save-steps"]
    assert tfpaint(capsys, *arguments, "steps.png") == (0, [])
    sheet = pixels("steps.png")
    assert sheet.shape[1] > 3 * 20 and (sheet == [255, 0, 128]).all(-1).sum() == 30
    (folder / "steps").mkdir()
    assert tfpaint(capsys, *arguments, "steps") == (0, [])
    assert np.array_equal(pixels("steps/out.png"), sheet)


def test_show(folder, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda self, title=None: shown.append(self.size))
    arguments = ["--mask", "mask.png", "--show", "-o"]
    assert tfpaint(capsys, "photo.png", *arguments, "out.png") == (0, [])
    assert len(shown) == 1
    (folder / "photos").mkdir()
    photo("photos/a.png")
    photo("photos/b.png")
    assert "--save-steps" in error_of(capsys, "photos", *arguments, "out")


def make_folders():
    """Three photos, each with its mask."""
    Path("photos").mkdir()
    Path("masks").mkdir()
    for name in ("a.png", "b.jpg", "c.gif"):
        photo(f"photos/{name}")
        mask(f"masks/{name[0]}.png")


def test_a_transparent_bmp_of_a_folder_becomes_a_png(folder, capsys, caplog):
    Path("photos").mkdir()
    photo("logo.png", channels=4)
    assert cv2.imwrite("photos/logo.bmp", pixels("logo.png")[..., [2, 1, 0, 3]])
    photo("photos/plain.bmp")
    assert Image.open("photos/logo.bmp").mode == "RGBA"
    arguments = ["photos", "--mask", "mask.png", "-o", "out"]
    assert tfpaint(capsys, *arguments) == (0, [])
    assert "logo.bmp: is transparent, and is written as out/logo.png" in caplog.text
    assert {path.name for path in Path("out").iterdir()} == {"logo.png", "plain.bmp"}
    assert np.array_equal(pixels("out/logo.png")[..., 3], pixels("logo.png")[..., 3])

    photo("photos/logo.png")
    assert "logo.png: would hold two pictures" in error_of(capsys, *arguments)
    assert not np.array_equal(pixels("out/logo.png").shape, pixels("logo.png").shape)


def test_folder_with_a_folder_of_masks(folder, loads, capsys):
    make_folders()
    (folder / "photos" / "notes.txt").write_text("not a picture")
    (folder / "photos" / ".hidden.png").write_text("neither")
    arguments = ["photos", "--mask", "masks", "-o", "out", "--save-steps", "steps"]
    said = ["tfpaint: left out (not pictures): photos/notes.txt"]
    assert tfpaint(capsys, *arguments) == (0, said)
    assert {path.name for path in (folder / "out").iterdir()} == {"a.png", "b.jpg", "c.png"}
    assert {path.name for path in (folder / "steps").iterdir()} == {"a.png", "b.png", "c.png"}
    assert len(loads) == 1


def test_folder_with_one_mask(folder, capsys):
    make_folders()
    assert tfpaint(capsys, "photos", "--mask", "mask.png", "-o", "out") == (0, [])
    assert len(list((folder / "out").iterdir())) == 3


def test_bad_files_among_good_ones(folder, loads, capsys):
    make_folders()
    photo("photos/no-mask.png")
    photo("photos/size.png", 30, 30)
    mask("masks/size.png")
    photo("photos/white.png")
    mask("masks/white.png", value=255)
    photo("photos/truncated.png", 60, 60)
    mask("masks/truncated.png", 60, 60)
    whole = (folder / "photos/truncated.png").read_bytes()
    (folder / "photos/truncated.png").write_bytes(whole[:2000])
    code, lines = tfpaint(capsys, "photos", "--mask", "masks", "-o", "out")
    assert code == 2 and len(lines) == 4
    assert all(line.startswith("tfpaint: error: ") for line in lines)
    for name in ("no-mask.png", "masks/size.png", "photos/white.png with masks/white.png", "trunc"):
        assert any(name in line for line in lines), name
    assert {path.name for path in (folder / "out").iterdir()} == {"a.png", "b.jpg", "c.png"}
    assert len(loads) == 1


def test_one_bad_mask_for_all_is_said_once(folder, capsys):
    make_folders()
    (folder / "bad.png").write_text("no picture")
    assert "bad.png: is not a picture" in error_of(
        capsys, "photos", "--mask", "bad.png", "-o", "out"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["none.png", "--mask", "mask.png", "-o", "o.png"], "none.png: no such file or folder"),
        (["photo.png", "--mask", "none.png", "-o", "o.png"], "none.png: no such mask"),
        (["photo.png", "--mask", "mask.png", "-o", "o.xyz"], "o.xyz: cannot tell the format"),
        (["photo.png", "--mask", "mask.png", "-o", "."], ".: is a folder"),
        (["photo.png", "--mask", "mask.png", "-o", "photo.png"], "photo.png: is one of the pic"),
        (["photo.png", "--mask", "mask.png", "-o", "mask.png"], "mask.png: is one of the pic"),
        (
            ["photo.png", "--mask", "mask.png", "-o", "o.png", "--save-steps", "./mask.png"],
            "mask.png: is one of the pic",
        ),
        (
            ["photos/a.png", "--mask", "masks", "-o", "masks/a.png"],
            "a.png: is one of the pic",
        ),
        (["photo.png", "-o", "o.png"], "photo.png: has no transparent pixels"),
        (["photoz/", "--mask", "masks/", "-o", "out/"], "photoz: no such file or folder"),
        (["typo.png", "--mask", "masks/", "-o", "o.png"], "typo.png: no such file or folder"),
        (["photo.png", "--mask", "white.png", "-o", "o.png"], "white.png: everything is missing"),
        (
            ["photo.png", "--mask", "mask.png", "-o", "o.png", "--max-pixels", "99"],
            "over the limit",
        ),
        (["photo.png", "--mask", "mask.png", "-o", "o.png", "--save-steps", "s"], "s: cannot tell"),
        (["logo.png", "--mask", "mask.png", "-o", "o.jpg"], "o.jpg: JPEG cannot hold"),
        (["empty", "--mask", "mask.png", "-o", "out"], "empty: holds no pictures"),
        (["photos", "--mask", "mask.png", "-o", "mask.png"], "mask.png: is a file"),
        (["photos", "--mask", "mask.png", "-o", "photos"], "photos: holds the photos"),
        (
            ["twins", "--mask", "mask.png", "-o", "out"],
            "out/a.png: would hold the results of twins/a.gif and twins/a.png",
        ),
        (
            ["photos", "--mask", "mask.png", "-o", "out", "--save-steps", "./out"],
            "out: would hold results and steps",
        ),
        (
            ["photo.png", "--mask", "mask.png", "-o", "o.png", "--save-steps", "o.png"],
            "o.png: would hold two pictures",
        ),
    ],
)
def test_bad_input_is_one_line(folder, capsys, arguments, message):
    make_folders()
    for name in ("empty", "twins"):
        (folder / name).mkdir()
    photo("twins/a.png")
    photo("twins/a.gif")
    photo("logo.png", channels=4)
    mask("white.png", value=255)
    before = sorted(folder.rglob("*"))
    assert message in error_of(capsys, *arguments)
    assert sorted(folder.rglob("*")) == before


def test_ambiguous_masks(folder, capsys):
    make_folders()
    mask("masks/a.bmp")
    message = error_of(capsys, "photos/a.png", "--mask", "masks", "-o", "o.png")
    assert "a.bmp and a.png" in message


def test_input_errors_come_before_the_networks(folder, loads, capsys):
    error_of(capsys, "none.png", "--mask", "mask.png", "-o", "o.png")
    error_of(capsys, "photo.png", "-o", "o.png")
    assert loads == []


def test_bad_preset_ends_the_run(folder, capsys, monkeypatch):
    make_folders()

    install(monkeypatch, InputError("x: no such preset; use photo"))
    message = error_of(capsys, "photos", "--mask", "mask.png", "-o", "out", "--preset", "x")
    assert message == "x: no such preset; use photo"


def test_interrupt_leaves_finished_results_only(folder, capsys, monkeypatch):
    make_folders()
    done = []

    class Interrupted(MeanColour):
        def __call__(self, image, mask, **settings):
            if done:
                raise KeyboardInterrupt
            done.append(True)
            return super().__call__(image, mask, **settings)

    install(monkeypatch, Interrupted())
    command = ["photos", "--mask", "mask.png", "-o", "out", "--jobs", 1]
    code, lines = tfpaint(capsys, *command)
    assert (code, lines) == (130, ["tfpaint: interrupted"])
    assert [path.name for path in (folder / "out").iterdir()] == ["a.png"]


def test_interrupt_ends_a_call_that_does_not_return(folder, root):
    program = (
        "import sys; from types import ModuleType, SimpleNamespace\n"
        "def slow(*_, **__): print('filling', flush=True); sum(range(10**12))\n"
        "slow.check_seed = lambda *_: None\n"
        "module = sys.modules['tfpaint.inpainter'] = ModuleType('tfpaint.inpainter')\n"
        "module.Inpainter = SimpleNamespace(from_preset=lambda *_, **__: slow)\n"
        "from tfpaint.cli import main\n"
        "main(['inpaint', 'photo.png', '--mask', 'mask.png', '-o', 'out.png'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline() == b"filling\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT
    assert not Path("out.png").exists()


def test_interrupt_while_writing_leaves_nothing(folder, capsys, monkeypatch):
    def stop(self, file, *args, **settings):
        file.write(b"half")
        raise KeyboardInterrupt

    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(Image.Image, "save", stop)
    assert tfpaint(capsys, "photo.png", "--mask", "mask.png", "-o", "out.png")[0] == 130
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("value", ["0", "-3", "2.5", "many", "inf", "nan", "1e20"])
def test_counts_are_checked(folder, capsys, value):
    with pytest.raises(SystemExit) as stop:
        cli.main(["inpaint", "photo.png", "-o", "o.png", f"--max-pixels={value}"])
    assert stop.value.code == 2
    assert f"{value} is no whole number above 0" in capsys.readouterr().err


def test_help_and_version_need_no_tensorflow(root):
    program = (
        "import sys; from tfpaint.cli import main\n"
        "try: main({})\nexcept SystemExit as stop: assert stop.code == 0\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    for arguments, expected in ((["inpaint", "--help"], "examples:"), (["--version"], __version__)):
        command = [sys.executable, "-c", program.format(arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root)
        assert done.returncode == 0 and expected in done.stdout, done.stderr


def test_module_runs_as_a_program(root, tmp_path):
    out = str(tmp_path / "o.png")
    command = [sys.executable, "-m", "tfpaint", "inpaint", "none.png", "-o", out]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 2
    assert done.stderr == "tfpaint: error: none.png: no such file or folder; check the name\n"
