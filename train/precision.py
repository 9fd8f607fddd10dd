"""Precision policies, and which of them trains fastest on this machine: `--precision auto`.

CPUs without bfloat16 instructions emulate them, five times slower than float32; those that have
them are twice as fast in bfloat16, with AMX four to five times.
"""

import time

import tensorflow as tf

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
_WORTH = 1.2  # a speed-up below is not worth the rounding


def add_argument(parser):
    parser.add_argument(
        "--precision",
        default="float32",
        choices=(*POLICIES, "auto"),
        help="auto: mixed_bfloat16 if this machine is faster in it, else float32",
    )


def policy(name):
    """The Keras policy of a `--precision`; "auto" measures, and says what it has chosen."""
    if name != "auto":
        return name
    speedup = bfloat16_speedup()
    chosen = "mixed_bfloat16" if speedup > _WORTH else "float32"
    print(f"precision: {chosen} (bfloat16 runs at {speedup:.1f} times the speed of float32 here)")
    return chosen


def bfloat16_speedup(rounds=5):
    """Seconds of a convolution with its gradients in float32 over those in bfloat16, step about.

    0 where bfloat16 is not supported.
    """
    seconds = {}
    try:
        for _ in range(rounds):
            for dtype in (tf.float32, tf.bfloat16):
                seconds.setdefault(dtype, []).append(_convolve(dtype))
    except tf.errors.OpError:
        return 0.0
    return min(seconds[tf.float32]) / min(seconds[tf.bfloat16])


def _convolve(dtype):
    image, kernel = tf.ones((4, 64, 64, 64), dtype), tf.ones((3, 3, 64, 64), dtype)
    start = time.perf_counter()
    with tf.GradientTape() as tape:
        tape.watch([image, kernel])
        output = tf.nn.conv2d(image, kernel, 1, "SAME")
    for gradient in tape.gradient(output, [image, kernel]):
        gradient.numpy()
    return time.perf_counter() - start
