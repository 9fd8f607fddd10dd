"""The limits of a request, checked before pictures are decoded or tensors made."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image

from serving.status import Code, ServingError
from tfpaint.pictures.decoding import own_limit


@dataclass(frozen=True)
class Limits:
    """The limits of a single request.

    Attributes:
        message_bytes: Bytes of the request as it comes over the network.
        pixels: Pixels in each input, all items of the batch together.
        seconds: Time for the answer. REST allows as long for receiving the body before it, and as
            long for sending the answer after it.
    """

    message_bytes: int = 64 * 2**20
    pixels: int = 50_000_000
    seconds: float = 120.0


def check_shape(name: str, shape: Sequence[int], info, limits: Limits) -> None:
    """Refuses a tensor whose shape does not fit the signature or has too many pixels.

    Args:
        name: The input's name.
        shape: The tensor's dimensions.
        info: The input's TensorInfo in the signature.
        limits: The number of pixels allowed.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    expected = None if info.tensor_shape.unknown_rank else [d.size for d in info.tensor_shape.dim]
    fits = expected is None or (
        len(shape) == len(expected)
        and all(want in (-1, got) for want, got in zip(expected, shape, strict=True))
    )
    if not fits or any(size < 0 for size in shape):
        raise invalid(
            name, f"has the shape {list(shape)[:8]}; the model takes {expected}, -1 for any size"
        )
    _check_pixels(name, math.prod(shape[:3]), limits)
    if math.prod(shape) > 4 * limits.pixels:
        raise invalid(name, f"holds {math.prod(shape)} values; send a smaller picture")


def check_values(inputs: Mapping[str, np.ndarray], limits: Limits) -> None:
    """Refuses pictures that are too large by their headers, and arrays with NaN or infinity.

    Args:
        inputs: The arrays by name; strings in those named `..._bytes` are PNG or JPEG files.
        limits: The number of pixels allowed.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    for name, array in inputs.items():
        if array.size == 0:
            raise invalid(name, "is empty; send at least one picture")
        if array.dtype == object and name.endswith("_bytes"):
            _check_pixels(name, sum(_pixels(name, data) for data in array.ravel()), limits)
        elif array.dtype.kind == "f" and not np.isfinite(array).all():
            raise invalid(name, "holds NaN or infinity")


def invalid(name: str, problem: str) -> ServingError:
    """The error for an input: INVALID_ARGUMENT, with the input's name and the problem."""
    return ServingError(Code.INVALID_ARGUMENT, f"input '{name[:100]}' {problem}")


def dtype_name(dtype: int) -> str:
    """The name of a TensorProto's type, such as "uint8" or "string"."""
    try:
        return tf.dtypes.as_dtype(dtype).name
    except TypeError:
        return f"type {dtype}"


def _check_pixels(name: str, pixels: int, limits: Limits) -> None:
    if pixels > limits.pixels:
        raise invalid(
            name,
            f"has {pixels / 1e6:.1f} megapixels, over this server's limit of"
            f" {limits.pixels / 1e6:g}; reduce the picture",
        )


def _pixels(name: str, data: bytes) -> int:
    """The number of pixels by the file's header. Nothing is decoded."""
    try:
        with own_limit(), Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            return image.width * image.height
    except Exception as error:  # decoders raise all kinds of errors on a broken header
        raise invalid(name, "is not a PNG or JPEG file, or damaged") from error
