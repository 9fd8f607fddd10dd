"""The paper's networks as functional Keras models (encoder, G1, G2, D1, D2), run in tiles if large.

May import: `maps`, `errors`.
"""

import keras

if keras.config.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.config.backend()}, and tfpaint needs TensorFlow; set "
        "KERAS_BACKEND=tensorflow before Keras is imported"
    )
