"""The gallery of style transfer."""

import numpy as np
from PIL import Image

from benchmarks import styles


def test_every_pair_has_its_row(tmp_path, capsys):
    file = tmp_path / "styles.png"
    styles.main(["--size", "64", "--out", str(file)])
    sheet = np.asarray(Image.open(file))
    assert sheet.shape == (64 * len(styles.PAIRS), 64 * (2 + len(styles.VARIANTS)), 3)
    for row in np.vsplit(sheet, len(styles.PAIRS)):
        content, _, *results = np.hsplit(row.astype(int), 5)
        assert min(np.abs(one - content).mean() for one in results) > 5
    assert "s a picture of 64 px" in capsys.readouterr().out
