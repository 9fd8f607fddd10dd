"""The recipe of the paper (sections 3.3 and 4.1), on any folder of photos.

    python -m train run paper/image2feature --photos DIR --val DIR --work DIR
    python -m train run paper/feature2image-512 --photos DIR --val DIR --work DIR

G1 at 128, G2 at 128, 256 and 512; hole 7/16 of the side (224 at 512), at the centre; Adam with
beta1 0.5; early stopping on the held-out loss. The paper says one day for each network on a GTX
1080 Ti. Nobody has run it with this code to the end: it is made for a GPU.
"""

from train.config import Config


def paper(photos, epochs):
    """The four runs for a data set of so many training photos."""

    def amount(batch):
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
