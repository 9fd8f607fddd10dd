"""Trains one network of a config: `python -m train run FILE/RUN --photos DIR --val DIR --work DIR`.

The work folder gets checkpoints, `log.csv`, TensorBoard events and, at the end, `network.keras`.
The same command resumes from the last checkpoint, exactly as if it had never stopped.
"""

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.networks.image2feature import without_uncertainty
from tfpaint.terminal import count
from tfpaint.training.gan import GAN
from train import precision
from train.callbacks import Resume, Samples, StopAtNaN
from train.config import Config, build, load_config, load_encoder, load_network, load_vgg19
from train.data import ALONE, Among, training_batches, validation_batches
from train.distribution import STRATEGIES, distribute, make_strategy, worker_number
from train.photos import list_photos, usable
from train.records import MANIFEST, Shards
from train.work_folder import check_same_run, digest, network_digest, recorded_precision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defines the options of `python -m train run`."""
    add = parser.add_argument
    add("config", help="FILE/RUN, such as photo/image2feature: see train/configs/")
    add("--photos", nargs="+", required=True, help="folders of training photos, or of shards")
    add("--val", nargs="+", required=True, help="folders of validation photos")
    add("--work", type=Path, required=True, help="folder of the run")
    add(
        "--encoder",
        default="imagenet",
        help="'imagenet' or an .npz of VGG19; a .keras or a preset (%(default)s)",
    )
    add("--image2feature", help="trained G1 (a .keras or a preset), for a G2 on predictions")
    add("--critic", help="'imagenet' or an .npz of VGG19, for a G2 whose D sees VGG19's features")
    add("--init-from", help="a .keras or a preset whose network to begin with")
    add("--steps", type=count, help="instead of the config's")
    add("--size", type=count, help="side of the squares, instead of the config's")
    add("--batch", type=count, help="photos in a step, instead of the config's")
    add("--width", type=count, help="width of the networks, instead of the config's")
    add("--epoch", type=count, help="steps between validations, instead of the config's")
    add("--val-limit", type=count, default=64, help="validation photos to use (%(default)s)")
    add("--strategy", default="single", choices=STRATEGIES, help="see docs/training.md")
    precision.add_argument(parser)
    add("--verbose", type=int, default=1, help="0 silent, 1 a progress bar, 2 a line an epoch")


def run(options: argparse.Namespace) -> GAN:
    """Trains as the options say, and returns the trained GAN.

    Raises:
        InputError: A folder, network or config cannot be used.
    """
    strategy = make_strategy(options.strategy)
    policy = options.precision
    if policy == "auto":  # a run that is continued keeps its own
        policy = recorded_precision(options.work) or precision.policy(policy)
    keras.mixed_precision.set_global_policy(policy)
    gpus = tf.config.list_physical_devices("GPU")
    print(f"training on {f'{strategy.num_replicas_in_sync} GPU(s)' if gpus else 'the CPU'}")
    config = _override(load_config(options.config), options)
    with strategy.scope():
        return _train(options, config, strategy)


def _train(options: argparse.Namespace, config: Config, strategy: tf.distribute.Strategy) -> GAN:
    photos = _photos(options.photos, config.size)
    held_out = usable(list_photos(*options.val)[: options.val_limit], config.size)
    encoder = load_encoder(options.encoder, config.encoder_layer)
    g1 = load_network(options.image2feature, "image2feature") if options.image2feature else None
    critic = load_vgg19(options.critic) if options.critic else None
    keras.utils.set_random_seed(0)
    gan = build(config, encoder, g1, critic)
    first = None
    if options.init_from:
        first = without_uncertainty(load_network(options.init_from, config.stage, config.size))
        try:
            gan.generator.set_weights(first.get_weights())
        except ValueError as error:
            raise InputError(f"{options.init_from}: another network than the config's") from error

    if not worker_number(strategy):
        policy = keras.mixed_precision.global_policy().name
        networks = {"encoder": encoder, "image2feature": g1, "critic": critic, "init-from": first}
        check_same_run(
            options.work,
            {"run": options.config, "precision": policy, **asdict(config)},
            {
                **{option: network_digest(network) for option, network in networks.items()},
                "photos": _digest(photos, options.photos),
                "val": _digest(held_out, options.val),
            },
        )
    fit(gan, config, photos, held_out, options.work, strategy, options.verbose)
    return gan


def fit(
    gan: GAN,
    config: Config,
    photos: list[str] | Shards,
    held_out: list[str],
    work: Path,
    strategy: tf.distribute.Strategy | None = None,
    verbose: int = 1,
) -> None:
    """Trains a compiled GAN, from the last checkpoint in its work folder if there is one.

    Args:
        gan: What to train.
        config: Its steps, sizes and holes; fields that `build` has used do not matter here.
        photos: Picture files, or shards of them.
        held_out: Picture files to validate on.
        work: The folder for checkpoints, `log.csv`, TensorBoard events and, at the end,
            `network.keras`.
        strategy: From `make_strategy`; by default that in force.
        verbose: As for Keras' `fit`.

    Raises:
        InputError: The work folder has another network's checkpoint, or the photos, workers and
            replicas do not fit.
    """
    # All workers resume from the chief's checkpoint; each writes to a folder of its own.
    strategy = strategy or tf.distribute.get_strategy()
    worker = worker_number(strategy)
    own = work / f"worker{worker}" if worker else work
    own.mkdir(parents=True, exist_ok=True)
    best = own / "best.keras"
    resume = Resume(gan.trained, own / "checkpoints", config.patience, best)
    done, exhausted = resume.restore(work / "checkpoints")
    if worker and done and config.patience is not None:
        shutil.copyfile(work / best.name, best)
    epochs = -(-config.steps // config.epoch)

    def training(among: Among) -> tf.data.Dataset:
        return training_batches(
            photos,
            config.size,
            config.batch,
            start=done * config.epoch,
            irregular=config.irregular,
            shares=config.shares,
            crops=config.crops,
            among=among,
        )

    def validation(among: Among = ALONE) -> tf.data.Dataset:
        return validation_batches(
            held_out,
            config.size,
            batch=8,
            irregular=config.irregular,
            shares=config.shares,
            crops=config.crops,
            among=among,
        )

    if exhausted or done >= epochs:
        print(f"{work}: the run has finished, after {done * config.epoch} steps")
    else:
        gan.fit(
            distribute(strategy, training, config.batch),
            validation_data=distribute(strategy, lambda among: validation(among).cache(), None),
            epochs=epochs,
            initial_epoch=done,
            steps_per_epoch=config.epoch,
            shuffle=False,
            verbose=verbose,
            callbacks=[
                keras.callbacks.CSVLogger(own / "log.csv", append=done > 0),
                keras.callbacks.TensorBoard(own, update_freq=100, write_graph=False),
                Samples(next(iter(validation())), own),
                StopAtNaN(gan.trained, config.epoch),
                resume,  # the last one, so that it saves the state after the others
            ],
        )
    if config.patience is not None:
        gan.generator.load_weights(best)
    gan.generator.save(own / "network.keras")


def _photos(folders: Sequence[str], size: int) -> list[str] | Shards:
    """The photos in some folders, or the shards in the one that `train prepare` wrote."""
    if len(folders) == 1 and (Path(folders[0]) / MANIFEST).exists():
        return Shards.load(folders[0])
    return usable(list_photos(*folders), size)


def _digest(photos: list[str] | Shards, folders: Sequence[str]) -> str:
    """The digest of the photos' names below their folders, which may have been moved."""
    if isinstance(photos, Shards):
        return digest(f"{Path(file).name} {n}".encode() for file, n in photos.files.items())
    return digest(
        os.fsencode(next(path.relative_to(one) for one in folders if path.is_relative_to(one)))
        for path in map(Path, photos)
    )


def _override(config: Config, options: argparse.Namespace) -> Config:
    """The config with the fields that the command line gives."""
    changed = {
        name: getattr(options, name)
        for name in ("steps", "size", "batch", "epoch")
        if getattr(options, name) is not None
    }
    if options.width is not None:
        changed["network"] = {**config.network, "width": options.width}
        changed["discriminator_width"] = options.width
    config = replace(config, **changed)
    return replace(config, epoch=min(config.epoch, config.steps))
