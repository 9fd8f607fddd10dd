"""How a client reaches a server: TLS, tokens only by TLS or to this machine, and retries."""

import json
from pathlib import Path

import grpc

from tfpaint.errors import InputError


def open_channel(
    target: str,
    attempts: int,
    message_bytes: int,
    token: str | None,
    tls: bool,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
) -> grpc.Channel:
    """A connection to a server; see `serving.client.InpaintClient` for the arguments.

    Raises:
        InputError: A file cannot be read, or the token would travel without TLS.
    """
    if token and not tls and not _is_local(target):
        raise InputError(f"{target}: a token has to travel by TLS; add --tls")
    if (cert is None) != (key is None):
        raise InputError("cert and key: mutual TLS needs both")
    options = [
        ("grpc.max_send_message_length", message_bytes),
        ("grpc.max_receive_message_length", message_bytes),
        ("grpc.per_rpc_retry_buffer_size", message_bytes),  # a longer request is not retried
        ("grpc.service_config", _retries(attempts)),
        ("grpc.max_reconnect_backoff_ms", 2000),  # a server may take a minute to load
    ]
    if not tls:
        return grpc.insecure_channel(target, options)
    files = [_read_pem(path) for path in (ca, key, cert)]
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(*files), options)


def _retries(attempts: int) -> str:
    """A gRPC service config that retries requests while the server is unavailable."""
    if attempts == 1:
        return "{}"
    policy = {
        "maxAttempts": attempts,
        "initialBackoff": "0.5s",
        "maxBackoff": "5s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})


def _is_local(target: str) -> bool:
    return target.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]")


def _read_pem(path: Path | None) -> bytes | None:
    data = None if path is None else read(path)
    if data is not None and b"-----BEGIN " not in data:
        raise InputError(f"{path}: is no PEM file; give one with certificates or a key")
    return data


def read(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the name") from error
