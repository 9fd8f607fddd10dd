"""The bundled preset `photo`: slim networks for two CPU cores.

    python -m train run photo/image2feature --encoder E.keras --photos DIR --val DIR --work DIR
    python -m train run photo/feature2image --encoder E.keras --photos DIR --val DIR --work DIR

What departs from the paper: G1 corrects a membrane fill rather than starting from zero, and has no
adversary (it is meant to be coarse: section 1) and no feature loss (it left a plaid in the fill).
The G2 of 128 px serves at 256, too, and that of 256 px beyond. Their losses are weighted so that
gradients have comparable norms at the output. The preset's model card has the commands that gave
the bundled weights.
"""

from dataclasses import replace

from tfpaint.filling.options import Options
from train.config import Config

_HOLES = {"irregular": 0.4, "shares": (7 / 16, 1 / 2)}

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
        patience=1000,
        **_HOLES,
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
        patience=1000,
        **_HOLES,
    ),
}

# From the network of the run before, with --init-from and --image2feature: figure 8c.
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

# Then with D2. Its weight is by gradient norms at G2's output: a quarter of equation 6's at first.
RUNS["feature2image-adversarial"] = replace(
    RUNS["feature2image-mixture"],
    steps=8000,
    discriminator_width=32,
    losses={**RUNS["feature2image-mixture"].losses, "adversarial_weight": 0.1},
    learning_rate=2e-4,
)

# Then on features swapped as the preset swaps them, with --critic VGG19: a D2 that begins with
# nothing was still at chance after 500 steps, one on VGG19's features after 200 no more.
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

# Then at 256 px, where swapped pieces are larger; sigma and overlap as the preset has them there.
RUNS["feature2image-256"] = replace(
    RUNS["feature2image-coherent"],
    size=256,
    steps=5000,
    batch=4,
    options=Options(key_blur=5.0, coherence=0.2, overlap=0.02),
)

# Then with three times the adversary, to be sharp enough at 256 px and so serve at every scale;
# around the hole alone, for speed: tones are Image2Feature's in the end. As near as the preset's
# two networks; its model card says why it keeps them.
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
