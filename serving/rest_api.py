"""TensorFlow Serving's REST API, the metrics and the page, on aiohttp."""

import asyncio
import hmac
import json
import re
import ssl
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from google.protobuf import json_format
from prometheus_client import exposition
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2

from serving import grpc_api, iopaint_api, json_tensors
from serving.predictor import Call, Predictor
from serving.static import Page
from serving.status import Code, ServingError, one_line

METRICS_PATH = "/monitoring/prometheus/metrics"
_WHICH = r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?"
_PREDICT = re.compile(_WHICH + ":predict")
_STATUS = re.compile(_WHICH)
_METADATA = re.compile(_WHICH + "/metadata")
_NOT_JSON = ("multipart/", "image/")  # types of bodies that are surely none
_CUT_OFF = (web.PayloadAccessError, web.RequestPayloadError, ConnectionError)
_BODIES = 4  # how many bodies of the largest size may be received at the same time


class RestServer:
    """The REST API on one port or several.

    Args:
        predictor: What answers requests.
        page: The folder of the page that is shown at "/", or None.
        tls: For TLS; None serves unencrypted.
        token: The bearer token that callers of the API need, if any; the page needs none.
        keep_alive: Seconds that an idle connection is kept, and that a first header may take.
        iopaint: Whether IOPaint's calls are answered, too.
        origins: The web origins whose pages may make those.
    """

    def __init__(
        self,
        predictor: Predictor,
        page: Path | None = None,
        tls: ssl.SSLContext | None = None,
        token: str | None = None,
        keep_alive: float = 75.0,
        iopaint: bool = False,
        origins: Sequence[str] = (),
    ):
        self._predictor = predictor
        self._tls = tls
        self._expected = f"Bearer {token}".encode() if token else None
        self._receiving = 0  # bytes of all bodies
        self._listeners: list[asyncio.Server] = []
        self._is_iopaint = iopaint_api.is_call if iopaint else lambda path: False
        app = web.Application(middlewares=[self._answer])
        app.router.add_route("*", "/v1/{rest:.*}", self._api)
        app.router.add_get(METRICS_PATH, self._metrics)
        if iopaint:
            iopaint_api.IOPaintApi(predictor, self._body, origins).add_to(app)
        app.router.add_get("/{path:.*}", Page(page).get)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=keep_alive,
            auto_decompress=False,  # `_body` does, and names what it does not know
            lingering_time=1.0,
            shutdown_timeout=predictor.limits.seconds,
        )

    async def bind(self, host: str, port: int) -> int:
        """Takes a port and returns it; connections are refused until `start`.

        Raises:
            OSError: It cannot be had.
        """
        if self._runner.server is None:
            await self._runner.setup()
        assert self._runner.server is not None
        listener = await asyncio.get_running_loop().create_server(
            self._runner.server, host, port, ssl=self._tls, backlog=128, start_serving=False
        )
        self._listeners.append(listener)
        return listener.sockets[0].getsockname()[1]

    async def start(self) -> None:
        """Accepts connections."""
        for listener in self._listeners:
            await listener.start_serving()

    async def stop(self) -> None:
        """Refuses new requests and waits for running ones."""
        for listener in self._listeners:
            listener.close()
        await self._runner.cleanup()

    @web.middleware
    async def _answer(self, request: web.Request, handler) -> web.StreamResponse:
        """Checks the token, answers errors as JSON, and drops clients that do not read answers."""
        try:
            self._check_token(request)
            response = await handler(request)
        except ServingError as error:
            response = self._error(request, error.message, error.http)
        except web.HTTPMethodNotAllowed as error:
            response = self._not_allowed(request, error)
        except web.HTTPException as error:
            response = self._error(request, error.reason, HTTPStatus(error.status))
        response.headers["X-Content-Type-Options"] = "nosniff"
        patience = 60 if isinstance(response, web.FileResponse) else 1  # 16 MB on a slow line
        try:
            async with asyncio.timeout(patience * self._predictor.limits.seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    def _not_allowed(self, request: web.Request, error: web.HTTPMethodNotAllowed) -> web.Response:
        """The answer to a method that a path does not take; OPTIONS asks which it does."""
        allowed = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
        if request.method == "OPTIONS":
            response = web.Response(status=HTTPStatus.NO_CONTENT)
        else:
            message = f"{one_line(request.method)[:50]} is not allowed here; allowed: {allowed}"
            response = self._error(request, message, HTTPStatus.METHOD_NOT_ALLOWED)
        response.headers["Allow"] = allowed
        return response

    def _error(self, request: web.Request, message: str, status: HTTPStatus) -> web.Response:
        keys = ("detail", "error") if self._is_iopaint(request.path) else ("error",)
        return _json(dict.fromkeys(keys, message), status)

    def _check_token(self, request: web.Request) -> None:
        protected = request.path.startswith(("/v1", METRICS_PATH)) or self._is_iopaint(request.path)
        if self._expected is None or not protected:
            return
        if request.method == "OPTIONS":  # browsers ask without it whether they may send it
            return
        sent = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(sent, self._expected):
            raise ServingError(Code.UNAUTHENTICATED, "the bearer token is missing or wrong")

    async def _api(self, request: web.Request) -> web.Response:
        if found := _PREDICT.fullmatch(request.path):
            _check_method(request, "POST")
            with self._predictor.call("rest", "Predict") as call:
                body = await self._predict(request, _spec(found), call)
            return web.Response(body=body, content_type="application/json")
        if found := _METADATA.fullmatch(request.path):
            _check_method(request, "GET", "HEAD")
            with self._predictor.call("rest", "GetModelMetadata"):
                return _json(self._metadata(_spec(found)))
        if found := _STATUS.fullmatch(request.path):
            _check_method(request, "GET", "HEAD")
            with self._predictor.call("rest", "GetModelStatus"):
                return _json(_to_dict(grpc_api.status(self._predictor, _spec(found))))
        path = one_line(request.path)[:200]
        raise ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {request.method} {path}")

    async def _predict(self, request: web.Request, spec, call: Call) -> bytes:
        self._predictor.check_name(spec.name)
        body = await self._body(request)
        by_row = True

        def read(model):
            nonlocal by_row
            sent = json_tensors.parse(body)
            name = sent.get("signature_name", "")
            signature, limits = model.signature(name), self._predictor.limits
            inputs, by_row = json_tensors.read_inputs(sent, signature, limits)
            return name, inputs, []

        def write(outputs, *_):
            return json_tensors.write_outputs(outputs, by_row)

        return await self._predictor.predict(call, spec, read, write)

    async def _body(self, request: web.Request, form: bool = False) -> bytes:
        """Receives the body of a request: JSON, or a form.

        Raises:
            ServingError: It is of another type, too large, takes too long or is cut off, or all
                bodies that are being received are too large together.
        """
        limits = self._predictor.limits
        most = limits.message_bytes
        inflater = _inflater(request, form)
        if (request.content_length or 0) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async with asyncio.timeout(limits.seconds):
                async for chunk in request.content.iter_any():
                    if inflater is not None:
                        chunk = inflater.decompress(chunk, most + 1 - len(body))
                    body += chunk
                    self._receiving += len(chunk)
                    if len(body) > most:
                        raise _too_large(most)
                    if self._receiving > _BODIES * most:
                        raise ServingError(
                            Code.RESOURCE_EXHAUSTED, "too many uploads at once; try again later"
                        )
            if inflater is not None and not inflater.eof:
                raise zlib.error("cut off")
        except TimeoutError:
            message = f"the upload took more than {limits.seconds:g} seconds"
            late = HTTPStatus.REQUEST_TIMEOUT
            raise ServingError(Code.DEADLINE_EXCEEDED, message, http=late) from None
        except (*_CUT_OFF, zlib.error) as error:
            raise ServingError(Code.INVALID_ARGUMENT, "the body is damaged or cut off") from error
        finally:
            self._receiving -= len(body)
        return bytes(body)

    def _metadata(self, spec) -> dict:
        response = grpc_api.metadata(self._predictor, spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return {
            "model_spec": _to_dict(response.model_spec),
            "metadata": {"signature_def": _to_dict(signatures)},
        }

    async def _metrics(self, _: web.Request) -> web.Response:
        text = exposition.generate_latest(self._predictor.metrics.registry)
        return web.Response(body=text, headers={"Content-Type": exposition.CONTENT_TYPE_LATEST})


def _check_method(request: web.Request, *allowed: str) -> None:
    if request.method not in allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)


def _inflater(request: web.Request, form: bool) -> "zlib._Decompress | None":
    """What decompresses the body, None if it is not compressed.

    Raises:
        ServingError: It is compressed in another way, or a picture, or a form where JSON is due.
    """
    if not form and request.content_type.startswith(_NOT_JSON):
        raise _unsupported(f"a body of the type {request.content_type}", "JSON")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise _unsupported(f"the Content-Encoding {coding}", "gzip, deflate or none")
    return None if coding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)


def _unsupported(what: str, remedy: str) -> ServingError:
    return ServingError(
        Code.INVALID_ARGUMENT,
        f"{what[:100]} is not understood; send {remedy}",
        http=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    )


def _spec(found: re.Match) -> model_pb2.ModelSpec:
    name, number, label = found.groups()
    spec = model_pb2.ModelSpec(name=name, version_label=label) if label else None
    spec = spec or model_pb2.ModelSpec(name=name)
    if number:
        try:
            spec.version.value = int(number)
        except ValueError as error:
            message = f"Failed to convert version: {number[:30]} to numeric."
            raise ServingError(Code.INVALID_ARGUMENT, message) from error
    return spec


def _to_dict(message) -> dict:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _json(value: dict, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    text = json.dumps(value, indent=1)
    return web.Response(text=text, status=status, content_type="application/json")


def _too_large(most: int) -> ServingError:
    return ServingError(
        Code.RESOURCE_EXHAUSTED,
        f"the request is over this server's limit of {most / 2**20:g} MiB; send a smaller picture",
        http=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )
