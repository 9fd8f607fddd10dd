"""Trains G1 and G2 with their discriminators: losses (equations 1-6) and training steps.

May import: `filling`, `networks`, `patch_swap`, `maps`, `errors`.
"""
