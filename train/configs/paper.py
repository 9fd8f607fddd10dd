"""The recipe of the paper (sections 3.3 and 4.1), on any folder of photos.

    python -m train run paper/image2feature --photos DIR --val DIR --work DIR
    python -m train run paper/feature2image-512 --photos DIR --val DIR --work DIR
    python -m train run paper/feature2image-512-mixture --image2feature G1.keras \\
      --init-from G2.keras --photos DIR --val DIR --work DIR

G1 at 128 px, G2 at 128, 256 and 512 px, and each G2 further on the mixture of figure 8c. README.md
in this folder has the departures from the paper, and how the losses were weighted. The paper
trained each network for a day on a GTX 1080 Ti. With this code, which needs a GPU for it, no such
run has been completed yet.
"""

from dataclasses import replace
from typing import Any

from train.config import Config


def paper(photos: int, epochs: int) -> dict[str, Config]:
    """The runs for a data set of so many training photos, each of so many epochs at most."""

    def amount(batch: int) -> dict[str, Any]:
        return {
            "batch": batch,
            "steps": epochs * photos // batch,
            "epoch": max(1, min(photos // batch, 5000)),
        }

    g1 = Config(
        stage="image2feature",
        size=128,
        **amount(16),
        network={"mask_channel": False},
        losses={"image_weight": 1.0, "feature_weight": 0.1, "adversarial_weight": 0.5},
        learning_rate=2e-3,
    )
    runs = {"image2feature": g1}
    for size, adversarial in ((128, 0.3), (256, 1.0), (512, 3.0)):
        g2 = Config(
            stage="feature2image",
            size=size,
            **amount(16 * 128 // size),
            losses={"image_weight": 1.0, "adversarial_weight": adversarial},
        )
        runs[f"feature2image-{size}"] = g2
        # It continues from the network of the run before (--init-from), with --image2feature.
        mixture = {**g2.losses, "source": "mixture"}
        runs[f"feature2image-{size}-mixture"] = replace(g2, losses=mixture)
    return runs


RUNS = paper(photos=100_000, epochs=20)
