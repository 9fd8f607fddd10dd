"""Learning curves of training runs, from their `log.csv`, for a model card.

    python -m benchmarks.curves "G1: val_hole_l1" runs/g1 "G2: val_loss" runs/g2 --out curves.png

Each run is preceded by its title and the column to draw.
"""

import argparse
import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main() -> None:
    """Parses the command line and writes the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", help='"TITLE: COLUMN" FOLDER, once for each run')
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    pairs = list(zip(options.runs[::2], options.runs[1::2], strict=True))
    draw([(title, Path(folder) / "log.csv") for title, folder in pairs], options.out)


def draw(runs: list[tuple[str, Path]], out: Path) -> None:
    """One panel for each ("TITLE: COLUMN", log.csv), by the number of the epoch."""
    figure, axes = plt.subplots(1, len(runs), figsize=(4 * len(runs), 3), squeeze=False)
    for axis, (title, path) in zip(axes[0], runs, strict=True):
        column = title.split(": ")[1]
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        axis.plot([int(row["epoch"]) + 1 for row in rows], [float(row[column]) for row in rows])
        axis.set(title=title, xlabel="epoch")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=80)


if __name__ == "__main__":
    main()
