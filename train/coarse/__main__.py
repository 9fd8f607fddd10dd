"""Trains Image2Feature on any backend of Keras.

KERAS_BACKEND=jax python -m train.coarse pack FOLDER... --out PACKED
KERAS_BACKEND=jax python -m train.coarse run --photos PACKED --val FOLDER --work DIR

The work folder gets `best.keras`, which loads on every backend, `log.csv` and `state.npz`. The same
command resumes from the last checkpoint, on any backend, as if it had never stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import keras

from tfpaint.errors import InputError
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.terminal import count, exit_code, open_streams
from train.coarse import packed
from train.coarse.beginning import begin_with
from train.coarse.learning import CoarseFill, batches, held_out
from train.coarse.state import Checkpoint, shorten

_WARMUP = 500  # steps
_STOPPED = "stopped; the same command resumes from the last checkpoint"


def parser() -> argparse.ArgumentParser:
    """The parser of `python -m train.coarse`."""
    whole = argparse.ArgumentParser(
        prog="python -m train.coarse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True)
    one = commands.add_parser("pack", help="pack folders of photos into a few small files")
    one.add_argument("folders", nargs="+", help="folders of photos")
    one.add_argument("--out", type=Path, required=True, help="folder of the shards")
    one.add_argument("--quality", type=count, default=80, help="of WebP (%(default)s)")
    one.set_defaults(run=pack)
    one = commands.add_parser("run", help="train")
    add = one.add_argument
    add("--photos", nargs="+", required=True, help="folders of photos, or one that `pack` wrote")
    add("--val", nargs="+", required=True, help="the same, of photos to validate on")
    add("--work", type=Path, required=True, help="folder of the run")
    add("--init-from", help="a .keras or a preset whose weights to begin with")
    add("--steps", type=count, default=60_000, help="optimiser steps (%(default)s)")
    add("--batch", type=count, default=16, help="photos in a step (%(default)s)")
    add("--epoch", type=count, default=250, help="steps between two validations (%(default)s)")
    add("--size", type=count, default=128, help="side of the squares in pixels (%(default)s)")
    add("--width", type=count, default=48, help="channels of the first block (%(default)s)")
    add("--residuals", type=int, default=4, help="residual blocks at stride 8 (%(default)s)")
    add("--rate", type=float, default=1e-3, help="learning rate at first (%(default)s)")
    add("--precision", default="float32", choices=("float32", "mixed_bfloat16"))
    add("--verbose", type=int, default=2, help="0 silent, 1 a progress bar, 2 a line an epoch")
    one.set_defaults(run=run)
    return whole


def pack(options: argparse.Namespace) -> None:
    """Packs folders of photos."""
    pictures, size = packed.pack(options.folders, options.out, options.quality)
    print(f"{pictures} pictures, {size / 1e6:.1f} MB: {options.out}")


def run(options: argparse.Namespace) -> None:
    """Trains, from the last checkpoint in the work folder if there is one.

    Raises:
        InputError: Photos, weights or a checkpoint cannot be used.
    """
    if options.size > packed.SHORT:
        raise InputError(f"--size {options.size}: photos have {packed.SHORT} px; give at most 128")
    keras.mixed_precision.set_global_policy(options.precision)
    photos, validation = packed.load(options.photos), packed.load(options.val)
    print(f"Keras on {keras.config.backend()}: {len(photos)} pictures, {len(validation)} held out")
    keras.utils.set_random_seed(0)
    network = Image2Feature(
        options.size,
        options.width,
        skips="centre",
        residuals=options.residuals,
        uncertainty=True,
        start="membrane",
    )
    if options.init_from:
        begin_with(network, options.init_from)
    model = CoarseFill(network)
    rate = schedule(options.rate, options.steps)
    optimizer = keras.optimizers.AdamW(rate, 0.01, beta_2=0.99, use_ema=True, ema_momentum=0.999)
    model.compile(optimizer, jit_compile=keras.config.backend() == "jax")
    optimizer.build(network.trainable_variables)

    options.work.mkdir(parents=True, exist_ok=True)
    epoch = min(options.epoch, options.steps)
    epochs = -(-options.steps // epoch)
    checkpoint = Checkpoint(options.work, network, epochs)
    done = checkpoint.restore(model, epoch)
    if done < epochs:
        shorten(options.work / "log.csv", done)
        model.fit(
            batches(photos, options.batch, start=done * epoch),
            validation_data=(held_out(validation),),
            validation_batch_size=options.batch,
            epochs=epochs,
            initial_epoch=done,
            steps_per_epoch=epoch,
            shuffle=False,
            verbose=options.verbose,
            callbacks=[
                keras.callbacks.CSVLogger(options.work / "log.csv", append=done > 0),
                keras.callbacks.SwapEMAWeights(),
                checkpoint,
            ],
        )
    print(f"{options.work}: error in the hole {checkpoint.lowest:.2f} % at best")


def schedule(rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that rises for 500 steps, half the run at most, and falls to a hundredth."""
    warmup = min(_WARMUP, steps // 2)
    decay = keras.optimizers.schedules.CosineDecay
    if not warmup:
        return decay(rate, steps, 0.01)
    return decay(0.0, steps - warmup, 0.01, warmup_target=rate, warmup_steps=warmup)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    open_streams()
    options = parser().parse_args(arguments)
    return exit_code("train.coarse", options.run, options, _STOPPED)


if __name__ == "__main__":
    sys.exit(main())
