"""Send a photo and its mask to a server, and write the result.

    python -m serving client photo.jpg --mask mask.png -o filled.png --target localhost:8500

White in the mask is missing. Works with the embedded server and with TensorFlow Serving. The photo
is first turned upright by its EXIF orientation; known pixels stay as they are. Exit code 2: a bad
photo, mask or option, or an error of the server.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
import numpy as np
from PIL import Image
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from serving import channel
from serving.fill_request import fill_request
from serving.status import one_line
from tfpaint.batch import Job
from tfpaint.errors import InputError
from tfpaint.filling.options import WRAPS
from tfpaint.pictures import files, masks
from tfpaint.pictures.folders import check_written
from tfpaint.pictures.mask_files import MaskOptions, read_pair
from tfpaint.pictures.tight_masks import grow
from tfpaint.terminal import add_mask_options, count

_FAST = {"compress_level": 1}  # of PNG files in requests: speed matters more than size


class InpaintError(InputError):
    """An error of the server, or that it cannot be reached, in one line.

    Attributes:
        code: The gRPC status.
    """

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code


class InpaintClient:
    """Inpaints on a server. Several threads may share a client.

    Args:
        target: HOST:PORT of the server's gRPC.
        model: The model's name on the server.
        version: A version's number, or None for the latest.
        label: In place of `version`, a version's label, such as "stable".
        timeout: Seconds for a call, retries included.
        attempts: How often a call is tried while the server is unavailable, from 1 to 5. The pauses
            between begin at half a second and double.
        message_bytes: The longest request or reply in bytes.
        token: Bearer token. It is sent by TLS only, or to this machine.
        tls: Use TLS.
        ca: PEM file of the authority that signed the server's certificate; None for the system's.
        cert, key: PEM files for mutual TLS.

    Raises:
        InputError: A file cannot be read, or an option makes no sense.

    Examples:
        >>> with InpaintClient("localhost:8500") as client:
        ...     filled = client.inpaint(image, mask)
    """

    def __init__(
        self,
        target: str,
        model: str = "tfpaint",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 120.0,
        attempts: int = 5,
        message_bytes: int = 256 * 2**20,
        token: str | None = None,
        tls: bool = False,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
    ):
        if version is not None and label is not None:
            raise InputError("version and label: give only one of them")
        if not 1 <= attempts <= 5 or timeout <= 0:
            raise InputError("attempts: from 1 to 5; timeout: above 0 seconds")
        self.target, self.model, self.version, self.label = target, model, version, label
        self.timeout = timeout
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._channel = channel.open_channel(
            target, attempts, message_bytes, token, tls, ca, cert, key
        )
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def __enter__(self) -> "InpaintClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def inpaint(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        seed: int = 0,
        grow_mask: int = 0,
        wrap: str | None = None,
    ) -> np.ndarray:
        """Fills the hole of a photo.

        Args:
            image: uint8 (H, W, 3), RGB.
            mask: bool (H, W), or uint8 where 255 is missing.
            seed: From 0 to 2**31 - 1. 0 is the best fill, every other number another plausible one.
                The server's model has to have the signature `variants` for others than 0.
            grow_mask: Pixels by which the server widens the mask, from 0 to 100.
            wrap: Which edges of the photo meet: "x", "y", "both", or None. For this and `grow_mask`
                the model has to have the signature `fill`.

        Returns:
            uint8 (H, W, 3), equal to `image` wherever the mask, as widened, is False.

        Raises:
            InputError: Not such arrays, or an option out of range.
            InpaintError: The server refused, failed or could not be reached.
        """
        image, missing = np.asarray(image), masks.as_mask(mask)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(
                f"the photo has to be uint8 (H, W, 3), but is {image.dtype} {image.shape}"
            )
        files = _png(image), _png(missing.astype(np.uint8) * 255)
        answer = self.inpaint_bytes(*files, seed, grow_mask, wrap)
        with Image.open(io.BytesIO(answer)) as picture:
            filled = np.asarray(picture.convert("RGB"))
        if filled.shape != image.shape:
            raise InpaintError(
                grpc.StatusCode.INTERNAL,
                f"{self.target}: answered with a picture of another size; check its model",
            )
        return np.where(grow(missing, grow_mask)[..., None], filled, image)

    def inpaint_bytes(
        self,
        image: bytes,
        mask: bytes,
        seed: int = 0,
        grow_mask: int = 0,
        wrap: str | None = None,
    ) -> bytes:
        """Fills the hole of a photo in a file; its EXIF orientation is ignored.

        Args:
            image: The content of a PNG or JPEG file.
            mask: Likewise, of the same size; values above 127 are missing.
            seed, grow_mask, wrap: As for `inpaint`.

        Returns:
            The content of a PNG file.

        Raises:
            InputError: An option is out of range.
            InpaintError: As for `inpaint`.
        """
        request = fill_request(image, mask, seed, grow_mask, wrap)
        self._choose(request.model_spec)
        response = self._call(self._predictions.Predict, request)
        return response.outputs["image_bytes"].string_val[0]

    def status(self) -> dict[int, str]:
        """The state of each version of the model by its number, such as "AVAILABLE"."""
        request = get_model_status_pb2.GetModelStatusRequest()
        self._choose(request.model_spec)
        response = self._call(self._models.GetModelStatus, request)
        states = get_model_status_pb2.ModelVersionStatus.State
        return {one.version: states.Name(one.state) for one in response.model_version_status}

    def signatures(self) -> list[str]:
        """The names of the model's signatures."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._choose(request.model_spec)
        response = self._call(self._predictions.GetModelMetadata, request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return sorted(signatures.signature_def)

    def _choose(self, spec) -> None:
        spec.name = self.model
        if self.version is not None:
            spec.version.value = self.version
        if self.label is not None:
            spec.version_label = self.label

    def _call(self, method: Callable, request) -> Any:
        try:
            return method(request, timeout=self.timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            code, details = error.code(), one_line(error.details() or "")
            name = code.name.replace("_", " ").lower()
            raise InpaintError(code, f"{self.target}: {name}: {details}") from error


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **_FAST)
    return file.getvalue()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m serving client`."""
    add = parser.add_argument
    add("photo", type=Path, metavar="PHOTO")
    add(
        "--mask", type=Path, metavar="FILE", help="white = missing; by default, what is transparent"
    )
    add("-o", "--out", type=Path, required=True, metavar="FILE")
    add(
        "--variants",
        type=count,
        metavar="N",
        help="write N different fills, OUT-1 and so on; OUT-1 is the best",
    )
    add("--wrap", choices=WRAPS, help="edges that meet: x, left and right; y; both, as of a tile")
    add("--target", default="localhost:8500", metavar="HOST:PORT", help="(%(default)s)")
    add("--model", default="tfpaint", help="the model's name (%(default)s)")
    add("--version", type=int, metavar="N", help="the model's version (the latest)")
    add("--label", help="in place of --version: a label, such as stable")
    add("--timeout", type=float, default=120.0, help="seconds (%(default)g)")
    add("--token-file", type=Path, metavar="FILE", help="text file with a bearer token")
    add("--tls", action="store_true", help="use TLS")
    add("--ca", type=Path, metavar="FILE", help="PEM: who signed the server's certificate")
    add("--cert", type=Path, metavar="FILE", help="PEM: own certificate, for mutual TLS")
    add("--key", type=Path, metavar="FILE", help="PEM: its key")
    add_mask_options(parser)


def run(options: argparse.Namespace) -> None:
    """The command `python -m serving client`.

    Raises:
        InputError: A file, option or server cannot be used.
    """
    token = options.token_file and channel.read(options.token_file).decode(errors="replace").strip()
    client = InpaintClient(
        options.target,
        options.model,
        options.version,
        options.label,
        timeout=options.timeout,
        token=token,
        tls=options.tls or any((options.ca, options.cert, options.key)),
        ca=options.ca,
        cert=options.cert,
        key=options.key,
    )
    photo = files.read_photo(options.photo)
    reading = MaskOptions.parsed(options)
    photo, mask = read_pair(photo, options.mask, reading)
    files.output_format(options.out, photo)
    outs = Job(options.photo, options.mask, options.out, variants=options.variants).outs
    check_written([options.photo, options.mask], outs)
    with client:
        for seed, out in enumerate(outs):
            filled = client.inpaint(photo.pixels, mask, seed, wrap=options.wrap)
            files.write_photo(out, photo.filled(filled, mask))
