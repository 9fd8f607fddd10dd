"""Trains one network of a config: `python -m train run FILE/RUN --photos DIR --val DIR --work DIR`.

The work folder gets checkpoints, `log.csv`, TensorBoard events and, at the end, `network.keras`.
The same command goes on from the last checkpoint, exactly as if it had never stopped.
"""

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.terminal import count
from train import precision
from train.callbacks import Resume, Samples
from train.config import build, load_config, load_encoder, load_network, load_vgg19
from train.data import list_photos, training_batches, validation_batches
from train.distribution import STRATEGIES, distribute, make_strategy, worker_number
from train.records import MANIFEST, Shards


def add_arguments(parser):
    parser.add_argument("config", help="FILE/RUN, such as photo/image2feature: train/configs/")
    parser.add_argument(
        "--photos",
        nargs="+",
        required=True,
        help="folders of training photos, or the one of `prepare`",
    )
    parser.add_argument("--val", nargs="+", required=True, help="folders of validation photos")
    parser.add_argument("--work", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--encoder",
        default="imagenet",
        help="'imagenet', an .npz of VGG19, a .keras or a preset",
    )
    parser.add_argument(
        "--image2feature", help="trained G1 (.keras or preset), for a G2 on predictions"
    )
    parser.add_argument(
        "--critic", help="'imagenet' or an .npz of VGG19, through which the D of a G2 looks"
    )
    parser.add_argument("--init-from", help="network.keras or preset to begin with")
    parser.add_argument("--steps", type=count, help="instead of the config's")
    parser.add_argument("--size", type=count, help="side of the squares instead of the config's")
    parser.add_argument("--batch", type=count, help="instead of the config's")
    parser.add_argument("--width", type=count, help="width of the network instead of the config's")
    parser.add_argument("--epoch", type=count, help="steps between validations, not the config's")
    parser.add_argument("--val-limit", type=count, default=64, help="validation photos to use")
    parser.add_argument(
        "--strategy", default="single", choices=STRATEGIES, help="see docs/training.md"
    )
    precision.add_argument(parser)
    parser.add_argument(
        "--verbose", type=int, default=1, help="1 a progress bar, 2 a line an epoch"
    )


def run(options):
    """Trains as the options say (see `add_arguments`) and returns the GAN.

    Raises:
        InputError: a folder, network or config that cannot be used.
    """
    strategy = make_strategy(options.strategy)
    keras.mixed_precision.set_global_policy(precision.policy(options.precision))
    gpus = tf.config.list_physical_devices("GPU")
    print(f"training on {f'{strategy.num_replicas_in_sync} GPU(s)' if gpus else 'the CPU'}")
    config = _override(load_config(options.config), options)
    with strategy.scope():
        return _train(options, config, strategy)


def _train(options, config, strategy):
    photos, held_out = _photos(options.photos), list_photos(*options.val)[: options.val_limit]
    encoder = load_encoder(options.encoder, config.encoder_layer)
    g1 = load_network(options.image2feature, "image2feature") if options.image2feature else None
    critic = load_vgg19(options.critic, held_out) if options.critic else None
    keras.utils.set_random_seed(0)
    gan = build(config, encoder, g1, critic)
    if options.init_from:
        network = load_network(options.init_from, config.stage, config.size)
        try:
            gan.generator.set_weights(network.get_weights())
        except ValueError as error:
            raise InputError(f"{options.init_from}: another network than the config's") from error

    if not worker_number(strategy):
        _check_same_run(options.work, options.config, config)
    fit(gan, config, photos, held_out, options.work, strategy, options.verbose)
    return gan


def _check_same_run(work, name, config):
    """A work folder holds one run, which may only be given other steps."""
    policy = keras.mixed_precision.global_policy().name
    text = json.dumps({"run": name, "precision": policy, **asdict(config)}, indent=1)
    file, now = work / "config.json", json.loads(text)
    begun = json.loads(file.read_text()) if file.exists() else now
    for key, new in now.items():
        if key != "steps" and (old := begun.get(key)) != new:
            raise InputError(
                f"{work}: holds a run of {key} {old} and not {new}; name another folder"
            )
    work.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def fit(gan, config, photos, held_out, work, strategy=None, verbose=1):
    """Trains a compiled GAN, from the last checkpoint in its work folder if there is one.

    Args:
        gan: a `tfpaint.adversarial.GAN`.
        config: a Config, of which the steps, sizes and holes count here.
        photos: list of picture files, or `records.Shards`.
        held_out: list of picture files to validate on.
        work: Path of the folder for checkpoints, `log.csv`, TensorBoard events and, at the end,
            `network.keras`.
        strategy: of `make_strategy`; by default that in force.
        verbose: as for Keras' `fit`.
    """
    # All go on from the chief's checkpoint. The others keep what they write to themselves.
    strategy = strategy or tf.distribute.get_strategy()
    worker = worker_number(strategy)
    own = work / f"worker{worker}" if worker else work
    own.mkdir(parents=True, exist_ok=True)
    resume = Resume(gan, own / "checkpoints", config.patience)
    done, exhausted = resume.restore(work / "checkpoints")
    val = partial(validation_batches, held_out, config.size, 8)
    epochs = -(-config.steps // config.epoch)
    if exhausted or done >= epochs:
        print(f"{work}: the run has finished, after {done * config.epoch} steps")
    else:
        # The callback that resumes comes last: what it saves is the state after the epoch.
        gan.fit(
            distribute(
                strategy,
                lambda among: training_batches(
                    photos,
                    config.size,
                    config.batch,
                    start=done * config.epoch,
                    irregular=config.irregular,
                    shares=config.shares,
                    among=among,
                ),
                config.batch,
            ),
            validation_data=distribute(strategy, lambda among: val(among=among).cache(), None),
            epochs=epochs,
            initial_epoch=done,
            steps_per_epoch=config.epoch,
            shuffle=False,
            verbose=verbose,
            callbacks=[
                keras.callbacks.CSVLogger(own / "log.csv", append=done > 0),
                keras.callbacks.TensorBoard(own, update_freq=100, write_graph=False),
                Samples(next(iter(val())), own),
                resume,
            ],
        )
    gan.generator.save(own / "network.keras")


def _photos(folders):
    """The photos of some folders, or the shards of the one that `train prepare` wrote."""
    if len(folders) == 1 and (Path(folders[0]) / MANIFEST).exists():
        return Shards.load(folders[0])
    return list_photos(*folders)


def _override(config, options):
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
