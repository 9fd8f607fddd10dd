"""How a hole is filled where the paper leaves a choice or a better way was found."""

from dataclasses import dataclass, fields, replace
from typing import Any

from tfpaint.errors import InputError


@dataclass(frozen=True)
class Options:
    """Options of the filling; each default is the paper's way.

    Sigmas are in pixels of the smallest scale, and grow in proportion at the larger ones.

    Attributes:
        key_blur: Sigma, 0 or more. If positive, patches are matched on the features of a blurred
            picture, and the sharp features are pasted: a coarse fill is most similar to flat
            patches otherwise. The paper matches what it pastes (section 3.3.2).
        coherence: 0 or more. If positive, a choice may give up this much of its cosine to continue
            the pieces that its neighbours have chosen, in the manner of Ashikhmin, "Synthesizing
            Natural Textures", 2001. In the paper each patch chooses alone (section 3.3.2).
        overlap: Above 0. Weight of a pasted patch in the cells beside its centre, squared in the
            corners, 1 being the centre's. The paper averages overlapping patches evenly (section
            3.3.2); less is sharper.
        trust: Above 0. If less than 1, the smallest scale is matched from the hole's boundary
            inwards, as in Criminisi et al., 2004, without `key_blur`; this is the weight of the
            coarse fill's cells beside a known cell. Every larger scale then continues from the
            matches of the scale before. The paper matches each scale anew, on the whole fill
            (section 3.4).
        recompose: Make the coarse fill anew from large pieces of the photo, as far as they fit. The
            paper takes Image2Feature's (section 3.3.1).
        tone_blur: Sigma, 0 or more. If positive, what is coarser is kept from the picture that a
            scale begins with, so that Feature2Image adds texture alone. In the paper it draws the
            whole picture (section 3.3.3).
        iterations: At least 1. How often each scale is repeated: once in the paper; more is its
            iterative inference (section 4.3).

    Raises:
        InputError: A value is out of its range.
    """

    key_blur: float = 0.0
    coherence: float = 0.0
    overlap: float = 1.0
    trust: float = 1.0
    recompose: bool = False
    tone_blur: float = 0.0
    iterations: int = 1

    def __post_init__(self):
        for name, value in vars(self).items():
            if not isinstance(value, int | float):
                raise InputError(f"{name}={value!r}: has to be a number, or true or false")
        for name in ("key_blur", "coherence", "tone_blur"):
            if getattr(self, name) < 0:
                raise InputError(f"{name}={getattr(self, name)}: has to be 0 or more")
        for name in ("overlap", "trust"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name}={getattr(self, name)}: has to be above 0")
        if self.iterations < 1:
            raise InputError(f"iterations={self.iterations}: has to be 1 or more")

    def changed(self, **changes: Any) -> "Options":
        """The same options but for some fields.

        Raises:
            InputError: There is no such option, or its value is out of range.
        """
        names = [field.name for field in fields(self)]
        unknown = [name for name in changes if name not in names]
        if unknown:
            raise InputError(f"{unknown[0]!r} is no option; there are {', '.join(names)}")
        return replace(self, **changes)


PAPER = Options()
"""The paper's way in everything."""

PHOTO = Options(
    key_blur=1.5, coherence=0.05, overlap=0.02, trust=0.1, recompose=True, tone_blur=4.0
)
"""The way of the bundled preset "photo", chosen on validation photos (see its model card)."""
