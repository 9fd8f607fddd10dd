"""Calls of functions that TensorFlow prepares in a fraction of the time, for the same results.

Before a function runs that a graph calls as usual, by `PartitionedCall`, TensorFlow rewrites it for
accelerators and for other machines. Some of these passes look through all functions that are called
from there in turn, and a function with two callers is prepared for each. `RemoteCall` takes a
function as it is, once. Only operations with a kernel of oneDNN need the passes, which choose it;
they become small functions, still called as usual.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.attr_value_pb2 import AttrValue, NameAttrList
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef

_USUAL = {"PartitionedCall", "StatefulPartitionedCall"}
_NUMBER, _FLOAT = tf.int32.as_datatype_enum, tf.float32.as_datatype_enum
_KERNELS = {  # the types of what they take, and the name of what they give, of type float32
    "AvgPool": ([_FLOAT], "output"),
    "BatchMatMulV2": ([_FLOAT] * 2, "output"),
    "Conv2D": ([_FLOAT] * 2, "output"),
    "Conv2DBackpropInput": ([_NUMBER, _FLOAT, _FLOAT], "output"),
    "DepthwiseConv2dNative": ([_FLOAT] * 2, "output"),
    "MatMul": ([_FLOAT] * 2, "product"),
    "MaxPool": ([_FLOAT], "output"),
}
_TARGET = "light_target"
DEVICE = "/device:CPU:0"
"""Where functions that are called lightly run."""


def on_gpu() -> bool:
    """Whether TensorFlow has a GPU, where light calls would be slower."""
    return bool(tf.config.list_logical_devices("GPU"))


def lighten(graph: GraphDef) -> None:
    """Makes all calls of functions by a graph and its functions light, where it changes no result.

    What is called so runs on the processor even on machines with a GPU; kernels of oneDNN run where
    they would.

    Args:
        graph: Changed in place. Names stay the same.
    """
    functions = graph.library.function
    calls: dict[str, set[str]] = {}
    for function in functions:
        for node, callee in _callees(function):
            calls.setdefault(callee, set()).add(node.op)
    names = (function.signature.name for function in functions if _only_computes(function))
    small = {name for name in names if calls.get(name, {""}) <= _USUAL}
    calls_before = (node for node in nodes_of(graph) if node.op in _USUAL)
    settings = next((node.attr["config_proto"].s for node in calls_before), b"")
    kernels: dict[str, FunctionDef] = {}
    for function in functions:
        if function.signature.name not in small:
            for node in function.node_def:
                node.attr.pop("_lower_using_switch_merge", None)  # loops stay functions, too
                if _has_kernel(node):
                    _move_out(node, function, kernels, settings)
            _lighten_calls(function.node_def, small | set(kernels), f"{_TARGET}:output:0")
    _lighten_calls(graph.node, small, _TARGET)
    functions.extend(kernels.values())
    for function in functions:
        function.attr["_noinline"].b = True
        # Grappler, which takes longer than all else and makes nothing faster here, leaves it alone.
        function.attr["_tf_data_function"].b = True


def nodes_of(graph: GraphDef) -> Iterator[NodeDef]:
    """The nodes of a graph's functions."""
    for function in graph.library.function:
        yield from function.node_def


def rename(graph: GraphDef, prefix: str) -> None:
    """Prefixes the names of a graph's functions, changing it in place."""
    for function in graph.library.function:
        function.signature.name = prefix + function.signature.name
    for node in (*graph.node, *nodes_of(graph)):
        for value in node.attr.values():
            for one in _named(value):
                one.name = prefix + one.name


def _callees(function: FunctionDef) -> Iterator[tuple[NodeDef, str]]:
    """The nodes that name functions, each with such a name."""
    for node in function.node_def:
        for value in node.attr.values():
            yield from ((node, one.name) for one in _named(value))


def _named(value: AttrValue) -> list[NameAttrList]:
    """The functions that an attribute names."""
    return [value.func] if value.HasField("func") else list(value.list.func)


def _only_computes(function: FunctionDef) -> bool:
    """Whether a function has kernels of oneDNN and calls no other."""
    return any(map(_has_kernel, function.node_def)) and not any(_callees(function))


def _has_kernel(node: NodeDef) -> bool:
    return node.op in _KERNELS and ("T" not in node.attr or node.attr["T"].type == _FLOAT)


def _lighten_calls(nodes: Any, small: set[str], target: str) -> None:
    """Calls all functions but the small ones by `RemoteCall`, on the device at hand."""
    calls = [n for n in nodes if n.op in _USUAL and n.attr["f"].func.name not in small]
    for node in calls:
        node.op = "RemoteCall"
        node.device = DEVICE
        for name in ("config", "config_proto", "executor_type"):
            node.attr.pop(name, None)
        node.input.insert(0, target)
    if calls:
        device = nodes.add(name=_TARGET, op="Const")
        device.attr["dtype"].type = tf.string.as_datatype_enum
        device.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(DEVICE))


def _move_out(
    node: NodeDef, function: FunctionDef, kernels: dict[str, FunctionDef], settings: bytes
) -> None:
    """Makes an operation a function, which is called in its place."""
    types, result = _KERNELS[node.op]
    attributes = {key: value for key, value in node.attr.items() if not key.startswith("_")}
    about = sorted((key, value.SerializeToString()) for key, value in attributes.items())
    name = f"{node.op}_{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}"
    if name not in kernels:
        kernels[name] = _function_of(name, node.op, attributes)
    node.op = "PartitionedCall"
    node.attr.clear()
    node.attr["Tin"].list.type.extend(types)
    node.attr["Tout"].list.type.append(_FLOAT)
    node.attr["f"].func.name = name
    node.attr["config_proto"].s = settings
    before, after = f"{node.name}:{result}:0", f"{node.name}:output:0"
    for other in function.node_def:
        other.input[:] = [after if given == before else given for given in other.input]
    for key in [key for key, value in function.ret.items() if value == before]:
        function.ret[key] = after


def _function_of(name: str, operation: str, attributes: Mapping[str, Any]) -> FunctionDef:
    """A function of one operation."""
    types, result = _KERNELS[operation]
    function = FunctionDef(ret={"output": f"kernel:{result}:0"})
    function.signature.name = name
    function.signature.output_arg.add(name="output", type=_FLOAT)
    node = function.node_def.add(name="kernel", op=operation)
    for index, dtype in enumerate(types):
        function.signature.input_arg.add(name=f"given_{index}", type=dtype)
        node.input.append(f"given_{index}")
    for key, value in attributes.items():
        node.attr[key].CopyFrom(value)
    return function
