"""The bundled preset `photo`: slim networks for two CPU cores.

    python -m train run photo/image2feature --encoder E.keras --photos DIR --val DIR --work DIR
    python -m train run photo/feature2image --encoder E.keras --photos DIR --val DIR --work DIR

It departs from the paper in this: G1 corrects a smooth fill of the hole rather than starting from
zero. G1 has no adversary, as its fill is meant to be coarse (section 1), and no feature loss, which
left a plaid pattern in the fill. The G2 trained at 128 px serves at 256 px, too, and that trained
at 256 px at all larger scales. The losses are weighted so that their gradients have comparable
norms at the output. The preset's model card has the commands that gave the bundled weights.
"""

from dataclasses import replace
from typing import Any

from tfpaint.filling.options import Options
from train.config import Config

_DATA: dict[str, Any] = {"irregular": 0.4, "shares": (7 / 16, 1 / 2), "crops": True}

RUNS = {
    "image2feature": Config(
        stage="image2feature",
        size=128,
        steps=2500,
        batch=8,
        network={"width": 24, "start": "membrane", "skips": "centre"},
        losses={"image_weight": 1.0, "feature_weight": 0.0, "adversarial_weight": 0.0},
        learning_rate=4e-4,
        decay=True,
        epoch=100,
        patience=None,
        **_DATA,
    ),
    "feature2image": Config(
        stage="feature2image",
        size=128,
        steps=6000,
        batch=8,
        network={"width": 32, "depth": 3},
        shared=True,
        losses={"image_weight": 1.0, "feature_weight": 0.1, "adversarial_weight": 0.0},
        learning_rate=6e-4,
        decay=True,
        epoch=250,
        patience=None,
        **_DATA,
    ),
}

# It continues from the network of the run before (--init-from), and needs --image2feature: the
# mixture of figure 8c.
RUNS["feature2image-mixture"] = replace(
    RUNS["feature2image"],
    steps=2000,
    losses={
        "source": "mixture",
        "image_weight": 1.0,
        "feature_weight": 0.05,
        "adversarial_weight": 0.0,
    },
    options=Options(key_blur=4.0),
    learning_rate=3e-4,
)

# Next, with D2. At G2's output its gradients have a quarter of the norm of equation 6's at first.
RUNS["feature2image-adversarial"] = replace(
    RUNS["feature2image-mixture"],
    steps=8000,
    discriminator_width=32,
    losses={**RUNS["feature2image-mixture"].losses, "adversarial_weight": 0.1},
    learning_rate=2e-4,
)

# Next, on features swapped as the preset swaps them, with VGG19 as --critic: a D2 trained from
# scratch was still at chance after 500 steps, one on VGG19's features was better after 200.
RUNS["feature2image-coherent"] = replace(
    RUNS["feature2image-adversarial"],
    steps=7000,
    discriminator_width=64,
    losses={
        **RUNS["feature2image-mixture"].losses,
        "feature_weight": 0.1,
        "adversarial_weight": 0.01,  # its gradients at G2's output are up to 200 times the image's
    },
    options=Options(key_blur=2.0, coherence=0.2, overlap=0.1),
    discriminator_learning_rate=5e-4,
)

# Next, at 256 px, where swapped pieces are larger; sigma and overlap are the preset's there.
RUNS["feature2image-256"] = replace(
    RUNS["feature2image-coherent"],
    size=256,
    steps=5000,
    batch=4,
    options=Options(key_blur=5.0, coherence=0.2, overlap=0.02),
)

# Next, a G2 for every scale. Three times the adversary makes it sharp enough at 256 px. For speed,
# it sees the hole and its surroundings only (`crop`): tones are Image2Feature's in the end. It is
# as near to the truth as the preset's two networks; the model card says why those were kept.
RUNS["feature2image-one"] = replace(
    RUNS["feature2image-256"],
    steps=9000,
    losses={
        **RUNS["feature2image-256"].losses,
        "crop": 0.625,
        "adversarial_weight": 0.03,
    },
    learning_rate=1e-4,
)
