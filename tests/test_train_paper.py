"""The paper's configs: every loss takes part, whole photos, and a mixture after every G2."""

import pytest

from benchmarks.gradient_norms import main as gradient_norms
from tests.tiny import photo_folder
from train.config import load_config

SIZES = (128, 256, 512)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photo_folder(tmp_path_factory.mktemp("photos"))


@pytest.mark.parametrize("run, parts", [("image2feature", 3), ("feature2image-128", 2)])
def test_every_loss_takes_part(folder, capsys, run, parts):
    """Under the paper's 1000, 0.001 and 1 all but the image loss have 0 % of the gradient."""
    arguments = [f"paper/{run}", "--photos", str(folder), "--encoder", "photo", "--width", "4"]
    gradient_norms([*arguments, "--size", "32", "--batch", "2", "--steps", "2", "--every", "1"])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if "%" in line]
    shares = [float(row[5].removesuffix("%")) for row in rows]
    assert len(shares) == 3 * parts and min(shares) >= 1


@pytest.mark.parametrize("dataset", ["paper", "coco", "imagenet", "paris"])
def test_a_mixture_follows_every_g2(dataset):
    for size in SIZES:
        first, then = (
            load_config(f"{dataset}/feature2image-{size}{end}") for end in ("", "-mixture")
        )
        assert first.losses.get("source", "truth") == "truth"
        assert then.losses == {**first.losses, "source": "mixture"}
        assert (then.size, then.patience) == (size, 10) and not (first.crops or then.crops)
