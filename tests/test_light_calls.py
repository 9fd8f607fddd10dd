"""Graphs with light calls: the same results, by functions that TensorFlow takes as they are."""

import numpy as np
import pytest
import tensorflow as tf

from tfpaint.maps.light_calls import lighten
from tfpaint.maps.light_function import LightFunction, graph_of
from tfpaint.maps.traced import as_graph, unoptimized

ROOM = tf.TensorSpec([1, None, None, 2])


@pytest.fixture(scope="module")
def kernel():
    return tf.Variable(tf.random.stateless_normal([3, 3, 2, 2], (0, 1)))


@pytest.fixture(scope="module")
def function(kernel):
    """Networks, pools and products in loops and branches, and functions with several callers."""

    @as_graph
    def network(x):
        return tf.nn.conv2d(x, kernel, 1, "SAME")

    @as_graph
    def pooled(x):
        return network(tf.nn.avg_pool2d(x, 3, 1, "SAME")) + tf.nn.max_pool2d(x, 3, 1, "SAME")

    @as_graph
    def mixed(x):
        return tf.cond(tf.reduce_mean(x) > 0, lambda: pooled(x), lambda: network(-x))

    def several(x, times):
        x = tf.while_loop(lambda i, _: i < times, lambda i, x: (i + 1, mixed(x)), (0, x))[1]
        flat = tf.reshape(x, [-1, 2])
        product = tf.matmul(flat, flat, transpose_a=True)
        return tf.while_loop(lambda i, _: i < 3, lambda i, m: (i + 1, m @ m / 1e3), (0, product))[1]

    return tf.function(
        several, input_signature=[ROOM, tf.TensorSpec([], tf.int32)], autograph=False
    )


@pytest.fixture(scope="module")
def graph(function, kernel):
    with unoptimized():
        return graph_of(function, [tf.Variable(0.0), kernel])


def test_results_are_the_same_to_the_bit(function, graph, kernel):
    light = LightFunction(graph, [tf.Variable(0.0), kernel], b"")
    with unoptimized():
        for seed in range(5):
            x = tf.random.stateless_normal([1, 20, 30, 2], (seed, 0))
            np.testing.assert_array_equal(light(x, seed), function(x, seed))
        halved = tf.Variable(kernel / 2)
        other = LightFunction(graph, [kernel, halved], b"")(x, 2)
        assert (other.numpy() != light(x, 2).numpy()).any()


def test_only_kernels_are_called_as_usual_and_by_themselves(graph):
    functions = {one.signature.name: one for one in graph.library.function}
    kernels = {"AvgPool", "Conv2D", "MatMul", "MaxPool"}
    found = set()
    for function in functions.values():
        operations = {node.op for node in function.node_def}
        for node in function.node_def:
            if node.op == "PartitionedCall":
                called = functions[node.attr["f"].func.name]
                assert not any(one.attr["f"].func.name for one in called.node_def)
        if operations & kernels:
            found |= operations & kernels
            assert "RemoteCall" not in operations and "StatelessWhile" not in operations
        assert "_lower_using_switch_merge" not in str(function)
    assert found == kernels
    assert graph.node[0].op == "RemoteCall" and list(graph.node[0].input) == ["1"]


def test_a_server_with_grappler_runs_it(function, kernel):
    concrete, numbers = function.get_concrete_function(), kernel.numpy()
    with tf.Graph().as_default() as graph:
        x, times = tf.compat.v1.placeholder(tf.float32), tf.compat.v1.placeholder(tf.int32)
        weights = tf.compat.v1.get_variable("kernel", initializer=numbers, use_resource=True)
        handle = weights.handle
        whole = graph.as_graph_def()
    whole.library.CopyFrom(concrete.graph.as_graph_def().library)
    whole.library.function.append(concrete.function_def)
    call = whole.node.add(name="call", op="StatefulPartitionedCall")
    call.input.extend([x.op.name, times.op.name, handle.op.name])
    call.attr["f"].func.name = concrete.function_def.signature.name
    call.attr["Tin"].list.type.extend([1, 3, tf.resource.as_datatype_enum])
    call.attr["Tout"].list.type.append(1)
    lighten(whole)
    assert {node.op for node in whole.node} >= {"RemoteCall", "Const"}
    given = tf.random.stateless_normal([1, 20, 30, 2], (7, 0))
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        tf.graph_util.import_graph_def(whole, name="")
        session.run(weights.initializer.name)
        feeds = {x.name: given.numpy(), times.name: 3}
        result = session.run("call:0", feeds)
    np.testing.assert_allclose(result, function(given, 3), rtol=1e-5)


def test_what_is_no_variable_cannot_be_kept(kernel):
    large = tf.random.stateless_normal([300], (0, 0))
    function = tf.function(lambda: large + 1, input_signature=[], autograph=False)
    with pytest.raises(ValueError, match="no variable"):
        graph_of(function, [kernel])
