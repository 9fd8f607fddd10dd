"""The first photos are filled without a graph; the user's TensorFlow is left as it is."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from tests.test_inpainter import SCALES
from tests.test_presets import networks
from tests.tiny import mask_of, photo
from tfpaint import Inpainter
from tfpaint.maps.traced import traced_once, traced_outside, unoptimized, unrolled


def test_the_first_photos_need_no_graph_and_later_ones_are_the_same(no_graphs):
    inpainter = Inpainter(*networks().values(), scales=SCALES)
    image, mask = photo(40, 40), mask_of(40, 40, (14, 14, 26, 26))
    first = inpainter(image, mask)
    assert not no_graphs.exists()
    later = [inpainter(image, mask) for _ in range(7)]
    assert len(list(no_graphs.iterdir())) == 1
    for one in later:
        np.testing.assert_array_equal(one, first)


def test_grappler_is_off_here_alone():
    settings = context.context()
    before, options = settings.function_call_options, tf.config.optimizer.get_experimental_options()
    with pytest.raises(ZeroDivisionError), unoptimized():
        assert settings.function_call_options.config_proto_serialized != (
            before.config_proto_serialized
        )
        assert tf.config.optimizer.get_experimental_options() == options
        raise ZeroDivisionError
    assert settings.function_call_options is before


@traced_once(input_signature=[tf.TensorSpec([None])])
def doubled(x):
    doubled.runs += 1
    return 2 * x


@traced_outside(input_signature=[tf.TensorSpec([None])])
def halved(x):
    halved.runs += 1
    return x / 2


def functions_in(graph) -> int:
    return len(graph.get_concrete_function().graph.as_graph_def().library.function)


def test_a_graph_holds_a_function_once_and_not_in_loops():
    doubled.runs = halved.runs = 0
    one, two = tf.ones([1]), tf.ones([2])
    assert functions_in(tf.function(lambda: [doubled(one), doubled(two), doubled(one)])) == 1
    assert doubled.runs == 1
    doubled(one), doubled(two)
    assert doubled.runs == 3  # as it is outside a graph
    assert functions_in(tf.function(lambda: halved(one))) == 0
    halved.runs = 0
    halved(one), halved(two), halved(one)
    assert halved.runs == 1


def test_unrolled_graphs_hold_no_functions():
    @tf.function
    def graph():
        with unrolled():
            return doubled(doubled(tf.ones([1])))

    assert functions_in(graph) == 0
    np.testing.assert_array_equal(graph(), [4])


def test_functions_of_one_body_are_no_reason_to_warn(caplog):
    for count in range(9):
        graph = traced_once(lambda x, count=count: count * x, hot=True)
        np.testing.assert_array_equal(graph(tf.ones([1])), [count])
    assert "retracing" not in caplog.text
