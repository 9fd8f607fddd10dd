"""IOPaint's HTTP API on the REST server, and the older call of lama-cleaner, for their clients.

A client sends a picture and its mask, of any format, beside many settings of other models, which
are ignored. The answer is the filled picture, a PNG file. Sources: IOPaint 1.6.0 (`iopaint/api.py`,
`iopaint/schema.py`) and lama-cleaner 1.2.5 (`lama_cleaner/server.py`).
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from aiohttp import web
from tensorflow_serving.apis import model_pb2

from serving import iopaint_pictures, iopaint_requests
from serving.iopaint_requests import Sent
from serving.limits import Limits
from serving.predictor import Predictor
from serving.status import Code, ServingError

_FORM = "/inpaint"


def is_call(path: str) -> bool:
    """Whether a path is of this API."""
    return path.startswith("/api/") or path == _FORM


class IOPaintApi:
    """Answers IOPaint's calls.

    Args:
        predictor: What fills pictures.
        receive: Receives the body of a request, within the limits; whether a form may come is the
            second argument.
        origins: The web origins whose pages may call, such as "https://editor.example".
    """

    def __init__(
        self,
        predictor: Predictor,
        receive: Callable[[web.Request, bool], Awaitable[bytes]],
        origins: Sequence[str] = (),
    ):
        self._predictor = predictor
        self._receive = receive
        self._origins = origins

    def add_to(self, app: web.Application) -> None:
        """Adds the routes to an application that has no route for all paths yet."""
        app.router.add_post("/api/v1/inpaint", self._inpaint)
        app.router.add_post(_FORM, self._inpaint_form)
        app.router.add_post("/api/v1/adjust_mask", self._adjust_mask)
        app.router.add_get("/api/v1/model", self._model)
        app.router.add_get("/api/v1/server-config", self._server_config)
        app.router.add_post("/api/{rest:.*}", self._unknown)
        app.on_response_prepare.append(self._allow_origin)

    async def _inpaint(self, request: web.Request) -> web.Response:
        return await self._fill(request, iopaint_requests.from_json)

    async def _inpaint_form(self, request: web.Request) -> web.Response:
        kind = request.headers.get("Content-Type", "")
        return await self._fill(request, partial(iopaint_requests.from_form, kind), form=True)

    async def _fill(
        self, request: web.Request, parse: Callable[[bytes], Sent], form: bool = False
    ) -> web.Response:
        with self._predictor.call("iopaint", "Inpaint") as call:
            job = _Job(await self._receive(request, form), parse, self._predictor.limits)
            spec = model_pb2.ModelSpec(name=self._predictor.name)
            try:
                picture = await self._predictor.predict(call, spec, job.read, job.write)
            except _NothingMissing as done:
                picture = done.picture
        return _png(picture, {"X-Seed": str(job.seed)})

    async def _adjust_mask(self, request: web.Request) -> web.Response:
        limits = self._predictor.limits
        with self._predictor.call("iopaint", "AdjustMask"):
            body = await self._receive(request, False)

            def adjusted(_: float) -> bytes:
                file, operation, radius = iopaint_requests.adjustment(body)
                mask = iopaint_pictures.read_mask(file, limits)
                return iopaint_pictures.adjusted(mask, operation, radius)

            return _png(await self._predictor.workers.run(adjusted, limits.seconds))

    async def _model(self, _: web.Request) -> web.Response:
        return web.json_response(self._model_info())

    async def _server_config(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "plugins": [],
                "modelInfos": [self._model_info()],
                "removeBGModel": "briaai/RMBG-1.4",  # these three are never null in IOPaint
                "removeBGModels": [],
                "realesrganModel": "realesr-general-x4v3",
                "realesrganModels": [],
                "interactiveSegModel": "sam2_1_tiny",
                "interactiveSegModels": [],
                "enableFileManager": False,
                "enableAutoSaving": False,
                "enableControlnet": False,
                "controlnetMethod": None,
                "disableModelSwitch": True,
                "isDesktop": False,
                "samplers": [],
            }
        )

    def _model_info(self) -> dict[str, Any]:
        abilities = (
            "need_prompt support_strength support_outpainting support_lcm_lora support_controlnet"
            " support_brushnet support_powerpaint_v2 is_single_file_diffusers"
        )
        return {
            "name": self._predictor.name,
            "path": self._predictor.name,
            "model_type": "inpaint",
            "controlnets": [],
            "brushnets": [],
            **dict.fromkeys(abilities.split(), False),
        }

    async def _unknown(self, _: web.Request) -> web.Response:
        raise ServingError(
            Code.NOT_FOUND, "of IOPaint's calls, only inpaint and adjust_mask take a POST here"
        )

    async def _allow_origin(self, request: web.Request, response: web.StreamResponse) -> None:
        """Lets the pages of the allowed origins call; what a preflight asks for is granted."""
        origin = request.headers.get("Origin")
        if origin is None or origin not in self._origins or not is_call(request.path):
            return
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "X-Seed"
        headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, POST"
            headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"


class _NothingMissing(Exception):
    """The mask selects nothing: the answer is the picture as it is."""

    def __init__(self, picture: bytes):
        self.picture = picture


class _Job:
    """One picture to fill; `read` and `write` are for `Predictor.predict`."""

    def __init__(self, body: bytes, parse: Callable[[bytes], Sent], limits: Limits):
        self.seed = iopaint_requests.SEED
        self._body, self._parse, self._limits = body, parse, limits

    def read(self, _) -> tuple[str, dict[str, np.ndarray], list[str]]:
        sent = self._parse(self._body)
        self.seed = sent.seed
        self._photo, mask = iopaint_pictures.read_pair(sent.image, sent.mask, self._limits)
        pixels = self._photo.pixels
        if not mask.any():
            raise _NothingMissing(iopaint_pictures.png(self._photo, pixels))
        return "", {"image": pixels[None], "mask": np.uint8(255) * mask[None, ..., None]}, []

    def write(self, outputs: dict[str, np.ndarray], *_) -> bytes:
        return iopaint_pictures.png(self._photo, outputs["image"][0])


def _png(picture: bytes, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=picture, content_type="image/png", headers=headers)
