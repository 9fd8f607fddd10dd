"""Measures how well holes are filled: test photos, other methods, metrics and the report.

May import: every room below it, the inpainter included.
"""
