"""A graph that runs in this process with light calls, and that a file can keep for the next."""

import hashlib
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.eager import context

from tfpaint.maps.light_calls import DEVICE, lighten, nodes_of, rename


def graph_of(function: Any, variables: Sequence[tf.Variable]) -> GraphDef:
    """Traces a function, lightly.

    Args:
        function: A `tf.function` with an `input_signature`.
        variables: Those that it uses, in any order, and others.

    Returns:
        The functions of a graph, and one node, which calls the traced one. Its inputs are the
        numbers of the variables, which follow the arguments.

    Raises:
        ValueError: It uses other tensors from outside.
    """
    concrete = function.get_concrete_function()
    numbers = {id(variable.handle): number for number, variable in enumerate(variables)}
    captured = [numbers.get(id(tensor)) for tensor in concrete.captured_inputs]
    if None in captured:
        raise ValueError(f"{concrete.name} uses a tensor that is no variable of these")
    graph = GraphDef(library=concrete.graph.as_graph_def().library)
    graph.library.function.append(concrete.function_def)
    lighten(graph)
    call = graph.node.add(name="call", op="RemoteCall", input=map(str, captured))
    call.attr["f"].func.name = concrete.function_def.signature.name
    return graph


class LightFunction:
    """A function of this process, from a graph.

    Args:
        graph: From `graph_of`.
        variables: As for `graph_of`, in the same order.
        token: Of the `tf.py_function` that it calls in place of its own; these do not outlive the
            process that traced it.
    """

    def __init__(self, graph: GraphDef, variables: Sequence[tf.Variable], token: bytes):
        own = GraphDef()
        own.CopyFrom(graph)
        for node in nodes_of(own):
            if node.op == "EagerPyFunc":
                node.attr["token"].s = token
        # Names that no other function of the process has, unless it is the same.
        digest = hashlib.sha256(own.SerializeToString(deterministic=True)).hexdigest()[:16]
        rename(own, f"light_{digest}_")
        settings = context.context()
        settings.ensure_initialized()
        for function in own.library.function:
            if not settings.has_function(function.signature.name):
                settings.add_function_def(function)
        call = own.node[0]
        self._name = call.attr["f"].func.name
        self._captured = [variables[int(number)].handle for number in call.input]
        signature = next(
            f.signature for f in own.library.function if f.signature.name == self._name
        )
        self._types = [tf.as_dtype(one.type) for one in signature.output_arg]

    def __call__(self, *given: Any) -> tf.Tensor:
        """The function's one result."""
        with tf.device(DEVICE):
            return tf.raw_ops.RemoteCall(
                target=DEVICE, args=[*given, *self._captured], Tout=self._types, f=self._name
            )[0]
