"""Bulk work: bad files stop nothing, and a killed job goes on where it was."""

import json
import os
import signal
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from serving import bulk_files, bulk_plan
from serving.__main__ import main
from serving.bulk_steps import InpaintHandler
from tests.serving_model import wait_until
from tests.test_presets import networks
from tfpaint import batch
from tfpaint.errors import InputError
from tfpaint.pictures.tight_masks import grow
from tfpaint.presets import save_preset

SIZE = (20, 24)
GOOD, BAD = 190, 10


def png_header(width, height):
    """A PNG that announces a size and holds nothing."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    save_preset(folder, **networks(), scales=[16])
    return folder


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """190 good photos in `in/` with masks in `masks/`, and ten that are bad in ten ways."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for folder in ("in", "masks"):
        Path(folder).mkdir()

    def mask(name, array=None):
        if array is None:
            array = np.zeros(SIZE, np.uint8)
            top, left = rng.integers(2, 12, 2)
            array[top : top + 6, left : left + 6] = 255
        Image.fromarray(array).save(f"masks/{name}.png")

    def photo(name, size=SIZE):
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(f"in/{name}")

    for index in range(GOOD):
        photo(f"{index:03}.png")
        mask(f"{index:03}")
    for index, data in enumerate([b"", b"text", png_header(60_000, 60_000), b"\x89PNG\r\n\x1a\n"]):
        Path(f"in/bad-{index}.png").write_bytes(data)
        mask(f"bad-{index}")
    photo("bad-4.png")  # cut off
    Path("in/bad-4.png").write_bytes(Path("in/bad-4.png").read_bytes()[:900])
    mask("bad-4")
    photo("bad-5.png")  # no mask
    photo("bad-6.png")
    mask("bad-6", np.zeros((9, 9), np.uint8))
    photo("bad-7.png")
    mask("bad-7", np.full(SIZE, 255, np.uint8))
    photo("bad-8.png", (8, 8))
    mask("bad-8", np.zeros((8, 8), np.uint8) | np.eye(8, dtype=np.uint8) * 255)
    photo("bad-9.png")
    Path("masks/bad-9.png").write_text("text")
    return tmp_path


def arguments(preset):
    names = {"--input": "in/*", "--masks": "masks", "--output": "out", "--preset": str(preset)}
    return ["bulk", *(part for pair in names.items() for part in pair)]


def lines(name):
    return [json.loads(line) for line in Path("out", name).read_text().splitlines()]


def results():
    return {path.name: path for path in Path("out").glob("[!.]*.png")}


def check_result(path):
    photo, filled = (
        np.asarray(Image.open(folder / path.name)) for folder in (Path("in"), path.parent)
    )
    known = np.asarray(Image.open(Path("masks", path.name))) == 0
    np.testing.assert_array_equal(filled[known], photo[known])


@pytest.mark.slow
def test_a_killed_job_goes_on(photos, preset, capsys):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = [sys.executable, "-m", "serving", *arguments(preset)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(results()) > 40, 120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {name: path.stat().st_mtime_ns for name, path in results().items()}
    assert 40 < len(before) < GOOD, "killed too late"
    for path in results().values():
        check_result(path)
        assert Path("out/records", f"{path.name}.json").exists()

    assert main(arguments(preset)) == 2
    assert "dead-letter.jsonl: says why 10 photos" in capsys.readouterr().err
    manifest, dead = lines("manifest.jsonl"), lines("dead-letter.jsonl")
    assert [Path(one["input"]).name for one in manifest] == sorted(os.listdir("in"))
    assert {Path(one["input"]).stem for one in dead} == {f"bad-{index}" for index in range(BAD)}
    assert all(one["output"] is None and Path(one["input"]).stem in one["error"] for one in dead)
    done = [one for one in manifest if not one["error"]]
    assert {Path(one["output"]).name for one in done} == set(results()) and len(done) == GOOD
    assert all(one["seconds"] >= 0 for one in done)
    for name, path in results().items():
        check_result(path)
        if name in before:
            assert path.stat().st_mtime_ns == before[name], "written twice"
    left = [name for name in os.listdir("out") if name.startswith(".")]
    assert left == []

    Path("in/bad-0.png").write_bytes(Path("in/000.png").read_bytes())
    assert main(arguments(preset)) == 2  # the mended one is done, the others not
    assert "191 of 200 photos" in capsys.readouterr().out
    assert len(lines("dead-letter.jsonl")) == BAD - 1


def test_frames_with_one_mask_and_options_of_beam(photos, preset, capsys):
    Path("frames").mkdir()
    for index in range(3):
        Path(f"frames/{index:06}.png").write_bytes(Path("in/001.png").read_bytes())
    Path("frames/notes.txt").write_text("not a picture")
    command = ["bulk", "--input", "frames/*", "--masks", "masks/001.png", "--output", "out"]
    command += ["--preset", str(preset), "--direct_num_workers", "1"]
    Path("out").mkdir()
    Path("out/.tfpaint-0123").write_text("of a run that was killed")
    assert main(command) == 0
    assert "serving: left out (not pictures): frames/notes.txt\n" in capsys.readouterr().err
    assert set(results()) == {"000000.png", "000001.png", "000002.png"}
    assert lines("dead-letter.jsonl") == [] and not Path("out/.tfpaint-0123").exists()
    frame = np.asarray(Image.open("frames/000000.png"))
    hole = np.asarray(Image.open("masks/001.png")) > 0
    assert main([*command, "--output", "wide", "--grow-mask", "3"]) == 0
    for folder, radius in (("out", 0), ("wide", 3)):
        filled = np.asarray(Image.open(f"{folder}/000000.png"))
        assert np.array_equal((filled != frame).any(-1), grow(hole, radius))
    assert main([*command, "--grow-mask", "101"]) == 2
    assert "error: --grow-mask: 101 is not from 0 to 100 pixels\n" in capsys.readouterr().err
    assert main([*command, "--no_such_option", "1"]) == 2
    assert "--no_such_option: neither" in capsys.readouterr().err


def test_two_are_filled_at_a_time_and_an_interrupt_leaves_nothing_half(photos, monkeypatch, capsys):
    both = threading.Barrier(2, timeout=20)

    def fill(image, mask, unknown):
        both.wait()
        return np.where(mask[..., None], np.uint8(7), image)

    monkeypatch.setattr(InpaintHandler, "load_model", lambda _: fill)
    command = ["bulk", "--input", "in", "--masks", "masks", "--output", "out"]
    assert main([*command, "--jobs", "2"]) == 2
    assert "192 of 200 photos" in capsys.readouterr().out and fill.untraced == 0
    for path in results().values():
        check_result(path)
    with monkeypatch.context() as patched:
        patched.setattr(bulk_files.FileSystems, "rename", Mock(side_effect=KeyboardInterrupt))
        assert main([*command[:-1], "other", "--jobs", "2"]) == 130
    assert os.listdir("other") == ["records"]
    assert main([*command, "--jobs", "2", "--direct_num_workers", "1"]) == 2
    assert "--jobs: goes without --dask and Beam's options" in capsys.readouterr().err


@pytest.mark.parametrize(
    "pattern, mask, output, message",
    [
        ("nothing/*.jpg", "masks", "out", "no such photos"),
        ("in/*", "nothing", "out", "no such mask"),
        ("in", "masks", "in", "holds the photos"),
        ("in", "masks", "masks/", "holds the photos or masks"),
        ("in/*.png", "masks", "./in", "holds the photos or masks"),
        ("in", "masks/001.png", "masks", "holds the photos or masks"),
    ],
)
def test_what_cannot_be_planned(photos, pattern, mask, output, message):
    with pytest.raises(InputError, match=message):
        bulk_plan.plan(pattern, mask, output)


def test_a_pattern_does_not_look_into_folders(photos):
    Path("in/masks").mkdir()
    Path("in/masks/000.png").write_bytes(Path("masks/000.png").read_bytes())
    jobs, _ = bulk_plan.plan("in/*", "in/masks", "out")
    found = {Path(job.photo).parent.name for job in jobs}
    assert found == {"in"}


@pytest.mark.parametrize("pattern", ["in", "in/*"])
def test_a_stray_file_is_named_and_left_out(photos, pattern):
    Path("in/notes.txt").write_text("not a picture")
    jobs, left_out = bulk_plan.plan(pattern, "masks", "out")
    assert len(jobs) == GOOD + BAD and not any(job.photo.endswith("txt") for job in jobs)
    assert left_out == ["left out (not pictures): in/notes.txt"]


def test_a_folder_is_taken_as_the_command_line_takes_it(photos):
    """Odd suffixes, other formats, clashes, Unicode forms and subfolders: in the same words."""
    for name in ("in/sub", "masks/sub"):
        Path(name).mkdir()
    good = Path("in/000.png").read_bytes()
    for name in ("000.gif", "a.jfif", "e\u0301.png", "sub/b", "sub/lonely.png"):
        Path("in", name).write_bytes(good)
    for name in ("a.png", "\u00e9.png", "sub/b.png"):
        Path("masks", name).write_bytes(good)
    Path("in/phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    Path("in/list.csv").write_text("1, 2")
    for recursive in (False, True):
        jobs, left_out = bulk_plan.plan("in", "masks", "out", recursive)
        theirs = batch.plan(Path("in"), Path("masks"), Path("out"), recursive=recursive)
        assert left_out == theirs.left_out
        ready = [(job.photo, job.mask, job.out) for job in jobs if not job.problem]
        assert sorted(ready) == sorted(
            (str(job.photo), str(job.mask), str(job.out)) for job in theirs.jobs
        )
        problems = {job.problem for job in jobs if job.problem}
        assert problems == set(map(str, theirs.problems)) and len(problems) == 3 + recursive
    assert ("in/sub/b", "masks/sub/b.png", "out/sub/b.png") in ready


@pytest.mark.slow
def test_subfolders_and_problems_known_before(photos, preset, capsys):
    for name in ("few", "few/sub"):
        Path(name).mkdir()
    for name in ("a.png", "a.gif", "sub/b.png"):
        Path("few", name).write_bytes(Path("in/001.png").read_bytes())
    command = ["bulk", "--input", "few", "--masks", "masks/001.png", "--output", "out"]
    assert main([*command, "--recursive", "--preset", str(preset)]) == 2
    assert "1 of 3 photos" in capsys.readouterr().out
    assert Path("out/sub/b.png").exists() and Path("out/records/sub/b.png.json").exists()
    assert {one["input"] for one in lines("dead-letter.jsonl")} == {"few/a.gif", "few/a.png"}
