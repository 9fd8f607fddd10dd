"""Who may call by gRPC, and how many calls may be open at a time."""

import asyncio
import hmac

import grpc

from serving.status import Code

_HEALTH = "/grpc.health.v1.Health/"
_CHECK, _WATCH = _HEALTH + "Check", _HEALTH + "Watch"
_CHECK_SECONDS = 10.0  # for the message of a health check, which a caller may withhold


class Token(grpc.aio.ServerInterceptor):
    """Refuses calls without the bearer token, except those that ask for health."""

    def __init__(self, token: str):
        self._expected = f"Bearer {token}".encode()
        self._refuse = _refusal(Code.UNAUTHENTICATED, "the bearer token is missing or wrong")

    async def intercept_service(self, continuation, details):
        sent = dict(details.invocation_metadata).get("authorization", "")
        sent = sent if isinstance(sent, bytes) else sent.encode()
        if details.method.startswith(_HEALTH) or hmac.compare_digest(sent, self._expected):
            return await continuation(details)
        return self._refuse


class Places(grpc.aio.ServerInterceptor):
    """Bounds the open calls: watches of health apart, as they need no token and never end.

    Checks of health take no place.

    Args:
        calls: How many other calls may be open.
        watches: How many watches may be open.
    """

    def __init__(self, calls: int, watches: int):
        self._free = {False: calls, True: watches}
        self._refuse = _refusal(Code.RESOURCE_EXHAUSTED, "too many open calls; try again later")

    async def intercept_service(self, continuation, details):
        if details.method == _CHECK:
            return _in_time(await continuation(details))
        watch = details.method == _WATCH
        if self._free[watch] == 0:
            return self._refuse
        self._free[watch] -= 1
        call = asyncio.current_task()  # it ends with the call
        assert call is not None
        call.add_done_callback(lambda _: self._leave(watch))
        return await continuation(details)

    def _leave(self, watch: bool) -> None:
        self._free[watch] += 1


def _refusal(code: grpc.StatusCode, message: str) -> grpc.RpcMethodHandler:
    """A handler that refuses at once: one for a single message would wait for it first."""

    async def refuse(_, context):
        await context.abort(code, message)

    return grpc.stream_unary_rpc_method_handler(refuse)


def _in_time(check: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
    """The handler of a health check, which ends calls whose message does not come."""

    async def answer(messages, context):
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                message = await anext(messages)
        except (TimeoutError, StopAsyncIteration):
            await context.abort(Code.DEADLINE_EXCEEDED, "the message of the call has not come")
        return await check.unary_unary(message, context)

    return grpc.stream_unary_rpc_method_handler(
        answer, check.request_deserializer, check.response_serializer
    )
