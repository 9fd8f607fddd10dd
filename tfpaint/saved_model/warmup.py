"""Writes warm-up requests, which TensorFlow Serving answers before it reports a model as ready."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.holes import largest_box
from tfpaint.inpainter import Inpainter
from tfpaint.pictures.masks import square_hole
from tfpaint.saved_model import static_window
from tfpaint.style_transfer import can_stylize


def write(path: Path, model: str, inpainter: Inpainter, max_pixels: int) -> None:
    """Writes requests for every signature as a TFRecord file of PredictionLog messages.

    The photo of `serving_default` is a window of the largest scale up to 512 that the model takes.
    Its hole is large enough to use all scales up to that one. `bytes` gets the same window as a PNG
    and the smallest window as a JPEG; `variants` and `fill` get the latter. If no window is small
    enough, the photo is as large as it may be, and there is no request for `features`.

    Args:
        path: The file to write.
        model: The model's name in TensorFlow Serving.
        inpainter: The inpainter that is saved.
        max_pixels: The largest number of pixels that the model takes.

    Raises:
        InputError: tensorflow-serving-api is not installed.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError as error:
        raise InputError(
            "the package tensorflow-serving-api is missing; pip install tensorflow-serving-api"
        ) from error
    with tf.io.TFRecordWriter(str(path)) as file:
        for signature, inputs in _requests(inpainter, max_pixels):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictLog(request=request)
            file.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())


def _requests(inpainter: Inpainter, max_pixels: int) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    windows = [side for side in static_window.sides(inpainter.filler) if side**2 <= max_pixels]
    sides = windows or [math.isqrt(max_pixels)]
    image, mask = picture(sides[-1])
    yield "serving_default", {"image": image[None], "mask": mask[None]}
    small, small_mask = picture(sides[0])
    files = [tf.io.encode_png(image).numpy(), tf.io.encode_jpeg(small, quality=90).numpy()]
    masks = [tf.io.encode_png(one).numpy() for one in (mask, small_mask)]
    yield "bytes", {"image_bytes": np.array(files), "mask_bytes": np.array(masks)}
    # A signature's graph is prepared at its first request, in seconds.
    small_pair = {"image_bytes": np.array(files[1:]), "mask_bytes": np.array(masks[1:])}
    if inpainter.filler.pixels:
        yield "variants", {**small_pair, "seed": np.ones(1, np.int32)}
    numbers, none = np.zeros(1, np.int32), np.array([b"none"], object)
    yield "fill", {**small_pair, "seed": numbers, "grow_mask": numbers, "wrap": none}
    for side in windows:
        image, mask = picture(side)
        yield "features", {"image": image[None], "mask": mask[None]}
    if can_stylize(inpainter):
        strength = np.ones(1, np.float32)
        yield "stylize", {"content": small[None], "style": image[None], "strength": strength}


def picture(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture of stripes and noise, uint8 (side, side, 3), and a mask of a centred square hole.

    The mask is uint8 (side, side, 1), 255 = missing. The hole is the largest that the window takes.
    """
    y, x = np.mgrid[:side, :side]
    stripes = np.stack([np.sin((x + k * y) * 0.1) for k in range(3)], -1) * 60 + 128
    noise = np.random.default_rng(0).normal(0, 12, stripes.shape)
    image = np.clip(stripes + noise, 0, 255).astype(np.uint8)
    hole = square_hole(side, largest_box(side))
    return image, np.where(hole, 255, 0).astype(np.uint8)[..., None]
