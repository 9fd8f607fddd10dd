"""`--precision auto` takes what the machine computes faster."""

import argparse
from types import SimpleNamespace

import pytest
import tensorflow as tf

from train import precision


def test_what_is_named_is_taken():
    for name in precision.POLICIES:
        assert precision.policy(name) == name


@pytest.mark.parametrize(
    "float32, bfloat16, chosen",
    [(2.0, 1.0, "mixed_bfloat16"), (1.1, 1.0, "float32"), (1.0, 4.0, "float32")],
)
def test_auto_takes_the_faster(float32, bfloat16, chosen, monkeypatch, capsys):
    seconds = {tf.float32: float32, tf.bfloat16: bfloat16}
    monkeypatch.setattr(precision, "_convolve", seconds.get)
    assert precision.policy("auto") == chosen
    said = capsys.readouterr().out
    assert chosen in said and f"{float32 / bfloat16:.1f} times" in said


def test_auto_is_float32_where_bfloat16_is_not_supported(monkeypatch):
    def convolve(dtype):
        if dtype == tf.bfloat16:
            raise tf.errors.UnimplementedError(None, None, "no such kernel")
        return 1.0

    monkeypatch.setattr(precision, "_convolve", convolve)
    assert precision.bfloat16_speedup() == 0
    assert precision.policy("auto") == "float32"


def test_the_speed_up_is_that_of_real_convolutions_in_turn(monkeypatch):
    """The shortest times count: 3 seconds in float32, 2 in bfloat16."""
    convolve, dtypes = tf.nn.conv2d, []
    monkeypatch.setattr(
        tf.nn, "conv2d", lambda image, *rest: dtypes.append(image.dtype) or convolve(image, *rest)
    )
    clock = iter([0, 6, 10, 12, 20, 23, 30, 35])
    monkeypatch.setattr(precision, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert precision.bfloat16_speedup(rounds=2) == 3 / 2
    assert dtypes == [tf.float32, tf.bfloat16] * 2


def test_the_option_offers_all():
    parser = argparse.ArgumentParser()
    precision.add_argument(parser)
    assert parser.parse_args([]).precision == "float32"
    assert parser.parse_args(["--precision", "auto"]).precision == "auto"
    with pytest.raises(SystemExit):
        parser.parse_args(["--precision", "float8"])
