"""Patch-swap (section 3.3.2): which source patch answers which query patch, and how it is pasted.

May import: `maps`, `errors`.
"""

from tfpaint.patch_swap.matching import match
from tfpaint.patch_swap.pasting import paste
from tfpaint.patch_swap.swap import PatchSwap, patch_swap

__all__ = ["PatchSwap", "match", "paste", "patch_swap"]
