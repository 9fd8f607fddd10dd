"""What a training run is: the fields of a config, and how its networks are built."""

import importlib
from dataclasses import dataclass, field
from pathlib import Path

import keras
import tensorflow as tf

from tfpaint.adversarial import Feature2ImageGAN, Image2FeatureGAN
from tfpaint.discriminators import (
    FeatureDiscriminator,
    ImageFeatureDiscriminator,
    ImagePairDiscriminator,
)
from tfpaint.encoder import DistilledEncoder, VGG19Encoder
from tfpaint.errors import InputError
from tfpaint.feature2image import Feature2Image
from tfpaint.image2feature import Image2Feature
from tfpaint.presets import load_preset, network_at
from train.data import validation_batches

KINDS = {
    "encoder": (DistilledEncoder, VGG19Encoder),
    "image2feature": Image2Feature,
    "feature2image": Feature2Image,
}


@dataclass(frozen=True)
class Config:
    """One network's training. Every field but the first three has the paper's value.

    Attributes:
        stage: "image2feature" trains G1, "feature2image" G2.
        size: side S of the training squares in pixels.
        steps: optimiser steps, rounded up to whole epochs; early stopping may end sooner.
        batch: photos in a step.
        network: arguments of the generator, beyond its size.
        shared: G2 only: one network for every size (no fixed input size).
        discriminator_width: channels of D's first block.
        losses: weights of the losses, and further arguments of the GAN class.
        learning_rate, discriminator_learning_rate: of Adam with beta1 0.5.
        decay: lower both learning rates to a hundredth along a cosine.
        irregular: share of irregular holes.
        shares: side of the square holes over the photo's; each is as likely.
        encoder_layer: the VGG19 layer, where the encoder is VGG19.
        epoch: steps between two validations (and checkpoints), `steps` at most.
        patience: validations without progress before training stops.
    """

    stage: str
    size: int
    steps: int
    batch: int = 16
    network: dict = field(default_factory=dict)
    shared: bool = False
    discriminator_width: int = 64
    losses: dict = field(default_factory=dict)
    learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    decay: bool = False
    irregular: float = 0.0
    shares: tuple = (7 / 16,)
    encoder_layer: str = "relu3_1"
    epoch: int = 1000
    patience: int = 10


def load_config(name):
    """`file/run` -> the Config of that name in `train/configs/file.py`.

    Raises:
        InputError: there is no such file or run; the message lists the runs.
    """
    file, _, run = name.partition("/")
    try:
        runs = importlib.import_module(f"train.configs.{file}").RUNS
    except ModuleNotFoundError as error:
        raise InputError(f"config {name!r}: there is no train/configs/{file}.py") from error
    if run not in runs:
        raise InputError(f"config {name!r}: write {file}/RUN with RUN one of {', '.join(runs)}")
    return runs[run]


def load_network(source, part=None, size=None):
    """A network saved by a run or by the distillation (.keras), or one of a preset.

    Args:
        source: a file that ends in .keras, or a preset's name or folder.
        part: "encoder", "image2feature" or "feature2image"; by default whatever a file holds, and
            the last of a preset.
        size: the scale of the "feature2image", for a preset that has several.

    Raises:
        InputError: the file is missing or holds no such network; there is no such preset, or it has
            several networks and no `size` is given.
    """
    if not str(source).endswith(".keras"):
        network = load_preset(source)[part or "feature2image"]
        if isinstance(network, dict) and size is None:
            raise InputError(f"{source}: has several networks by scale; name one of them, a .keras")
        return network_at(network, size)
    try:
        network = keras.saving.load_model(source, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{source}: not a network saved by tfpaint ({reason})") from error
    if part and not isinstance(network, KINDS[part]):
        raise InputError(f"{source}: holds {type(network).__name__} and no network for {part}")
    return network


def check_keras(path):
    """Raises an InputError unless a network can be saved there: before it is trained."""
    if Path(path).suffix != ".keras":
        raise InputError(f"{path}: has to end in .keras")


def load_encoder(source, layer="relu3_1"):
    """ "imagenet" or an .npz: VGG19 up to `layer`; else a distilled encoder, as `load_network`."""
    if source == "imagenet" or str(source).endswith(".npz"):
        return VGG19Encoder(layer).load_vgg19(source)
    return load_network(source, "encoder")


def load_vgg19(source, photos):
    """VGG19 up to relu3_1, "imagenet" or an .npz, normalised on the first of some photos."""
    squares, _ = next(iter(validation_batches(photos[:16], 128, 16)))
    return VGG19Encoder().load_vgg19(source).normalise(tf.cast(squares, tf.float32) / 127.5 - 1.0)


def build(config, encoder, image2feature=None, critic=None):
    """The compiled, untrained GAN of a config.

    Args:
        config: a Config.
        encoder: image -> features.
        image2feature: a trained G1, for a G2 that trains on predictions.
        critic: for a G2, an encoder through which its discriminator looks.

    Raises:
        InputError: the size of a G2's config is no multiple of G1's.
    """
    adversarial = config.losses.get("adversarial_weight", 1.0) > 0
    stride, channels = encoder.stride, encoder.output_shape[-1]
    width = config.discriminator_width
    if config.stage == "image2feature":
        generator = Image2Feature(config.size, **config.network)
        discriminator = ImagePairDiscriminator(width) if adversarial else None
        gan = Image2FeatureGAN(generator, encoder, discriminator, **config.losses)
    else:
        if image2feature is not None and config.size % (side := image2feature.input_shape[0][1]):
            raise InputError(f"size {config.size}: no multiple of the {side} px of the given G1")
        size = None if config.shared else config.size
        generator = Feature2Image(size, channels, stride, **config.network)
        discriminator = None
        if adversarial and critic is not None:
            discriminator = FeatureDiscriminator(critic.output_shape[-1], width)
        elif adversarial:
            discriminator = ImageFeatureDiscriminator(channels, stride, width)
        more = {"image2feature": image2feature, "critic": critic, **config.losses}
        gan = Feature2ImageGAN(generator, encoder, discriminator, **more)
    compile_gan(gan, config)
    return gan


def compile_gan(gan, config):
    """Gives a GAN the optimisers of a config."""
    gan.compile(
        optimizer=adam(config.learning_rate, config),
        discriminator_optimizer=adam(config.discriminator_learning_rate, config),
    )


def adam(rate, config):
    """Adam with beta1 0.5, and the cosine decay if the config has it."""
    if config.decay:
        rate = keras.optimizers.schedules.CosineDecay(rate, config.steps, alpha=0.01)
    return keras.optimizers.Adam(rate, beta_1=0.5)
