"""Errors of requests: a gRPC status code, and one line that says what to do."""

import re
from http import HTTPStatus

import grpc
import tensorflow as tf

Code = grpc.StatusCode

# As in TensorFlow Serving. All other codes are 500.
HTTP_STATUS = {
    Code.OK: HTTPStatus.OK,
    Code.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    Code.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    Code.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}

_BY_NUMBER = {code.value[0]: code for code in Code}
_LONGEST = 500


class ServingError(Exception):
    """A request that is refused or has failed.

    Args:
        code: The status as gRPC names it.
        message: One line for the client. It must not hold anything of a picture.
        http: The HTTP status, if it is not the usual one for the code.
    """

    def __init__(self, code: grpc.StatusCode, message: str, http: HTTPStatus | None = None):
        super().__init__(message)
        self.code = code
        self.message = one_line(message)
        self.http = http or HTTP_STATUS.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def from_tensorflow(error: tf.errors.OpError) -> ServingError:
    """TensorFlow's error as a ServingError of the same code, without the graph's node names."""
    code = _BY_NUMBER.get(error.error_code, Code.INTERNAL)
    if code is Code.DEADLINE_EXCEEDED:
        return ServingError(code, "the request took longer than it may; send a smaller picture")
    return ServingError(code, error.message)


def one_line(message: str) -> str:
    """A message of TensorFlow or gRPC without node names, line breaks and control characters."""
    message = re.sub(r"\[*\{\{.*?\}\}\]*", "", message.replace("Graph execution error:", ""))
    message = re.sub(r"\[Op:\w*\]", "", message)
    asserted = re.search(r"assertion failed: \[(.*)\]", message, re.S)
    if asserted:
        message = asserted[1].replace("\\'", "'").replace('\\"', '"')
    message = "".join(letter if letter.isprintable() else " " for letter in message)
    return " ".join(message.split())[:_LONGEST]
