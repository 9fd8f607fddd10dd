"""The training of G1 and G2 with their adversaries: losses (equations 1-6) and training steps.

May import: `filling`, `networks`, `patch_swap`, `maps`, `errors`.
"""
