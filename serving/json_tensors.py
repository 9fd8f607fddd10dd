"""TensorFlow Serving's JSON forms: "instances" by row, "inputs" by column, base64 for bytes."""

import base64
import binascii
import json
import string
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from serving.limits import Limits, check_shape, invalid
from serving.status import Code, ServingError

# Parsing makes an object of about 60 bytes for each bracket, so that a body of brackets alone would
# need far more memory than its own size.
_MOST_BRACKETS = 2_000_000


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a predict request.

    Raises:
        ServingError: INVALID_ARGUMENT: not JSON, not an object, or nested too deeply, or too many
            lists in it.
    """
    if body.count(b"[") + body.count(b"{") > _MOST_BRACKETS:
        raise _bad(
            "too many lists in the JSON; send pictures as base64 with the signature 'bytes', or"
            " by gRPC"
        )
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad(f"JSON Parse error: {error}") from error
    if not isinstance(request, dict):
        raise _bad("the JSON request is not an object")
    if not isinstance(request.get("signature_name", ""), str):
        raise _bad("'signature_name' key must be a string value")
    return request


def read_inputs(request: dict, signature, limits: Limits) -> tuple[dict[str, np.ndarray], bool]:
    """The inputs of a request as arrays by name, and whether they came by row.

    Args:
        request: From `parse`.
        signature: The SignatureDef to which they belong.
        limits: Larger tensors are refused.

    Raises:
        ServingError: INVALID_ARGUMENT: names, types or shapes do not fit the signature.
    """
    by_row, by_column = "instances" in request, "inputs" in request
    if by_row == by_column:
        raise _bad(
            "expecting only one of 'inputs' or 'instances' keys to exist"
            if by_row
            else "Missing 'inputs' or 'instances' key"
        )
    if by_row:
        columns = _columns(request["instances"], sorted(signature.inputs))
    else:
        columns = _named(request["inputs"], sorted(signature.inputs), "'inputs' object")
    arrays = {}
    for name, value in columns.items():
        info = signature.inputs[name]
        arrays[name] = _array(name, value, info.dtype)
        check_shape(name, arrays[name].shape, info, limits)
    return arrays, by_row


def write_outputs(outputs: Mapping[str, np.ndarray], by_row: bool) -> bytes:
    """The JSON body: {"predictions": [...]} by row, else {"outputs": ...}.

    If there is one output only, its name is left out. Strings of outputs named `..._bytes` become
    {"b64": "..."}.

    Raises:
        ServingError: INVALID_ARGUMENT: the answer is due by row, but the outputs have no batch
            dimension, or different batch sizes.
    """
    values = {name: _jsonable(name, array) for name, array in outputs.items()}
    if not by_row:
        return _dump({"outputs": values if len(values) > 1 else next(iter(values.values()))})
    if any(array.ndim == 0 for array in outputs.values()):
        raise _bad("an output has no batch dimension; ask by 'inputs' instead of 'instances'")
    if len({len(array) for array in outputs.values()}) > 1:
        raise _bad("the outputs have inconsistent batch sizes; ask by 'inputs'")
    if len(values) == 1:
        return _dump({"predictions": next(iter(values.values()))})
    rows = zip(*values.values(), strict=True)
    return _dump({"predictions": [dict(zip(values, row, strict=True)) for row in rows]})


def from_base64(name: str, text: str) -> bytes:
    """Decodes base64, the URL-safe kind too; white space is left out, and padding may be missing.

    Raises:
        ServingError: INVALID_ARGUMENT: not base64; the message has the input's name.
    """
    try:
        data = text.encode().translate(_URL_SAFE, delete=string.whitespace.encode())
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise invalid(name, "Unable to base64 decode") from error


def _columns(instances: Any, names: list[str]) -> dict[str, list]:
    if not isinstance(instances, list) or not instances:
        raise _bad("expecting 'instances' to be a list with at least one item")
    rows = [
        _named(row, names, f"element: {index} of 'instances' list")
        for index, row in enumerate(instances)
    ]
    return {name: [row[name] for row in rows] for name in names}


def _named(value: Any, names: list[str], what: str) -> dict[str, Any]:
    """The values by name; a plain value stands for the only input."""
    if not isinstance(value, dict) or _is_base64(value):
        if len(names) > 1:
            raise _bad(f"{what} is a plain value, but needs the keys {', '.join(names)}")
        return {names[0]: value}
    if sorted(value) != names:
        raise _bad(f"Failed to process {what}: keys must be equal to: {', '.join(names)}")
    return value


def _array(name: str, value: Any, dtype: int) -> np.ndarray:
    """A nested list as an array of the type that the signature asks for."""
    wanted = tf.dtypes.as_dtype(dtype)
    try:
        if wanted == tf.string:
            return _strings(name, value)
        array = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise invalid(name, f"is not a list, evenly nested, of {wanted.name} values") from error
    if wanted.is_integer:
        whole = (np.floor(array) == array) & (array >= wanted.min) & (array <= wanted.max)
        if not whole.all():
            raise invalid(name, f"holds values that are no {wanted.name}")
    return array.astype(wanted.as_numpy_dtype)


def _strings(name: str, value: Any) -> np.ndarray:
    leaves: list[bytes] = []
    shape = _flatten(name, value, leaves)
    array = np.empty(len(leaves), object)
    array[:] = leaves
    return array.reshape(shape)


def _flatten(name: str, value: Any, leaves: list[bytes]) -> tuple[int, ...]:
    """Appends the strings of a nested list to `leaves`; returns the shape of its first elements."""
    if isinstance(value, list):
        shapes = [_flatten(name, item, leaves) for item in value]
        return (len(value), *(shapes[0] if shapes else ()))
    text = value["b64"] if _is_base64(value) else value
    if isinstance(text, str) and text[:5].lower() == "data:":
        raise invalid(name, 'is a data: URL; send {"b64": "..."} with what follows its comma')
    if isinstance(value, str):
        leaves.append(value.encode(errors="surrogatepass"))
    elif _is_base64(value):
        leaves.append(from_base64(name, text))
    else:
        raise invalid(name, 'holds something other than strings and {"b64": "..."}')
    return ()


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _jsonable(name: str, array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    if array.ndim:
        return [_jsonable(name, np.asarray(item, object)) for item in array]
    data = array.item()
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(data).decode()}
    return data.decode(errors="replace")


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def _bad(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)
