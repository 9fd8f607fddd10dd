"""Pictures as files and arrays: decoding, writing, masks, folders, sheets. No TensorFlow.

May import: `errors`.
"""
