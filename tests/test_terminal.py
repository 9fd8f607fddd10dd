"""Every command keeps TensorFlow's own notices, on GPUs and processors, off the terminal."""

import os
import subprocess
import sys

import pytest
from PIL import Image
from skimage import data

TRAIN = "run photo/image2feature --encoder photo --photos . --val . --work w --steps 1 --size 64"
COMMANDS = {
    "evaluate": "tfpaint evaluate --images . --size 64 --limit 1 --methods harmonic,telea",
    "stylize": "tfpaint stylize a.png b.png -o out.jpg --size 64",
    "train": f"train {TRAIN} --batch 2 --width 8 --epoch 1 --val-limit 1 --verbose 0",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_but_its_own_words(root, tmp_path, name):
    for stem, photo in (("a", data.coffee()), ("b", data.rocket())):
        Image.fromarray(photo[:96, :96]).save(tmp_path / f"{stem}.png")
    environment = {key: value for key, value in os.environ.items() if key[:3] != "TF_"}
    done = subprocess.run(
        [sys.executable, "-m", *COMMANDS[name].split()],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
