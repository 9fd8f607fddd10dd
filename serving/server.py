"""Serve a SavedModel by gRPC and REST, as TensorFlow Serving does, and show the page.

    python -m serving server --model out/models/tfpaint
    python -m serving server --model out/models/tfpaint --host 0.0.0.0 \\
        --tls-cert server.crt --tls-key server.key --token-file token

--model is the parent of the version folders. The version with the largest number is served; a new
one is picked up while serving. After SIGTERM the server ends once running requests are finished.
"""

import argparse
import asyncio
import logging
import re
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from serving import backend, logs
from serving.grpc_api import GrpcServer
from serving.limits import Limits
from serving.options import Options
from serving.predictor import Predictor
from serving.rest_api import RestServer
from serving.static import PAGE
from serving.versions import Versions, version_folders
from serving.workers import Workers
from tfpaint.commands import devices
from tfpaint.errors import InputError

log = logging.getLogger(__name__)
_NAME = "tfpaint"  # the model that the page asks for
_DAY = 86400.0  # seconds, the longest time limit: gRPC's timers overflow after some days
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s*]+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server:
    """Serves one model by both protocols.

    Args:
        options: How to serve.

    Raises:
        InputError: The options make no sense, or a file of theirs cannot be used.
    """

    def __init__(self, options: Options):
        self.options = options
        self._credentials, tls = _tls(options)
        self.versions = Versions(options.model, options.labels)
        self.workers = Workers(options.workers, options.max_in_flight)
        self.predictor = Predictor(options.name, self.versions, self.workers, options.limits)
        self.rest = RestServer(
            self.predictor,
            options.page,
            tls,
            options.token,
            options.keep_alive,
            options.iopaint is not None,
            options.origins,
        )
        self.grpc: GrpcServer | None = None
        self.rest_port, self.iopaint_port = 0, options.iopaint
        self.page = ""

    async def start(self) -> None:
        """Takes the ports, loads the model, then listens.

        Meanwhile gRPC answers that it is not serving yet, and REST refuses connections.

        Raises:
            InputError: A port is taken, or no version can be loaded.
        """
        options = self.options
        address = f"[{options.host}]" if ":" in options.host else options.host
        with self._port(options.port):
            self.grpc = GrpcServer(
                self.predictor, f"{address}:{options.port}", self._credentials, options.token
            )
        with self._port(options.rest_port):
            self.rest_port = await self.rest.bind(options.host, options.rest_port)
        if options.iopaint is not None:
            with self._port(options.iopaint):
                self.iopaint_port = await self.rest.bind(options.host, options.iopaint)
        await self.grpc.start()
        await asyncio.to_thread(self.versions.refresh)
        if not self.versions.ready:
            await self.stop()
            errors = [version.error for version in self.versions.known.values()]
            raise InputError(
                f"{options.model}: no version could be loaded ({'; '.join(errors)});"
                " export the model again"
            )
        await self.grpc.report()
        with self._port(options.rest_port):  # another server may have taken it in the same moment
            await self.rest.start()
        self.versions.watch()
        scheme = "https" if options.tls_cert else "http"
        self.page = f"{scheme}://{address}:{self.rest_port}/"
        ready = {"page": self.page, "grpc": f"{address}:{self.grpc.port}"}
        log.info("serving", extra=ready | {"iopaint": self.iopaint_port})

    @contextmanager
    def _port(self, number: int) -> Iterator[None]:
        """Turns the errors of a port that cannot be had into one line."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{self.options.host}: port {number} cannot be had;"
                " end what uses it, or name another"
            ) from error

    async def stop(self) -> None:
        """Finishes the running requests, then unloads the model."""
        log.info("stopping", extra={"in_flight": self.workers.in_flight})
        if self.grpc is not None:
            await asyncio.gather(self.grpc.stop(self.options.limits.seconds), self.rest.stop())
        await asyncio.to_thread(self.workers.close)
        await asyncio.to_thread(self.versions.close)
        log.info("stopped")


async def serve(options: Options) -> None:
    """Serves until SIGTERM or SIGINT."""
    server = Server(options)
    await server.start()
    print(f"tfpaint: open {server.page} in a browser; Ctrl-C ends", flush=True)
    if server.iopaint_port is not None:
        print(f"tfpaint: IOPaint's clients are answered at port {server.iopaint_port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()


def _tls(options: Options) -> tuple[grpc.ServerCredentials | None, ssl.SSLContext | None]:
    """What gRPC and REST need for TLS; both None to serve unencrypted.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    if options.tls_cert is None or options.tls_key is None:
        if options.tls_cert or options.tls_key or options.tls_client_ca:
            raise InputError("--tls-cert and --tls-key: TLS needs both of them")
        return None, None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
        pair = (options.tls_key.read_bytes(), options.tls_cert.read_bytes())
        authority = None
        if options.tls_client_ca is not None:
            context.load_verify_locations(options.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
            authority = options.tls_client_ca.read_bytes()
    except OSError as error:  # ssl.SSLError is one
        raise InputError(f"--tls-cert, --tls-key: {error}; give PEM files that fit") from error
    credentials = grpc.ssl_server_credentials([pair], authority, authority is not None)
    return credentials, context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m serving server`."""
    limits = Limits()
    add = parser.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="parent of the version folders")
    add("--name", default=_NAME, help="the model's name; the page asks for %(default)s")
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    add("--port", type=int, default=8500, help="the port of gRPC (%(default)s)")
    add("--rest-port", type=int, default=8501, help="the port of REST and the page (%(default)s)")
    add(
        "--iopaint",
        type=int,
        nargs="?",
        const=8080,
        metavar="PORT",
        help="answer IOPaint's clients, too, at this port (%(const)s)",
    )
    add(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="with --iopaint: a web page's origin that may call, e.g. https://editor.example",
    )
    add("--page", type=Path, metavar="DIR", help="the folder of the page (export/web)")
    add(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VERSION",
        help="a version's label, e.g. stable=1",
    )
    add("--workers", type=int, default=2, help="requests that run at a time (%(default)s)")
    add("--max-in-flight", type=int, default=16, help="requests that run or wait (%(default)s)")
    add(
        "--max-message-mb",
        type=float,
        default=limits.message_bytes / 2**20,
        help="the largest request in MiB (%(default)g)",
    )
    add("--max-pixels", type=float, default=limits.pixels, help="pixels in a request (%(default)g)")
    add("--timeout", type=float, default=limits.seconds, help="seconds for a request (%(default)g)")
    add(
        "--keep-alive",
        type=float,
        default=75.0,
        metavar="SECONDS",
        help="how long REST keeps an idle connection (%(default)g)",
    )
    add("--tls-cert", type=Path, metavar="FILE", help="PEM: certificate; serve by TLS only")
    add("--tls-key", type=Path, metavar="FILE", help="PEM: its key")
    add("--tls-client-ca", type=Path, metavar="FILE", help="PEM: who signs clients' certificates")
    add("--token-file", type=Path, metavar="FILE", help="text file with the token to demand")
    devices.add_device_options(parser)
    add("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    add(
        "--backend",
        default="embedded",
        choices=["embedded", "tf-serving"],
        help="tf-serving: start tensorflow_model_server from the PATH instead",
    )


def run(options: argparse.Namespace) -> None:
    """The command `python -m serving server`.

    Raises:
        InputError: An option makes no sense, or a file, port or model cannot be used.
    """
    if not version_folders(options.model):
        raise InputError(
            f"{options.model}: holds no version folder such as 1/saved_model.pb;"
            " name the parent of the folders that `python -m export saved-model` wrote"
        )
    chosen = _options(options)
    if options.backend == "tf-serving":
        _tls(chosen)  # refuses files that are missing or do not fit
        backend.execute(chosen)
        return
    devices.set_up(chosen.device, chosen.threads)
    logs.set_up(options.log_level)
    known = chosen.token or chosen.tls_client_ca
    if chosen.host not in _LOOPBACK and not (known and chosen.tls_cert):
        log.warning("open_to_the_network", extra={"remedy": "use --tls-cert and --token-file"})
    if chosen.page and chosen.name != _NAME:
        log.warning("page_finds_no_model", extra={"remedy": f"it asks for --name {_NAME}"})
    asyncio.run(serve(chosen))


def _options(given: argparse.Namespace) -> Options:
    """The options that the command line gives.

    Raises:
        InputError: One of them makes no sense.
    """
    token = None
    if given.token_file is not None:
        try:
            token = given.token_file.read_text().strip()
        except (OSError, ValueError) as error:
            raise InputError(f"{given.token_file}: cannot be read; give a text file") from error
        if not token.isascii() or not token.isprintable() or not token:
            raise InputError(f"{given.token_file}: holds no token; write one line of ASCII")
    bounds = [given.workers, given.max_in_flight, given.max_message_mb, given.max_pixels]
    times = [given.timeout, given.keep_alive]
    if not all(0 < bound < float("inf") for bound in (*bounds, *times)):
        raise InputError("--workers, --max-..., --timeout, --keep-alive: have to be above 0")
    if not all(0 <= port < 65536 for port in (given.port, given.rest_port, given.iopaint or 0)):
        raise InputError("--port, --rest-port, --iopaint: from 0, any that is free, to 65535")
    for origin in given.allow_origin:
        if given.iopaint is None or not _ORIGIN.fullmatch(origin):
            raise InputError("--allow-origin: say --iopaint --allow-origin https://editor.example")
    if given.max_message_mb >= 2048 or max(times) > _DAY:
        raise InputError("--max-message-mb: below 2048; --timeout, --keep-alive: at most 86400")
    if given.page is not None and not given.page.is_dir():
        raise InputError(f"{given.page}: no such folder; name the one with index.html")
    labels = {}
    for pair in given.label:
        label, _, number = pair.partition("=")
        if not label or not number.isdecimal():
            raise InputError(f"--label {pair}: write it as stable=1")
        labels[label] = int(number)
    limits = Limits(int(given.max_message_mb * 2**20), int(given.max_pixels), given.timeout)
    return Options(
        **{name: getattr(given, name) for name in ("model", "name", "host", "port", "rest_port")},
        iopaint=given.iopaint,
        origins=tuple(given.allow_origin),
        page=given.page or (PAGE if PAGE.is_dir() else None),
        labels=labels,
        workers=given.workers,
        max_in_flight=given.max_in_flight,
        limits=limits,
        keep_alive=given.keep_alive,
        **{name: getattr(given, name) for name in ("tls_cert", "tls_key", "tls_client_ca")},
        token=token,
        device=given.device,
        threads=given.threads,
    )
