"""The gRPC API: predictions, metadata, status, health, reflection, and what is refused."""

import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.limits import Limits
from tests.serving_model import running, save, wait_until
from tests.test_serving_rest import FILLED, MASK, PHOTO, png

Code = grpc.StatusCode
PREDICT = "/tensorflow.serving.PredictionService/Predict"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("grpc") / "tfpaint" / "3")


@pytest.fixture(scope="module")
def server(model):
    limits = Limits(message_bytes=200_000, pixels=10_000, seconds=3)
    with running(model, limits=limits, labels={"stable": 3}) as server:
        yield server


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request_of(signature, name="tfpaint", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def arrays(image=PHOTO, mask=MASK, **options):
    return request_of("", image=image[None], mask=mask[None, ..., None], **options)


def refused(method, request, **options):
    with pytest.raises(grpc.RpcError) as caught:
        method(request, timeout=20, **options)
    details = caught.value.details()
    assert details and "\n" not in details and len(details) <= 500
    return caught.value.code(), details


def test_arrays(stub):
    response = stub.Predict(arrays(), timeout=20)
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["image"])[0], FILLED)
    assert response.model_spec.name == "tfpaint" and response.model_spec.version.value == 3
    assert response.model_spec.signature_name == "serving_default"


def test_bytes_and_a_version_by_number_or_label(stub):
    request = request_of("bytes", image_bytes=[png(PHOTO)] * 2, mask_bytes=[png(MASK)] * 2)
    for choose in ({}, {"version": {"value": 3}}, {"version_label": "stable"}):
        spec = {"name": "tfpaint", "signature_name": "bytes", **choose}
        request.model_spec.CopyFrom(type(request.model_spec)(**spec))
        first, second = stub.Predict(request, timeout=20).outputs["image_bytes"].string_val
        np.testing.assert_array_equal(tf.io.decode_png(first), FILLED)
        assert first == second


def test_the_output_filter(stub):
    request = request_of("slow", seconds=[np.float32(0)])
    request.output_filter.append("seconds")
    assert set(stub.Predict(request, timeout=20).outputs) == {"seconds"}
    request.output_filter.append("nothing")
    assert refused(stub.Predict, request)[0] is Code.INVALID_ARGUMENT


def test_metadata_and_status(stub, channel):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "tfpaint"
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response = stub.GetModelMetadata(request, timeout=20)
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "bytes"} <= set(signatures.signature_def)
    request.metadata_field.append("other")
    assert refused(stub.GetModelMetadata, request)[0] is Code.INVALID_ARGUMENT

    models = model_service_pb2_grpc.ModelServiceStub(channel)
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "tfpaint"
    (version,) = models.GetModelStatus(status, timeout=20).model_version_status
    assert (version.version, version.state) == (3, version.AVAILABLE)
    status.model_spec.version.value = 4
    assert refused(models.GetModelStatus, status)[0] is Code.NOT_FOUND


def test_health_and_reflection(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", "tensorflow.serving.PredictionService"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
        assert answer.status == answer.SERVING
    database = ProtoReflectionDescriptorDatabase(channel)
    assert "tensorflow.serving.ModelService" in database.get_services()
    found = DescriptorPool(database).FindServiceByName("tensorflow.serving.PredictionService")
    assert found.methods_by_name["Predict"].input_type.name == "PredictRequest"


def test_what_is_not_served_is_unimplemented(stub):
    request = classification_pb2.ClassificationRequest()
    assert refused(stub.Classify, request)[0] is Code.UNIMPLEMENTED


def tensor(**fields):
    return tf.make_tensor_proto(0).__class__(**fields)


def shape(*sizes):
    return {"dim": [{"size": size} for size in sizes]}


UINT8, STRING = tf.uint8.as_datatype_enum, tf.string.as_datatype_enum
BAD = [
    (arrays(name="other"), "Servable not found", Code.NOT_FOUND),
    (request_of("none"), "not found in signature def", Code.INVALID_ARGUMENT),
    (request_of("x\0\n\x1b"), "not found in signature def", Code.INVALID_ARGUMENT),
    (request_of(""), "the model takes image, mask", Code.INVALID_ARGUMENT),
    (request_of("", **{"im\0age": [1], "mask": [1]}), "the model takes", Code.INVALID_ARGUMENT),
    (arrays(image=PHOTO.astype(np.float32)), "is float32", Code.INVALID_ARGUMENT),
    (arrays(image=PHOTO[..., :2]), "shape", Code.INVALID_ARGUMENT),
    (arrays(image=PHOTO[:0], mask=MASK[:0]), "is empty", Code.INVALID_ARGUMENT),
    (arrays(mask=MASK[:3]), "the mask has to be of the photo's size", Code.INVALID_ARGUMENT),
    (
        request_of("", image=np.zeros((2, 90, 90, 3), np.uint8), mask=MASK[None, ..., None]),
        "megapixels",
        Code.INVALID_ARGUMENT,
    ),
    (request_of("slow", seconds=np.float32([np.nan])), "NaN", Code.INVALID_ARGUMENT),
    (request_of("bytes", image_bytes=[b""], mask_bytes=[b""]), "PNG or", Code.INVALID_ARGUMENT),
    (
        request_of("bytes", image_bytes=[png(PHOTO)[:40]], mask_bytes=[png(MASK)]),
        "",
        Code.INVALID_ARGUMENT,
    ),
    (
        request_of("bytes", image_bytes=[png(PHOTO)], mask_bytes=[b"GIF89a\0\0"]),
        "PNG or",
        Code.INVALID_ARGUMENT,
    ),
]
TENSORS = [
    tensor(dtype=UINT8, tensor_shape=shape(1, 30_000, 30_000, 3), int_val=[1]),
    tensor(dtype=UINT8, tensor_shape=shape(1, 2**40, 2**40, 3), int_val=[1]),
    tensor(dtype=UINT8, tensor_shape=shape(-1, -4, -6, 3), int_val=[1]),
    tensor(dtype=UINT8, tensor_shape=shape(1, 4, 6, 3), tensor_content=b"short"),
    tensor(dtype=UINT8, tensor_shape=shape(1, 4, 6, 3), int_val=[300] * 72),
    tensor(dtype=UINT8, tensor_shape=shape(1, 4, 6, 3), int_val=[1] * 73),
    tensor(dtype=UINT8, tensor_shape={"unknown_rank": True}, int_val=[1]),
    tensor(dtype=UINT8),
    tensor(dtype=99, tensor_shape=shape(1, 4, 6, 3)),
    tensor(),
]


@pytest.mark.parametrize("request_, message, code", BAD, ids=range(len(BAD)))
def test_bad_requests_get_one_line(stub, request_, message, code):
    got, details = refused(stub.Predict, request_)
    assert got is code and message in details, details


@pytest.mark.parametrize("bad", TENSORS, ids=range(len(TENSORS)))
def test_hostile_tensors_are_never_expanded(stub, bad):
    request = arrays()
    request.inputs["image"].CopyFrom(bad)
    code, details = refused(stub.Predict, request)
    assert code is Code.INVALID_ARGUMENT and details.startswith("input 'image'")


def test_strings_that_are_not_there(stub):
    request = request_of("bytes", image_bytes=[png(PHOTO)], mask_bytes=[png(MASK)])
    request.inputs["mask_bytes"].tensor_shape.dim[0].size = 2
    assert "1 strings for the shape [2]" in refused(stub.Predict, request)[1]
    request.inputs["mask_bytes"].tensor_shape.dim[0].size = 2**40
    assert "megapixels" in refused(stub.Predict, request)[1]


def test_noise_instead_of_a_message(channel, stub):
    send = channel.unary_unary(PREDICT)
    rng = np.random.default_rng(0)
    good = arrays().SerializeToString()
    for _ in range(50):
        noisy = bytearray(good)
        for place in rng.integers(0, len(good), 5):
            noisy[place] = rng.integers(256)
        for message in (rng.bytes(100), bytes(noisy)):
            try:
                send(message, timeout=20)
            except grpc.RpcError as error:
                assert error.code() is not Code.UNAVAILABLE
    test_arrays(stub)


def test_large_messages_are_refused(stub):
    code, _ = refused(stub.Predict, request_of("bytes", image_bytes=[b" " * 300_000]))
    assert code is Code.RESOURCE_EXHAUSTED


def test_a_call_that_takes_too_long_is_ended(stub):
    began = time.monotonic()
    code, details = refused(stub.Predict, request_of("slow", seconds=[np.float32(60)]))
    assert code is Code.DEADLINE_EXCEEDED and "longer than it may" in details
    assert time.monotonic() - began < 6


def test_the_clients_own_deadline_ends_the_work(server, stub):
    with pytest.raises(grpc.RpcError):
        stub.Predict(request_of("slow", seconds=[np.float32(60)]), timeout=0.3)
    wait_until(lambda: server.server.workers.in_flight == 0, 2)


def test_past_the_limit_requests_are_refused_at_once_and_cancelled_ones_not_begun(model):
    with running(model, workers=1, max_in_flight=3) as server:
        with grpc.insecure_channel(server.target) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            running_ = stub.Predict.future(request_of("slow", seconds=[np.float32(2)]))
            wait_until(lambda: server.server.workers.in_flight == 1)
            request = request_of("slow", seconds=[np.float32(0)])
            waiting, cancelled = (stub.Predict.future(request) for _ in range(2))
            wait_until(lambda: server.server.workers.in_flight == 3)
            code, details = refused(stub.Predict, request)
            assert code is Code.RESOURCE_EXHAUSTED and "limit" in details
            assert not running_.done()
            cancelled.cancel()
            assert running_.result(20) and waiting.result(20)
            wait_until(lambda: server.server.workers.in_flight == 0)
            registry = server.server.predictor.metrics.registry
            assert registry.get_sample_value("tfpaint_queue_seconds_count") == 2


def test_health_is_answered_while_all_workers_are_busy(model):
    with running(model, workers=1, max_in_flight=1) as server:
        with grpc.insecure_channel(server.target) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            busy = stub.Predict.future(request_of("slow", seconds=[np.float32(1.0)]))
            wait_until(lambda: server.server.workers.in_flight == 1)
            health = health_pb2_grpc.HealthStub(channel)
            began = time.monotonic()
            health.Check(health_pb2.HealthCheckRequest(), timeout=20)
            assert time.monotonic() - began < 0.5
            busy.result(20)


def test_answers_stay_with_their_requests(stub):
    """Different sizes and contents from many threads: each gets its own picture back."""
    wrong = []

    def ask(seed):
        rng = np.random.default_rng(seed)
        side = int(rng.integers(2, 40))
        image = rng.integers(0, 256, (side, side, 3), np.uint8)
        mask = (rng.random((side, side)) < 0.5).astype(np.uint8) * 255
        response = None
        while response is None:
            try:
                response = stub.Predict(arrays(image=image, mask=mask), timeout=20)
            except grpc.RpcError as error:
                assert error.code() is Code.RESOURCE_EXHAUSTED
                time.sleep(0.05)
        filled = tf.make_ndarray(response.outputs["image"])[0]
        if not np.array_equal(filled, np.where(mask[..., None] > 0, 128, image)):
            wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_token(model):
    with running(model, token="secret") as server, grpc.insecure_channel(server.target) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for sent in ((), (("authorization", "Bearer wrong"),), (("authorization", "secret"),)):
            assert refused(stub.Predict, arrays(), metadata=sent)[0] is Code.UNAUTHENTICATED
        stub.Predict(arrays(), timeout=20, metadata=(("authorization", "Bearer secret"),))
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
