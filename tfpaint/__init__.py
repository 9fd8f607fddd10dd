"""tfpaint: fills the holes in photos by multi-scale feature image translation.

Most of the names below load TensorFlow, so each is imported when it is first used. In this way
`import tfpaint` and `tfpaint --help` take no time.

Examples:

>>> from tfpaint import Inpainter
>>> filled = Inpainter.from_preset("photo")(image, mask)  # True in the mask means missing
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfpaint.errors import InputError
    from tfpaint.filling.options import PAPER, PHOTO, Options
    from tfpaint.inpainter import Inpainter
    from tfpaint.networks.discriminators import (
        FeatureDiscriminator,
        ImageFeatureDiscriminator,
        ImagePairDiscriminator,
    )
    from tfpaint.networks.encoder import DistilledEncoder, VGG19Encoder
    from tfpaint.networks.feature2image import Feature2Image
    from tfpaint.networks.image2feature import Image2Feature
    from tfpaint.patch_swap.matching import match
    from tfpaint.patch_swap.swap import PatchSwap
    from tfpaint.style_transfer import stylize
    from tfpaint.training.feature2image_gan import Feature2ImageGAN
    from tfpaint.training.image2feature_gan import Image2FeatureGAN

__version__ = "0.2.0"

# The function `patch_swap` is not among these, since `tfpaint.patch_swap` is the package.
_MODULE = {
    "DistilledEncoder": "networks.encoder",
    "Feature2Image": "networks.feature2image",
    "Feature2ImageGAN": "training.feature2image_gan",
    "FeatureDiscriminator": "networks.discriminators",
    "Image2Feature": "networks.image2feature",
    "Image2FeatureGAN": "training.image2feature_gan",
    "ImageFeatureDiscriminator": "networks.discriminators",
    "ImagePairDiscriminator": "networks.discriminators",
    "InputError": "errors",
    "Inpainter": "inpainter",
    "Options": "filling.options",
    "PAPER": "filling.options",
    "PHOTO": "filling.options",
    "PatchSwap": "patch_swap.swap",
    "VGG19Encoder": "networks.encoder",
    "match": "patch_swap.matching",
    "stylize": "style_transfer",
}

__all__ = [*_MODULE]

import_module("tfpaint.registration").register()


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'tfpaint' has no attribute '{name}'")
    return getattr(import_module(f"tfpaint.{_MODULE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
