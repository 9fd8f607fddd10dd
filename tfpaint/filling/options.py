"""Options of the filling: choices that the paper leaves open, and departures from it."""

from dataclasses import dataclass, fields, replace
from typing import Any

from tfpaint.errors import InputError


def check_seeds(first: int, count: int = 1) -> None:
    """Checks the seeds of so many fills, which follow each other.

    Raises:
        InputError: One of them is not from 0 to 2**31 - 1.
    """
    if not 0 <= first <= first + count - 1 < 2**31:
        raise InputError(f"seed={first}: has to be from 0 to 2**31 - 1")


WRAPS = ("x", "y", "both")
"""Which edges of a photo may meet: left and right, top and bottom, all."""


def check_wrap(wrap: str | None) -> None:
    """Checks that it is one of `WRAPS`, or None.

    Raises:
        InputError: It is not.
    """
    if wrap is not None and wrap not in WRAPS:
        raise InputError(f"wrap={wrap!r}: has to be one of {', '.join(WRAPS)}, or left out")


@dataclass(frozen=True)
class Options:
    """How a hole is filled. Each default is the paper's way.

    Sigmas are in pixels at the smallest scale. At larger scales they grow in proportion.

    Attributes:
        key_blur: Sigma, at least 0. If positive, patches are matched on the features of a blurred
            picture, and the sharp features are pasted. A coarse fill is blurred, and would
            otherwise match flat patches best. The paper matches the features that it pastes
            (section 3.3.2).
        coherence: At least 0. If positive, a choice may give up this much of its cosine to continue
            the pieces that its neighbours have chosen, in the manner of Ashikhmin, "Synthesizing
            Natural Textures", 2001. In the paper each patch is matched alone (section 3.3.2).
        overlap: Above 0. In the mean of overlapping patches, a patch has weight 1 at its centre,
            `overlap` in the cells beside it and `overlap` squared in its corners. A smaller value
            is sharper. The paper's mean has equal weights (section 3.3.2).
        trust: Above 0. Below 1, the smallest scale is matched ring by ring from the hole's boundary
            inwards (after Criminisi et al., 2004), and without `key_blur`. `trust` is then the
            weight of the coarse fill's cells, relative to a known cell (where its network says how
            sure it is, from a third to two and a half times that), and each larger scale continues
            from the matches of the previous one. The paper matches each scale
            independently, on the whole fill (section 3.4).
        recompose: Rebuild the coarse fill from large pieces of the photo, as far as they fit. The
            paper uses the fill of Image2Feature (section 3.3.1).
        tone_blur: Sigma, at least 0. If positive, structures coarser than sigma are kept from the
            picture with which a scale begins, and Feature2Image adds only finer texture. In the
            paper it draws the whole picture (section 3.3.3).
        pixels: Carry patch-swap on in pixels, from 64 pixels up to the window's own size: the last
            word has the photo's own pixels, and Feature2Image draws the smallest scale alone. In
            the paper every scale is drawn by Feature2Image (section 3.4).
        iterations: At least 1. How often each scale is refined. Once is the paper's default; more
            is its iterative inference (section 4.3).

    Raises:
        InputError: A value is out of its range.
    """

    key_blur: float = 0.0
    coherence: float = 0.0
    overlap: float = 1.0
    trust: float = 1.0
    recompose: bool = False
    tone_blur: float = 0.0
    pixels: bool = False
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
        """A copy of the options with some fields changed.

        Raises:
            InputError: There is no such option, or its value is out of range.
        """
        names = [field.name for field in fields(self)]
        unknown = [name for name in changes if name not in names]
        if unknown:
            raise InputError(f"{unknown[0]!r} is no option; there are {', '.join(names)}")
        return replace(self, **changes)


PAPER = Options()
"""The paper's way throughout."""

PHOTO = Options(
    key_blur=1.5,
    coherence=0.05,
    overlap=0.02,
    trust=0.1,
    recompose=True,
    tone_blur=4.0,
    pixels=True,
)
"""The options of the bundled preset "photo", chosen on validation photos (see its model card)."""
