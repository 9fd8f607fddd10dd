"""Networks in float32, whatever Keras has been set to."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def in_float32() -> Iterator[None]:
    """Networks built in this context compute in float32, and take float32.

    Keras's `floatx` and its global dtype policy are put back in the end.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
