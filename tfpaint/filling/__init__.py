"""Fills a hole: its boxes and windows, the loop over scales, tone alignment, pasting.

May import: `networks`, `patch_swap`, `maps`, `errors`.
"""
