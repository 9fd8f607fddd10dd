"""Simple fills to compare with: `fill(image, mask) -> image`, one a module.

Pictures are uint8 (H, W, 3), masks bool (H, W), True = missing; at least one pixel is known.
"""
