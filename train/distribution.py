"""Training on several GPUs or machines: `--strategy mirrored | multi-worker`.

Every replica takes an equal part of each batch. Gradients are summed and the moments of the norms
synchronised, so that a step is that of one device with the whole batch, to rounding.
"""

import os

import tensorflow as tf

from tfpaint.errors import InputError
from train.data import ALONE, Among

STRATEGIES = ("single", "mirrored", "multi-worker")


def make_strategy(name):
    """A `tf.distribute` strategy; has to be made before anything else of TensorFlow is used.

    Args:
        name: "single" (no distribution), "mirrored" (all GPUs of this machine), or "multi-worker"
            (the machines that the environment's TF_CONFIG lists; this program runs on each).

    Raises:
        InputError: multi-worker without a TF_CONFIG.
    """
    if name == "single":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if "TF_CONFIG" not in os.environ:
        raise InputError("--strategy multi-worker needs TF_CONFIG: see docs/training.md")
    return tf.distribute.MultiWorkerMirroredStrategy()


def worker_number(strategy):
    """The number of this worker; 0 is the chief, which keeps logs, checkpoints and the network."""
    return getattr(strategy.cluster_resolver, "task_id", None) or 0


def distribute(strategy, batches, batch):
    """A dataset of every replica's part of each batch.

    Args:
        strategy: of `make_strategy`.
        batches: function from `Among` to this worker's batches.
        batch: photos in a step, or None if any number will do.

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
