"""SavedModels for TensorFlow Serving: signatures, warm-up requests, metadata; the static window.

May import: every room below it; `evaluation` and the command line are above.
"""

from tfpaint.saved_model.precision import in_float32
from tfpaint.saved_model.writer import save, versions

__all__ = ["in_float32", "save", "versions"]
