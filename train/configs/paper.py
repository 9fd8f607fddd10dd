"""The recipe of the paper (sections 3.3 and 4.1), on any folder of photos.

    python -m train run paper/image2feature --photos DIR --val DIR --work DIR
    python -m train run paper/feature2image-512 --photos DIR --val DIR --work DIR

G1 at 128 px, G2 at 128, 256 and 512 px. The hole is a centre square of 7/16 of the side, 224 px at
512. Adam has beta1 0.5, and training stops early on the held-out loss. The paper trained each
network for a day on a GTX 1080 Ti. With this code, which needs a GPU for it, no such run has been
completed yet.
"""

from typing import Any

from train.config import Config


def paper(photos: int, epochs: int) -> dict[str, Config]:
    """The four runs for a data set of so many training photos, each of so many epochs."""

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
        losses={"image_weight": 1000.0, "feature_weight": 0.001, "adversarial_weight": 1.0},
        learning_rate=2e-3,
    )
    runs = {"image2feature": g1}
    for size in (128, 256, 512):
        runs[f"feature2image-{size}"] = Config(
            stage="feature2image",
            size=size,
            **amount(16 * 128 // size),
            losses={"image_weight": 100.0, "adversarial_weight": 1.0},
        )
    return runs


RUNS = paper(photos=100_000, epochs=20)
