"""The request of one fill, with the signature that its options need."""

from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2

from tfpaint.filling.options import check_seeds, check_wrap
from tfpaint.pictures.mask_files import MaskOptions


def fill_request(
    image: bytes, mask: bytes, seed: int = 0, grow_mask: int = 0, wrap: str | None = None
) -> predict_pb2.PredictRequest:
    """Asks for no more than is needed, so that older models answer, too.

    Args:
        image, mask: PNG or JPEG files.
        seed, grow_mask, wrap: As for `serving.client.InpaintClient.inpaint`.

    Returns:
        The request, without the model's name.

    Raises:
        InputError: An option is out of range.
    """
    check_seeds(seed)
    check_wrap(wrap)
    MaskOptions(grow=grow_mask)
    request = predict_pb2.PredictRequest()
    signature = "fill" if grow_mask or wrap else "variants" if seed else "bytes"
    request.model_spec.signature_name = signature
    inputs: dict[str, bytes | int] = {"image_bytes": image, "mask_bytes": mask}
    if signature != "bytes":
        inputs["seed"] = seed
    if signature == "fill":
        inputs |= {"grow_mask": grow_mask, "wrap": (wrap or "none").encode()}
    for name, value in inputs.items():
        tensor = request.inputs[name]
        tensor.tensor_shape.dim.add(size=1)
        if isinstance(value, bytes):
            tensor.dtype = types_pb2.DT_STRING
            tensor.string_val.append(value)
        else:
            tensor.dtype = types_pb2.DT_INT32
            tensor.int_val.append(value)
    return request
