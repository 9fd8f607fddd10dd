"""--device and --threads: where a command computes. The library itself sets nothing up."""

import argparse
import re
from contextlib import suppress

from tfpaint.errors import InputError
from tfpaint.overlap import cores
from tfpaint.terminal import count, load_tensorflow


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Defines --device and --threads."""
    add = parser.add_argument
    add(
        "--device",
        type=_device,
        metavar="D",
        help="cpu, gpu, or gpu:1, the second one; by default a GPU if TensorFlow finds one",
    )
    add("--threads", type=count, metavar="N", help="of the processor (all of its cores)")


def _device(text: str) -> str:
    """The argparse type of a device.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not re.fullmatch(r"cpu|gpu(:\d+)?", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not cpu, gpu, or gpu:N")
    return text.lower()


def set_up(device: str | None = None, threads: int | None = None, jobs: int = 1) -> None:
    """Sets TensorFlow up for this process, before anything is computed.

    On GPUs, it takes memory as it needs it, not all of it at once.

    Args:
        device: "cpu", "gpu" for the first GPU, "gpu:N" for the one of number N from 0, or None for
            what TensorFlow finds.
        threads: How many threads an operation, and how many operations, run at a time; None for all
            cores.
        jobs: How many photos are filled at a time. Without `threads`, they share the cores, and an
            operation has no more threads than that.

    Raises:
        InputError: There is no such GPU, or something has been computed already.
    """
    load_tensorflow()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        if device is not None:
            gpus = [] if device == "cpu" else [_gpu(gpus, device)]
            tf.config.set_visible_devices(gpus, "GPU")
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        raise InputError(f"--device, --threads: too late in this process ({error})") from error
    if threads is None and jobs > 1:
        with suppress(RuntimeError):  # in use already
            tf.config.threading.set_intra_op_parallelism_threads(max(1, cores() // jobs))
    for gpu in gpus:
        with suppress(RuntimeError):  # in use already
            tf.config.experimental.set_memory_growth(gpu, True)


def _gpu(gpus: list, device: str) -> object:
    number = int(device.partition(":")[2] or 0)
    if number >= len(gpus):
        found = f"{len(gpus)} GPUs, from gpu:0" if len(gpus) > 1 else f"{len(gpus) or 'no'} GPU"
        raise InputError(f"--device {device}: TensorFlow finds {found}; name another, or cpu")
    return gpus[number]
