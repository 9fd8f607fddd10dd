"""Precision policies, and which of them is fastest on this machine: `--precision auto`.

CPUs without bfloat16 instructions emulate them, and are five times slower than in float32. CPUs
that have them are twice as fast in bfloat16 as in float32; with AMX, four to five times.
"""

import argparse
import time

import tensorflow as tf

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
_WORTH = 1.2  # the least speed-up for which float32's accuracy is given up


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the option `--precision`."""
    parser.add_argument(
        "--precision",
        default="float32",
        choices=(*POLICIES, "auto"),
        help="auto: mixed_bfloat16 if this machine is faster in it, else float32",
    )


def policy(name: str) -> str:
    """The Keras policy for a value of `--precision`; for "auto", measures and prints it."""
    if name != "auto":
        return name
    speedup = bfloat16_speedup()
    chosen = "mixed_bfloat16" if speedup > _WORTH else "float32"
    print(f"precision: {chosen} (bfloat16 runs at {speedup:.1f} times the speed of float32 here)")
    return chosen


def bfloat16_speedup(rounds: int = 5) -> float:
    """How much faster a convolution and its gradients are in bfloat16 than in float32.

    Args:
        rounds: How often each is timed, in turn; the shortest times count.

    Returns:
        Seconds in float32 over seconds in bfloat16; 0 if bfloat16 is not supported.
    """
    seconds: dict[tf.DType, list[float]] = {tf.float32: [], tf.bfloat16: []}
    try:
        for _ in range(rounds):
            for dtype, taken in seconds.items():
                taken.append(_convolve(dtype))
    except tf.errors.OpError:
        return 0.0
    return min(seconds[tf.float32]) / min(seconds[tf.bfloat16])


def _convolve(dtype: tf.DType) -> float:
    """Seconds of one convolution with its gradients."""
    image, kernel = tf.ones((4, 64, 64, 64), dtype), tf.ones((3, 3, 64, 64), dtype)
    start = time.perf_counter()
    with tf.GradientTape() as tape:
        tape.watch([image, kernel])
        output = tf.nn.conv2d(image, kernel, 1, "SAME")
    for gradient in tape.gradient(output, [image, kernel]):
        gradient.numpy()
    return time.perf_counter() - start
