"""Pictures as files and arrays: decoding, writing, masks, folders, contact sheets. No TensorFlow.

May import: `errors`.
"""
