"""Trains G1 and G2 on one device and mirrored on two, and prints how their weights differ.

python -m tests.mirrored PHOTOS: a process of its own, as TensorFlow divides the CPU only at first.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from train.config import build, load_config, load_network
from train.photos import list_photos
from train.run import fit

RUNS = ("image2feature", "feature2image-128")
SMALL = {"size": 32, "batch": 4, "steps": 3, "epoch": 3, "discriminator_width": 2}


def trained(run, folder, strategy):
    """G's and D's weights before and after some steps of one of the paper's runs."""
    config = load_config(f"paris/{run}")
    config = replace(config, **SMALL, network={**config.network, "width": 2})
    work = folder / f"{run}-{strategy.num_replicas_in_sync}"
    with strategy.scope():
        keras.utils.set_random_seed(0)
        gan = build(config, load_network(folder / "encoder.keras", "encoder"))
        networks = gan.generator, gan.discriminator
        before = [network.get_weights() for network in networks]
        fit(gan, config, list_photos(folder), list_photos(folder), work, strategy, verbose=0)
    return before, [network.get_weights() for network in networks]


def farthest(weights, others):
    """The largest difference between two lists of arrays."""
    return max(float(np.abs(a - b).max()) for a, b in zip(weights, others, strict=True))


def main(folder):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert mirrored.num_replicas_in_sync == 2
    for run in RUNS:
        before, one = trained(run, folder, tf.distribute.get_strategy())
        _, two = trained(run, folder, mirrored)
        for network, *weights in zip("GD", before, one, two, strict=True):
            start, alone, both = weights
            report = {"moved": farthest(start, alone), "apart": farthest(alone, both)}
            print(json.dumps({"run": run, "network": network, **report}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
