"""--jobs: photos are filled at the same time, told in their order, and stopped clean."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.test_cli import MeanColour, folder, install, loads, mask, photo, pixels, tfpaint
from tfpaint import overlap
from tfpaint.errors import InputError

COMMAND = ["photos", "--mask", "mask.png", "-o", "out"]


@pytest.fixture
def photos(folder):
    """A working folder with ten photos, whose first pixel is their number. Two cannot be read."""
    (folder / "photos").mkdir()
    for number in range(10):
        photo(f"photos/{number}.png")
        numbered = pixels(f"photos/{number}.png").copy()
        numbered[0, 0] = number
        Image.fromarray(numbered).save(f"photos/{number}.png")
    for number in (2, 5):
        (folder / f"photos/{number}.png").write_bytes(b"text")
    return folder


class Meeting(MeanColour):
    """Fills so many photos at a time, and notes how many there were. The first cannot be filled."""

    def __init__(self, count):
        self.all = threading.Barrier(count, timeout=20)
        self.running = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, image, mask, **settings):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        first = image[0, 0, 0] == 0
        self.all.wait()
        time.sleep(0.2 * first)
        with self.lock:
            self.running -= 1
        if first:
            raise InputError("cannot be filled")
        return super().__call__(image, mask, **settings)


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_so_many_are_filled_at_a_time(photos, jobs, monkeypatch, capsys):
    inpainter = Meeting(jobs)
    assert install(monkeypatch, inpainter) == []
    code, lines = tfpaint(capsys, *COMMAND, "--jobs", jobs)
    named = [line.split(":")[2].split()[0] for line in lines]
    assert (code, named) == (2, [f"photos/{number}.png" for number in (0, 2, 5)])
    assert inpainter.most == jobs and inpainter.untraced == 0
    written = {path.name: pixels(path) for path in Path("out").iterdir()}
    assert sorted(written) == [f"{number}.png" for number in (1, 3, 4, 6, 7, 8, 9)]
    known = pixels("mask.png") < 128
    for name, result in written.items():
        assert (result[known] == pixels(Path("photos", name))[known]).all()


def test_the_default_is_what_cores_and_memory_allow(monkeypatch):
    giga = 2**30
    for cores, memory, jobs in ((2, 9, 2), (8, 5, 2), (1, 90, 1), (2, 1, 1), (64, 90, 4)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)))
        monkeypatch.setattr(overlap, "_free_memory", lambda n=memory: n * giga)
        assert overlap.default_jobs() == jobs


def test_interrupt_while_two_are_filled(photos, root):
    """The program ends at once; what is written is whole, and there is nothing else."""
    program = (
        "import os, sys, time; from tests.test_cli import MeanColour, ModuleType, SimpleNamespace\n"
        "class Slow(MeanColour):\n"
        "  def __call__(self, image, mask, **settings):\n"
        "    if image[0, 0, 0] > 3: os.write(1, b'filling\\n'); time.sleep(100)\n"
        "    return super().__call__(image, mask, **settings)\n"
        "module = sys.modules['tfpaint.inpainter'] = ModuleType('tfpaint.inpainter')\n"
        "module.Inpainter = SimpleNamespace(from_preset=lambda *_, **__: Slow())\n"
        "from tfpaint.cli import main\n"
        f"main({['inpaint', *COMMAND, '--jobs', '2']})"
    )
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert [process.stdout.readline() for _ in range(2)] == [b"filling\n"] * 2
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT
    assert sorted(os.listdir("out")) == ["0.png", "1.png", "3.png"]
    for path in Path("out").iterdir():
        assert pixels(path).shape == pixels(Path("photos", path.name)).shape
