"""tfpaint: fills the holes in photos by multi-scale feature image translation.

The names below load TensorFlow, so each is imported when it is first asked for: `import tfpaint`
and `tfpaint --help` answer at once.

Example:

>>> from tfpaint import Inpainter
>>> filled = Inpainter.from_preset("photo")(image, mask)  # True in the mask means missing
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfpaint.adversarial import Feature2ImageGAN, Image2FeatureGAN
    from tfpaint.discriminators import (
        FeatureDiscriminator,
        ImageFeatureDiscriminator,
        ImagePairDiscriminator,
    )
    from tfpaint.encoder import DistilledEncoder, VGG19Encoder
    from tfpaint.errors import InputError
    from tfpaint.feature2image import Feature2Image
    from tfpaint.image2feature import Image2Feature
    from tfpaint.inpainter import Inpainter
    from tfpaint.matching import match
    from tfpaint.patch_swap import PatchSwap
    from tfpaint.style_transfer import stylize

__version__ = "0.1.0"

# The function patch_swap stays in its module: tfpaint.patch_swap can be only one of the two.
_MODULE = {
    "DistilledEncoder": "encoder",
    "Feature2Image": "feature2image",
    "Feature2ImageGAN": "adversarial",
    "FeatureDiscriminator": "discriminators",
    "Image2Feature": "image2feature",
    "Image2FeatureGAN": "adversarial",
    "ImageFeatureDiscriminator": "discriminators",
    "ImagePairDiscriminator": "discriminators",
    "InputError": "errors",
    "Inpainter": "inpainter",
    "PatchSwap": "patch_swap",
    "VGG19Encoder": "encoder",
    "match": "matching",
    "stylize": "style_transfer",
}

__all__ = [*_MODULE]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'tfpaint' has no attribute '{name}'")
    return getattr(import_module(f"tfpaint.{_MODULE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
