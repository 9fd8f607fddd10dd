"""The commands of `tfpaint`, each with its options and what it does. Nothing here loads TensorFlow.

May import: every room below it; the networks once the options are known to be good.
"""
