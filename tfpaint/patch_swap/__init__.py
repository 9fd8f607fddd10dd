"""Patch-swap (section 3.3.2): matches query patches with source patches, and pastes those.

May import: `maps`, `backend`, `errors`.
"""

from tfpaint.backend import need_tensorflow

need_tensorflow()

from tfpaint.patch_swap.matching import match  # noqa: E402
from tfpaint.patch_swap.pasting import paste  # noqa: E402
from tfpaint.patch_swap.swap import PatchSwap, patch_swap  # noqa: E402

__all__ = ["PatchSwap", "match", "paste", "patch_swap"]
