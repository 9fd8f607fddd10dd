"""Plain operations on maps (B, h, w, C): masks as cells, the smooth fill, blur. No network.

May import: `errors`.
"""
