"""Callers without the token cannot keep the gRPC server from those who have it."""

import threading
import time
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import admission
from tests.serving_model import running, save, wait_until
from tests.test_serving_grpc import PREDICT, arrays

Code = grpc.StatusCode
CHECK, WATCH = (f"/grpc.health.v1.Health/{name}" for name in ("Check", "Watch"))
MANY = 100  # more than there are places of any kind


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    model = save(tmp_path_factory.mktemp("admission") / "tfpaint" / "1")
    with running(model, token="secret") as server, grpc.insecure_channel(server.target) as channel:
        yield channel


def predict_with_the_token(channel):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    stub.Predict(arrays(), timeout=20, metadata=(("authorization", "Bearer secret"),))


def check(channel):
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)


@contextmanager
def calls_without_a_message(channel, method):
    never = threading.Event()

    def messages():
        never.wait()
        yield b""

    calls = [channel.stream_unary(method).future(messages()) for _ in range(MANY)]
    try:
        yield calls
    finally:
        for call in calls:
            call.cancel()
        never.set()


def test_watches_are_bounded_apart_and_their_places_come_back(channel):
    for _ in range(2):
        health = health_pb2_grpc.HealthStub(channel)
        watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(MANY)]
        wait_until(lambda watches=watches: any(watch.done() for watch in watches), 10)
        time.sleep(0.5)
        refused = [watch for watch in watches if watch.done()]
        assert 0 < len(refused) < MANY / 2
        assert {watch.code() for watch in refused} == {Code.RESOURCE_EXHAUSTED}
        predict_with_the_token(channel)
        assert check(channel).status == health_pb2.HealthCheckResponse.SERVING
        for watch in watches:
            watch.cancel()
        time.sleep(0.5)


@pytest.mark.parametrize("method", [PREDICT, CHECK, WATCH])
def test_calls_whose_message_never_comes_take_no_place_of_others(channel, method):
    with calls_without_a_message(channel, method):
        time.sleep(0.5)
        predict_with_the_token(channel)
        assert check(channel).status == health_pb2.HealthCheckResponse.SERVING


def test_such_calls_end(channel, monkeypatch):
    monkeypatch.setattr(admission, "_CHECK_SECONDS", 0.5)
    for method, code in ((PREDICT, Code.UNAUTHENTICATED), (CHECK, Code.DEADLINE_EXCEEDED)):
        with calls_without_a_message(channel, method) as calls:
            wait_until(lambda calls=calls: all(call.done() for call in calls), 10)
            assert {call.code() for call in calls} == {code}
