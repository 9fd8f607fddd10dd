"""SavedModels for TensorFlow Serving: signatures, warm-up requests, metadata, the static window.

May import: every package of tfpaint except `evaluation`, and neither `batch` nor the command line.
"""

from tfpaint.saved_model.precision import in_float32
from tfpaint.saved_model.writer import save, versions

__all__ = ["in_float32", "save", "versions"]
