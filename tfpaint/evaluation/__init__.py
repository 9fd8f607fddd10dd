"""How well holes are filled: photos with holes, methods to compare with, measures, report.

May import: every room below it, the inpainter included.
"""
