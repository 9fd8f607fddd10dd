"""Trains G1 and G2 with their discriminators: losses (equations 1-6) and training steps.

May import: `filling`, `networks`, `patch_swap`, `maps`, `backend`, `errors`.
"""

from tfpaint.backend import need_tensorflow

need_tensorflow()
