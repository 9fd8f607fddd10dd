"""How a hole is filled: its boxes and windows, the loop over scales, tone ring, paste.

May import: `networks`, `patch_swap`, `maps`, `errors`.
"""
