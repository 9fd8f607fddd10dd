"""From TensorProtos to arrays and back, with TensorFlow Serving's checks and a few more."""

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.limits import Limits, check_shape, dtype_name, invalid
from serving.status import Code, ServingError


def read_inputs(protos: Mapping, signature, limits: Limits) -> dict[str, np.ndarray]:
    """The inputs of a PredictRequest as arrays.

    Args:
        protos: TensorProtos by name.
        signature: The SignatureDef to which they belong.
        limits: Larger tensors are refused before an array is made of them.

    Raises:
        ServingError: INVALID_ARGUMENT: names, types or shapes do not fit the signature, or a
            tensor is too large.
    """
    if set(protos) != set(signature.inputs):
        sent = ", ".join(sorted(name[:50] for name in protos)[:8]) or "none"
        raise ServingError(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: the model takes"
            f" {', '.join(sorted(signature.inputs))}; sent: {sent}",
        )
    return {name: _array(name, protos[name], signature.inputs[name], limits) for name in protos}


def _array(name: str, proto, info, limits: Limits) -> np.ndarray:
    if proto.dtype != info.dtype:
        raise invalid(
            name, f"is {dtype_name(proto.dtype)}; the model takes {dtype_name(info.dtype)}"
        )
    if proto.tensor_shape.unknown_rank:
        raise invalid(name, "has no shape")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    check_shape(name, shape, info, limits)
    if info.dtype == tf.string.as_datatype_enum and len(proto.string_val) != math.prod(shape):
        raise invalid(name, f"has {len(proto.string_val)} strings for the shape {shape}")
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError, OverflowError) as error:
        raise invalid(name, f"holds values that do not fit its shape {shape} and type") from error


def write_response(outputs: Mapping[str, np.ndarray], name: str, version: int, signature_name: str):
    """The PredictResponse of a model's outputs.

    Args:
        outputs: Arrays by name.
        name: The model's name.
        version: Its version.
        signature_name: The signature that gave the outputs.
    """
    response = predict_pb2.PredictResponse()
    response.model_spec.name = name
    response.model_spec.version.value = version
    response.model_spec.signature_name = signature_name
    for key, array in outputs.items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(array))
    return response
