"""The masks of the removals by which presets are judged."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import distance_transform_edt, label

from benchmarks import removal_masks


@pytest.mark.parametrize("index", range(8))
def test_a_mask_lies_in_its_photos_centre_square(index):
    mask = np.asarray(removal_masks.mask(index, 640, 512))
    assert mask.shape == (512, 640) and set(np.unique(mask)) == {0, 255}
    assert not mask[:, :64].any() and not mask[:, 576:].any()
    assert 0.005 < (mask > 0).mean() < 0.3
    np.testing.assert_array_equal(mask, removal_masks.mask(index, 640, 512))
    kind = ("blob", "wires", "text", "several")[index % 4]
    parts, radius = label(mask)[1], distance_transform_edt(mask).max()
    assert (radius < 12) == (kind in ("wires", "text"))
    assert (parts > 3) == (kind == "text") and (parts == 1) >= (kind == "blob")


def test_a_folder_of_photos_gets_masks(tmp_path, monkeypatch):
    Image.new("RGB", (90, 60)).save(tmp_path / "photo.jpg")
    monkeypatch.setattr("sys.argv", ["removal_masks", str(tmp_path), "--out", str(tmp_path / "m")])
    removal_masks.main()
    assert Image.open(tmp_path / "m" / "photo.png").size == (90, 60)
