"""The fields of a form, as browsers and HTTP libraries send it: multipart/form-data."""

from email.message import Message
from email.parser import BytesParser

from serving.status import Code, ServingError

_MOST_FIELDS = 200
_LONGEST_HEAD = 8192  # bytes of a field's headers


def read(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form by name; of several with one name, the first.

    It takes one pass over the body, whatever is in it, and no more than a copy of it.

    Args:
        content_type: The header of that name, which holds the boundary.
        body: The whole body.

    Raises:
        ServingError: INVALID_ARGUMENT: it is no such form, is cut off or has more than 200 fields.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary("")
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise _bad("send a form: Content-Type: multipart/form-data, with its boundary")
    delimiter = b"\r\n--" + boundary.encode(errors="replace")
    _, *pieces = (b"\r\n" + body).split(delimiter, _MOST_FIELDS + 1)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise _bad(f"the form is cut off, or has more than {_MOST_FIELDS} fields")
    fields: dict[str, bytes] = {}
    for piece in pieces[:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        if len(head) > _LONGEST_HEAD:
            raise _bad("a field of the form has headers that are too long")
        headers = BytesParser().parsebytes(head.strip(), headersonly=True)
        name = headers.get_param("name", header="Content-Disposition")
        if isinstance(name, str):
            fields.setdefault(name, content)
    return fields


def _bad(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)
