"""Photos a second in training: the step of stock Keras layers beside ours, in one run.

    python -m benchmarks.training [--quick] [--json FILE]

Both train the networks of the preset `photo`, with discriminators, from the same weights on the
same batches, step about. The plain step is of Keras' own parts: `BatchNormalization`,
`UpSampling2D` before a `Conv2D`, and a turn of D and one of G, each with passes of its own.
Encoder, patch-swap, losses and optimisers are the same. The plain step runs under mixed_bfloat16
and in float32, ours in the precision that `--precision auto` chooses here. Gradients under
mixed_bfloat16 of both are compared with those of a float32 step: what bfloat16 rounds away is the
measure of what may differ.
"""

import argparse
import contextlib
import dataclasses
import json
import time
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfpaint.networks import blocks
from tfpaint.presets import load_preset
from tfpaint.training import losses
from train import precision
from train.config import build, load_config
from train.data import centre_hole

CASES = {  # name -> config, side, batch
    "feature2image-256": ("photo/feature2image-adversarial", 256, 4),
    "image2feature-128": ("photo/image2feature", 128, 8),
}


def stock_resize_conv(filters, name, **kwargs):
    """What `blocks.ResizeConv2D` computes, from Keras' layers, with the same weights."""
    convolve = layers.Conv2D(filters, 3, padding="same", name=name, **kwargs)
    repeat = layers.UpSampling2D(2, name=f"{name}_repeat")
    return lambda x: convolve(repeat(x))


@contextlib.contextmanager
def stock_layers():
    """Networks built in this context have none of tfpaint's own layers."""
    with (
        mock.patch.object(blocks, "BatchNormalization", layers.BatchNormalization),
        mock.patch.object(blocks, "ResizeConv2D", stock_resize_conv),
    ):
        yield


def make(case, policy="mixed_bfloat16", plain=False, width=None, seed=0):
    """The compiled GAN of a case, from the same initial weights whatever the layers."""
    name, size, _ = CASES[case]
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(seed)
    config = dataclasses.replace(load_config(name), size=size)
    if config.stage == "feature2image":
        config = dataclasses.replace(config, losses={**config.losses, "source": "truth"})
    else:  # the preset's G1 was trained without; the paper's has both
        weights = {**config.losses, "feature_weight": 0.03, "adversarial_weight": 0.01}
        config = dataclasses.replace(config, losses=weights, discriminator_width=32)
    if width:
        config = dataclasses.replace(
            config, network={**config.network, "width": width}, discriminator_width=width
        )
    encoder = load_preset("photo").encoder
    with stock_layers() if plain else contextlib.nullcontext():
        return build(config, encoder)


def batches(case, count, batch=None):
    """Photos of smooth noise and their holes, the same for everyone."""
    _, size, default = CASES[case]
    shape = (count, batch or default, size // 8, size // 8, 3)
    coarse = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    hole = tf.repeat(centre_hole(size)[None], shape[1], 0)
    return [
        (tf.cast(tf.image.resize(one, (size, size), "bicubic") % 255, tf.uint8), hole)
        for one in coarse
    ]


def plain_step(gan, data):
    """D's turn and G's at the same weights, each with its own forward passes."""
    batch = gan.prepare(*data)
    made = gan.reconstruction(batch, training=True)
    with tf.GradientTape() as tape:
        pairs = gan.pairs(batch, made)
        real, fake = (gan.discriminator(pair, training=True) for pair in pairs)
        loss = losses.discriminator_loss(real, fake)
    d_weights, weights = gan.discriminator.trainable_variables, gan.generator.trainable_variables
    d_gradients = tape.gradient(loss, d_weights)
    with tf.GradientTape() as tape:
        loss = generator_loss(gan, batch)
    gan.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    gan.discriminator_optimizer.apply_gradients(zip(d_gradients, d_weights, strict=True))
    return {"loss": loss}


def generator_loss(gan, batch):
    """What G minimises."""
    made = gan.reconstruction(batch, training=True)
    fake = gan.discriminator(gan.pairs(batch, made)[1], training=True)
    parts = {**made.parts, "adversarial": losses.generator_loss(fake)}
    return sum(gan.weights_of_losses[name] * part for name, part in parts.items())


def step_of(gan, policy, plain=False):
    """The training step as `fit` compiles it, for one batch: a function of (photo, hole)."""

    def step(photo, hole):
        keras.mixed_precision.set_global_policy(policy)  # while tracing
        return plain_step(gan, (photo, hole)) if plain else gan.train_step((photo, hole))

    return tf.function(step, autograph=False, reduce_retracing=True)


def rates(case, rounds, policy, batch=None):
    """Photos a second of the plain steps and ours: medians over rounds of one step each."""
    kinds = {
        "plain": ("mixed_bfloat16", True),
        "plain_float32": ("float32", True),
        "ours": (policy, False),
    }
    steps = {name: step_of(make(case, *kind), *kind) for name, kind in kinds.items()}
    data = batches(case, 1, batch)[0]
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 2):  # the first two trace and warm up
        for name, step in steps.items():
            start = time.perf_counter()
            step(*data)["loss"].numpy()
            seconds[name].append(time.perf_counter() - start)
    return {name: len(data[0]) / float(np.median(times[2:])) for name, times in seconds.items()}


def gradients(case, policy, plain, data, width=None):
    """G's gradients of one step, one flat float32 vector."""
    gan = make(case, policy, plain, width)
    with tf.GradientTape() as tape:
        batch = gan.prepare(*data)
        loss = generator_loss(gan, batch)
    found = tape.gradient(loss, gan.generator.trainable_variables)
    return np.concatenate([np.ravel(one) for one in found])


def disagreement(case, data, width=None):
    """Relative distances of gradients: each bfloat16 step from float32, and ours from plain."""
    exact = gradients(case, "float32", True, data, width)
    plain = gradients(case, "mixed_bfloat16", True, data, width)
    ours = gradients(case, "mixed_bfloat16", False, data, width)
    size = np.linalg.norm(exact)
    return {
        "plain_from_float32": float(np.linalg.norm(plain - exact) / size),
        "ours_from_float32": float(np.linalg.norm(ours - exact) / size),
        "ours_from_plain": float(np.linalg.norm(ours - plain) / size),
    }


def curves(case, steps, policy, batch=None, width=None):
    """Loss after every step: three plain runs with other initial weights, and ours with the first.

    Returns:
        {"plain": (3, steps), "ours": (steps,)} float arrays.
    """

    def run(plain, seed):
        gan = make(case, policy, plain, width, seed)
        step = step_of(gan, policy, plain)
        found = []
        for number in range(steps):
            gan.reset_metrics()
            found.append(float(step(*data[number % len(data)])["loss"]))
        return found

    data = batches(case, min(steps, 16), batch)
    plain = np.array([run(True, seed) for seed in range(3)])
    return {"plain": plain, "ours": np.array(run(False, 0))}


def share_within(found, window=25):
    """The share of steps at which our smoothed loss lies within the spread of the plain runs."""
    kernel = np.ones(window) / window
    plain = np.array([np.convolve(one, kernel, "valid") for one in found["plain"]])
    ours = np.convolve(found["ours"], kernel, "valid")
    margin = 0.5 * (plain.max(0) - plain.min(0))  # three runs do not show the whole spread
    return float(np.mean((ours >= plain.min(0) - margin) & (ours <= plain.max(0) + margin)))


def main() -> None:
    """Parses the command line, measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two rounds, two photos in a step")
    parser.add_argument("--steps", type=int, default=0, help="also compare losses over N steps")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    options = parser.parse_args()
    rounds, batch = (2, 2) if options.quick else (9, None)

    policy = precision.policy("auto")
    report = []
    print("| network | photos/s: plain | in float32 | ours | ratio | to float32 | ", end="")
    print("gradients off: plain | ours |\n| --- |" + " ---: |" * 7)
    for case in CASES:
        rate = rates(case, rounds, policy, batch)
        off = disagreement(case, batches(case, 1, batch)[0])
        ratios = {
            "ratio": rate["ours"] / rate["plain"],
            "ratio_to_float32": rate["ours"] / rate["plain_float32"],
        }
        row = {"model": case, "precision": policy, **rate, **ratios, **off}
        report.append(row)
        print(
            f"| {case} | {row['plain']:.1f} | {row['plain_float32']:.1f} | {row['ours']:.1f} "
            f"| {row['ratio']:.2f} | {row['ratio_to_float32']:.2f} "
            f"| {off['plain_from_float32']:.3f} | {off['ours_from_float32']:.3f} |"
        )
        if options.steps:
            found = curves(case, options.steps, policy, batch)
            row["losses_within_spread"] = share = share_within(found)
            print(f"\n{case}: smoothed losses of {options.steps} steps within: {share:.0%}\n")
    if options.json:
        options.json.write_text(json.dumps({"cases": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
