"""The paper's networks as functional Keras models (encoder, G1, G2, D1, D2), run in tiles if large.

May import: `maps`, `backend`, `errors`.
"""
