"""Training on several GPUs or machines: `--strategy mirrored | multi-worker`.

A replica is one device's copy of the networks. Each gets an equal part of every batch. Gradients
are summed and batch statistics synchronised over all, so that a step equals that of a single device
with the whole batch, except for rounding.
"""

import os
from collections.abc import Callable

import tensorflow as tf

from tfpaint.errors import InputError
from train.data import ALONE, Among

STRATEGIES = ("single", "mirrored", "multi-worker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """A distribution strategy. TensorFlow must not have been used before.

    Args:
        name: "single" (no distribution), "mirrored" (all GPUs of this machine), or "multi-worker"
            (the machines listed in the environment's TF_CONFIG; this program runs on each).

    Raises:
        InputError: "multi-worker" without TF_CONFIG.
    """
    if name == "single":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if "TF_CONFIG" not in os.environ:
        raise InputError("--strategy multi-worker needs TF_CONFIG: see docs/training.md")
    return tf.distribute.MultiWorkerMirroredStrategy()


def worker_number(strategy: tf.distribute.Strategy) -> int:
    """This worker's number. 0 is the chief: its logs, checkpoints and network are the run's."""
    return getattr(strategy.cluster_resolver, "task_id", None) or 0


def distribute(
    strategy: tf.distribute.Strategy,
    batches: Callable[[Among], tf.data.Dataset],
    batch: int | None,
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """A dataset that gives each replica its part of every batch.

    Args:
        strategy: From `make_strategy`.
        batches: From a worker's place to its batches, one for each of its replicas in turn.
        batch: Photos in a step; None if their number need not be checked.

    Raises:
        InputError: `batch` is not a multiple of the number of replicas.
    """
    replicas = strategy.num_replicas_in_sync
    if batch is not None and batch % replicas:
        raise InputError(f"a batch of {batch} cannot be shared evenly by {replicas} replicas")
    if replicas == 1:
        return batches(ALONE)
    return strategy.distribute_datasets_from_function(
        lambda context: batches(
            Among(context.input_pipeline_id, context.num_input_pipelines, replicas)
        )
    )
