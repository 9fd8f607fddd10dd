"""Functions of a graph, which keep it small: each is traced a single time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from tfpaint.backend import ON_TENSORFLOW

if ON_TENSORFLOW:
    import tensorflow as tf
    from tensorflow.python.eager import context


_unrolled = ContextVar("_unrolled", default=False)


@contextmanager
def unrolled() -> Iterator[None]:
    """Functions are part of the graph that is traced here: LiteRT's converter takes no others."""
    before = _unrolled.set(True)
    try:
        yield
    finally:
        _unrolled.reset(before)


def traced_once(function: Callable | None = None, /, *, hot: bool = False, **options: Any) -> Any:
    """Makes a function one of the graph, traced once for each signature of its arguments.

    With an `input_signature`, as for `tf.function`, that is once for maps of every size. Outside
    a graph, and off TensorFlow, the function runs as it is, since tracing takes longer than running
    once; `hot` functions, which run often, are traced there, too. It decorates, with options or
    without.
    """
    if function is None:
        return lambda function: traced_once(function, hot=hot, **options)
    if not ON_TENSORFLOW:
        return function
    graph = as_graph(function, **options)

    @wraps(function)
    def run(*arguments: Any) -> Any:
        traced = hot or tf.inside_function()
        return (graph if traced and not _unrolled.get() else function)(*arguments)

    return run


def as_graph(function: Callable, **options: Any) -> Any:
    """A `tf.function`, with these options, that a graph calls and does not copy."""
    kept = {"_noinline": True}
    graph = tf.function(function, autograph=False, experimental_attributes=kept, **options)
    graph._omit_frequent_tracing_warning = True  # which takes all functions of one body for one
    return graph


def traced_outside(**options: Any) -> Callable:
    """Makes the body of a loop a function where the loop is no part of a graph.

    In a graph it stays part of the loop: TensorFlow's optimizer breaks calls of functions in loops
    within loops ("inputs from different frames"). Options are those of `tf.function`.
    """

    def decorate(function: Callable) -> Callable:
        graph = tf.function(function, autograph=False, **options)
        return lambda *arguments: (function if tf.inside_function() else graph)(*arguments)

    return decorate


@contextmanager
def unoptimized() -> Iterator[None]:
    """Graphs that this thread traces or first runs here are not rewritten by Grappler.

    Ours are as fast without, and a first run is over seconds sooner. TensorFlow's public switch,
    `tf.config.optimizer.set_experimental_options`, is for all models of the process.
    """
    settings = context.context()
    before = settings.function_call_options
    config = settings.config
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    settings.function_call_options = context.FunctionCallOptions(config_proto=config)
    try:
        yield
    finally:
        settings.function_call_options = before
