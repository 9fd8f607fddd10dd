"""Which backend Keras runs on. Image2Feature runs on any, and all else needs TensorFlow.

Where TensorFlow has faster operations of its own than `keras.ops`, `ON_TENSORFLOW` is the switch.
"""

import keras

ON_TENSORFLOW = keras.config.backend() == "tensorflow"


def need_tensorflow() -> None:
    """Checks that Keras runs on TensorFlow.

    Raises:
        ImportError: It runs on another backend.
    """
    if not ON_TENSORFLOW:
        raise ImportError(
            f"Keras runs on {keras.config.backend()}, and tfpaint needs TensorFlow; set "
            "KERAS_BACKEND=tensorflow before Keras is imported"
        )
