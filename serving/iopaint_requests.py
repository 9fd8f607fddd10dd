"""The requests of IOPaint's and lama-cleaner's clients: JSON with base64, or a form with files.

Fields that other models need are ignored.
"""

import random
from http import HTTPStatus
from typing import Any, NamedTuple

from serving import forms, json_tensors
from serving.iopaint_pictures import OPERATIONS
from serving.status import Code, ServingError

SEED = 42
"""The seed of a request that names none."""

_RADIUS = 5


class Sent(NamedTuple):
    """What a request to fill a picture holds: the content of both files, and the seed."""

    image: bytes
    mask: bytes
    seed: int


def from_json(body: bytes) -> Sent:
    """The body of `/api/v1/inpaint`.

    Raises:
        ServingError: INVALID_ARGUMENT, as HTTP 422 unless a file is not base64.
    """
    sent = _parsed(body)
    return Sent(_file(sent, "image"), _file(sent, "mask"), _seed(sent.get("sd_seed", SEED)))


def from_form(kind: str, body: bytes) -> Sent:
    """The body of `/inpaint`, a form; `kind` is its content type.

    Raises:
        ServingError: As for `from_json`.
    """
    sent = forms.read(kind, body)
    for name in ("image", "mask"):
        if name not in sent:
            raise _unprocessable(name, "the form has no such field; send a picture file")
    return Sent(sent["image"], sent["mask"], _seed(sent.get("sdSeed", SEED)))


def adjustment(body: bytes) -> tuple[bytes, str, int]:
    """The body of `/api/v1/adjust_mask`: the mask's file, one of `OPERATIONS`, the radius.

    Raises:
        ServingError: As for `from_json`.
    """
    sent = _parsed(body)
    if sent.get("operate") not in OPERATIONS:
        raise _unprocessable("operate", f"send one of {', '.join(OPERATIONS)}")
    radius = _number("kernel_size", sent.get("kernel_size", _RADIUS))
    return _file(sent, "mask"), sent["operate"], radius


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return json_tensors.parse(body)
    except ServingError as error:
        raise ServingError(error.code, error.message, HTTPStatus.UNPROCESSABLE_ENTITY) from error


def _file(sent: dict[str, Any], name: str) -> bytes:
    """The file in a field: base64, or a data: URL of it."""
    text = sent.get(name)
    if not isinstance(text, str):
        raise _unprocessable(name, "send a picture file in base64")
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    return json_tensors.from_base64(name, text)


def _seed(value: Any) -> int:
    """The number that the answer names; -1 asks for any. Fills do not depend on it."""
    seed = _number("sd_seed", value)
    return random.randint(1, 99_999_999) if seed == -1 else seed


def _number(name: str, value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise _unprocessable(name, "send a whole number") from None
    if abs(number) >= 2**63:
        raise _unprocessable(name, "send a smaller number")
    return number


def _unprocessable(name: str, remedy: str) -> ServingError:
    message = f"{name}: {remedy}"
    return ServingError(Code.INVALID_ARGUMENT, message, HTTPStatus.UNPROCESSABLE_ENTITY)
