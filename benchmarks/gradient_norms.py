"""How much of G's gradient each loss gives while a config trains: to choose the losses' weights.

    python -m benchmarks.gradient_norms paper/image2feature --photos DIR [--encoder imagenet]

Trains the config for some steps. Before and between them, the gradient of each part of the loss
with respect to G's weights is taken alone. The table has every part's value, the norm of its
gradient, and its share: that norm, times the part's weight, over the sum of all parts' products.
"""

import argparse
import os
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from tfpaint.training import losses
from tfpaint.training.gan import GAN
from train.config import build, load_config, load_encoder, load_network
from train.data import training_batches
from train.photos import list_photos

COLUMNS = "| step | part | value | gradient | weight | share | D |\n" + "| ---: " * 7 + "|"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("config", help="FILE/RUN, as for `python -m train run`")
    add("--photos", nargs="+", required=True, help="folders of training photos")
    add("--encoder", default="imagenet", help="as for `python -m train run` (%(default)s)")
    add("--image2feature", help="a trained G1, for a mixture")
    add("--init-from", help="a .keras file or a preset whose network to begin with")
    add("--steps", type=int, default=200, help="(%(default)s)")
    add("--every", type=int, default=50, help="steps between two measurements (%(default)s)")
    add("--width", type=int, default=16, help="of all networks (%(default)s)")
    for name in ("size", "batch"):
        add(f"--{name}", type=int, help="instead of the config's")
    add("--out", help="a .keras file for the trained network")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    config = replace(
        config,
        size=options.size or config.size,
        batch=options.batch or config.batch,
        network={**config.network, "width": options.width},
        discriminator_width=options.width,
    )
    keras.utils.set_random_seed(0)
    g1 = load_network(options.image2feature, "image2feature") if options.image2feature else None
    gan = build(config, load_encoder(options.encoder, config.encoder_layer), g1)
    if options.init_from:
        first = load_network(options.init_from, config.stage, config.size)
        gan.generator.set_weights(first.get_weights())
    batches = training_batches(
        list_photos(*options.photos),
        config.size,
        config.batch,
        irregular=config.irregular,
        shares=config.shares,
        crops=config.crops,
    )
    print(COLUMNS)
    measure, train = (
        tf.function(part_gradients),
        tf.function(lambda gan, data: gan.train_step(data)),
    )
    for step, data in enumerate(batches.take(options.steps + 1)):
        if step % options.every == 0:
            print_rows(step, gan, {k: map(float, v) for k, v in measure(gan, data).items()})
            for mean in gan.metrics:
                mean.reset_state()
        train(gan, data)
    if options.out:
        gan.generator.save(options.out)


def part_gradients(gan: GAN, data) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
    """The value of each part of G's loss, and the norm of its gradient at G's weights, unweighted.

    Args:
        gan: A compiled GAN.
        data: (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1)), as for its training step.
    """
    batch = gan.prepare(*data)
    with tf.GradientTape(persistent=True) as tape:
        made = gan.reconstruction(batch, training=True)
        parts = dict(made.parts)
        if gan.discriminator is not None:
            fake = gan.discriminator(gan.pairs(batch, made)[1], training=True)
            parts["adversarial"] = losses.generator_loss(fake)
    weights = gan.generator.trainable_variables
    return {
        name: (value, tf.linalg.global_norm(tape.gradient(value, weights)))
        for name, value in parts.items()
    }


def print_rows(step: int, gan: GAN, measured) -> None:
    """Prints a row for every part; `D` is the mean of D's loss since the last measurement."""
    rows = {name: (*values, gan.weights_of_losses[name]) for name, values in measured.items()}
    total = sum(gradient * weight for _, gradient, weight in rows.values())
    judge = float(gan.means["discriminator"].result())
    for name, (value, gradient, weight) in rows.items():
        share = gradient * weight / total
        print(
            f"| {step} | {name} | {value:.4g} | {gradient:.3g} | {weight:g} | {share:.0%} "
            f"| {judge:.3g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
