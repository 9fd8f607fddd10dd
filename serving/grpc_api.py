"""TensorFlow Serving's gRPC services, with health and reflection, on grpc.aio."""

import asyncio
import math

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2,
    prediction_service_pb2_grpc,
)

from serving import tensors
from serving.admission import Places, Token
from serving.predictor import Call, Predictor, choice
from serving.status import Code, ServingError

_PREDICTION = prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name
_MODEL = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name
_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_BESIDE = 64  # calls besides predictions: metadata, requests still being received
_WATCHES = 64


class _Answering:
    """Answers RPCs: a ServingError becomes the gRPC status that it names."""

    def __init__(self, predictor: Predictor):
        self.predictor = predictor

    async def answer(self, context, method: str, work):
        """The response that `work` makes of a `Call`; `method` is the RPC's name for the log."""
        try:
            with self.predictor.call("grpc", method) as call:
                return await work(call)
        except ServingError as error:
            await context.abort(error.code, error.message)


class PredictionService(_Answering, prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata."""

    async def Predict(self, request, context):
        async def work(call: Call):
            def read(model):
                name = request.model_spec.signature_name
                signature, limits = model.signature(name), self.predictor.limits
                inputs = tensors.read_inputs(request.inputs, signature, limits)
                return name, inputs, list(request.output_filter)

            def write(outputs, version, name):
                return tensors.write_response(outputs, self.predictor.name, version, name)

            left = context.time_remaining()
            seconds = left if left is not None and math.isfinite(left) else None
            return await self.predictor.predict(call, request.model_spec, read, write, seconds)

        return await self.answer(context, "Predict", work)

    async def GetModelMetadata(self, request, context):
        async def work(_):
            if list(request.metadata_field) != ["signature_def"]:
                raise ServingError(
                    Code.INVALID_ARGUMENT, "metadata_field has to be 'signature_def'"
                )
            return metadata(self.predictor, request.model_spec)

        return await self.answer(context, "GetModelMetadata", work)


class ModelService(_Answering, model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    async def GetModelStatus(self, request, context):
        async def work(_):
            return status(self.predictor, request.model_spec)

        return await self.answer(context, "GetModelStatus", work)


def metadata(predictor: Predictor, spec):
    """The GetModelMetadataResponse, with the signatures of a version.

    Raises:
        ServingError: NOT_FOUND or UNAVAILABLE, as for `Versions.lease`.
    """
    predictor.check_name(spec.name)
    with predictor.versions.lease(*choice(spec)) as version:
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = predictor.name
        response.model_spec.version.value = version.number
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert version.model is not None
        for name, signature in version.model.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response


def status(predictor: Predictor, spec):
    """The GetModelStatusResponse, with the state of each version.

    Raises:
        ServingError: NOT_FOUND, if there is no such version or model.
    """
    predictor.check_name(spec.name)
    response = get_model_status_pb2.GetModelStatusResponse()
    for version in predictor.versions.status(*choice(spec)):
        entry = response.model_version_status.add(version=version.number, state=version.state)
        entry.status.SetInParent()
        if version.error:
            entry.status.error_code = Code.UNKNOWN.value[0]
            entry.status.error_message = version.error
    return response


class GrpcServer:
    """The services on one port.

    Args:
        predictor: What answers requests.
        address: HOST:PORT; port 0 takes a free one.
        credentials: For TLS; None serves unencrypted.
        token: The bearer token that callers need, if any.
    """

    def __init__(
        self,
        predictor: Predictor,
        address: str,
        credentials: grpc.ServerCredentials | None = None,
        token: str | None = None,
    ):
        size = predictor.limits.message_bytes
        age = int(predictor.limits.seconds * 1000)
        places = Places(predictor.workers.limit + _BESIDE, _WATCHES)
        self.server = grpc.aio.server(
            interceptors=[Token(token), places] if token else [places],
            options=[
                ("grpc.max_receive_message_length", size),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", 16 * 1024),
                ("grpc.so_reuseport", 0),
                # Connections that take too long to send a request are closed.
                ("grpc.max_connection_age_ms", 5 * age),
                ("grpc.max_connection_age_grace_ms", age),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ],
        )
        self.health = health.aio.HealthServicer()
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(predictor), self.server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(predictor), self.server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
        names = (_PREDICTION, _MODEL, _HEALTH, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self.server)
        if credentials is None:
            self.port = self.server.add_insecure_port(address)
        else:
            self.port = self.server.add_secure_port(address, credentials)
        self._predictor = predictor
        self._reporting: asyncio.Task | None = None

    async def start(self) -> None:
        """Listens, and keeps the health service up to date."""
        await self.report()
        await self.server.start()
        self._reporting = asyncio.create_task(self._report_always())

    async def stop(self, grace: float) -> None:
        """Reports the end to health checks, refuses new calls, and waits for running ones.

        Args:
            grace: The longest wait in seconds.
        """
        if self._reporting is not None:
            self._reporting.cancel()
        await self.health.enter_graceful_shutdown()
        await self.server.stop(grace)

    async def _report_always(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self.report()

    async def report(self) -> None:
        """Tells the health service whether a version is served."""
        serving = health_pb2.HealthCheckResponse.ServingStatus
        now = serving.SERVING if self._predictor.versions.ready else serving.NOT_SERVING
        for service in ("", _PREDICTION, _MODEL):
            await self.health.set(service, now)
