"""Patch-swap (section 3.3.2): matches query patches with source patches, and pastes those.

May import: `maps`, `errors`.
"""

from tfpaint.patch_swap.matching import match
from tfpaint.patch_swap.pasting import paste
from tfpaint.patch_swap.swap import PatchSwap, patch_swap

__all__ = ["PatchSwap", "match", "paste", "patch_swap"]
