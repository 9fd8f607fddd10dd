"""The networks of the paper as functional Keras models: encoder, G1, G2, D1, D2; and their tiling.

May import: `maps`, `errors`.
"""
