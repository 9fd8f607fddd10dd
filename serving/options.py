"""What a server is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from serving.limits import Limits


@dataclass
class Options:
    """What a server is started with: the options of `python -m serving server` by name.

    Attributes:
        model: The parent of the version folders.
        name: The model's name, which requests have to give.
        host: The address to listen at.
        port: Of gRPC; 0 takes a free one.
        rest_port: Of REST and the page; 0 takes a free one.
        iopaint: The port of IOPaint's API, or None; 0 takes a free one.
        origins: The web origins whose pages may use that API.
        page: The folder of the page, or None.
        labels: The version number behind each label.
        workers: How many requests run at a time.
        max_in_flight: How many requests may be running or waiting.
        limits: The limits of a single request.
        keep_alive: Seconds that REST keeps an idle connection.
        tls_cert, tls_key: PEM files; with both, the server speaks TLS only.
        tls_client_ca: PEM file; with it, clients need a certificate of this authority.
        token: The bearer token that callers need, if any.
        device, threads: As for `tfpaint.commands.devices.set_up`.
    """

    model: Path
    name: str = "tfpaint"
    host: str = "127.0.0.1"
    port: int = 8500
    rest_port: int = 8501
    iopaint: int | None = None
    origins: tuple[str, ...] = ()
    page: Path | None = None
    labels: dict[str, int] = field(default_factory=dict)
    workers: int = 2
    max_in_flight: int = 16
    limits: Limits = Limits()
    keep_alive: float = 75.0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    token: str | None = None
    device: str | None = None
    threads: int | None = None
