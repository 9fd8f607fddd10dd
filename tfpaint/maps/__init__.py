"""Operations on maps (B, h, w, C) without a network: masks at cell level, smooth fill, blur.

May import: `backend`, `errors`.
"""
