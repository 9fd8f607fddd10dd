"""What a training run is: the fields of a config, and how its networks are built."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfpaint.errors import InputError
from tfpaint.evaluation.cases import sample_photos, square
from tfpaint.filling.multi_scale import network_at
from tfpaint.filling.options import PAPER, Options
from tfpaint.networks.discriminators import (
    FeatureDiscriminator,
    ImageFeatureDiscriminator,
    ImagePairDiscriminator,
)
from tfpaint.networks.encoder import DistilledEncoder, VGG19Encoder
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.presets import load_preset
from tfpaint.training.feature2image_gan import Feature2ImageGAN
from tfpaint.training.gan import GAN
from tfpaint.training.image2feature_gan import Image2FeatureGAN

KINDS: dict[str, tuple[type[keras.Model], ...]] = {
    "encoder": (DistilledEncoder, VGG19Encoder),
    "image2feature": (Image2Feature,),
    "feature2image": (Feature2Image,),
}


@dataclass(frozen=True)
class Config:
    """The training of one network. Fields with a default have the paper's value.

    Attributes:
        stage: "image2feature" trains G1, "feature2image" G2.
        size: Side S of the training squares in pixels.
        steps: Optimiser steps, rounded up to whole epochs; early stopping may end sooner.
        batch: Photos in a step.
        network: Arguments of the generator, other than its size.
        shared: G2 only: a network of no fixed input size, for every scale.
        discriminator_width: Channels of D's first block.
        losses: Other arguments of the GAN class, such as the weights of the losses.
        options: G2 only: how patches are swapped in the features that G2 learns to draw.
        learning_rate: Of the generator's Adam, with beta1 0.5.
        discriminator_learning_rate: Likewise of the discriminator's.
        decay: Lower both learning rates to a hundredth along a cosine.
        irregular: Share of irregular holes, 0 to 1; the others are centre squares.
        shares: Sides of the square holes over S; all are equally likely.
        crops: Train on random squares of the photos, mirrored half of the time. The paper resizes
            whole photos.
        encoder_layer: The layer of VGG19 that gives the features, if the encoder is VGG19.
        epoch: Steps between two validations, and between two checkpoints; at most `steps`.
        patience: Validations without a lower loss before training stops; the result is then the
            best network. None trains all steps, and the result is the last network.
    """

    stage: str
    size: int
    steps: int
    batch: int = 16
    network: dict[str, Any] = field(default_factory=dict)
    shared: bool = False
    discriminator_width: int = 64
    losses: dict[str, Any] = field(default_factory=dict)
    options: Options = PAPER
    learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    decay: bool = False
    irregular: float = 0.0
    shares: tuple[float, ...] = (7 / 16,)
    crops: bool = False
    encoder_layer: str = "relu3_1"
    epoch: int = 1000
    patience: int | None = 10


def load_config(name: str) -> Config:
    """The Config called RUN in `train/configs/FILE.py`, for the name "FILE/RUN".

    Raises:
        InputError: There is no such file or run; the message lists the runs.
    """
    file, _, run = name.partition("/")
    try:
        runs = importlib.import_module(f"train.configs.{file}").RUNS
    except ModuleNotFoundError as error:
        raise InputError(f"config {name!r}: there is no train/configs/{file}.py") from error
    if run not in runs:
        raise InputError(f"config {name!r}: write {file}/RUN with RUN one of {', '.join(runs)}")
    return runs[run]


def load_network(
    source: str | Path, part: str | None = None, size: int | None = None
) -> keras.Model:
    """Loads a trained network from its file or from a preset.

    Args:
        source: A .keras file that `run` or `distill` wrote, or a preset's name or folder.
        part: "encoder", "image2feature" or "feature2image". By default any network that a file
            holds, and the "feature2image" of a preset.
        size: Which of a preset's "feature2image" networks to take, if it has several: the one that
            serves at this scale.

    Raises:
        InputError: The file is missing or holds another kind of network; or there is no such
            preset, or it has several networks and no `size` is given.
    """
    if not str(source).endswith(".keras"):
        network = getattr(load_preset(source), part or "feature2image")
        if not isinstance(network, Mapping):
            return network
        if size is None:
            raise InputError(
                f"{source}: has several networks, one for each range of scales; name a .keras file"
            )
        return network_at(network, size)
    try:
        network = keras.saving.load_model(source, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{source}: not a network saved by tfpaint ({reason})") from error
    if part and not isinstance(network, KINDS[part]):
        raise InputError(f"{source}: holds {type(network).__name__} and no network for {part}")
    return network


def check_keras(path: str | Path) -> None:
    """Checks, before any training, that a network can be saved under this name.

    Raises:
        InputError: The name does not end in .keras.
    """
    if Path(path).suffix != ".keras":
        raise InputError(f"{path}: has to end in .keras")


def load_encoder(source: str | Path, layer: str = "relu3_1") -> keras.Model:
    """Loads an encoder: images (B, H, W, 3) in [-1, 1] to features (B, H/4, W/4, C).

    Args:
        source: "imagenet" or an .npz file for VGG19; otherwise as for `load_network`.
        layer: The layer of VGG19 that gives the features. The stride of "relu2_1" is 2, not 4.

    Raises:
        InputError: There is no such encoder, or it cannot be read or downloaded.
    """
    if source == "imagenet" or str(source).endswith(".npz"):
        return load_vgg19(source, layer)
    return load_network(source, "encoder")


def load_vgg19(source: str | Path, layer: str = "relu3_1") -> VGG19Encoder:
    """Loads VGG19, rescaled so that its features have a mean of 1 on scikit-image's photos.

    The weights of losses in a config, and discriminators that see features, are thus the same for
    all encoders. Patch-swap does not depend on the scale.

    Args:
        source: "imagenet" or an .npz file.
        layer: As for `load_encoder`.

    Raises:
        InputError: The weights cannot be read or downloaded.
    """
    squares = np.stack([square(photo, 128) for photo in sample_photos().values()])
    return VGG19Encoder(layer).load_vgg19(source).normalise(squares / np.float32(127.5) - 1.0)


def build(
    config: Config,
    encoder: keras.Model,
    image2feature: keras.Model | None = None,
    critic: keras.Model | None = None,
) -> GAN:
    """The compiled, untrained GAN of a config.

    Args:
        config: What to train.
        encoder: Images to features.
        image2feature: A trained G1, for a G2 that trains on predictions.
        critic: For a G2, a frozen encoder through which its discriminator sees pictures.

    Raises:
        InputError: The size of a G2's config is no multiple of G1's.
    """
    if config.stage == "image2feature":
        gan: GAN = _image2feature_gan(config, encoder)
    else:
        gan = _feature2image_gan(config, encoder, image2feature, critic)
    compile_gan(gan, config)
    return gan


def _image2feature_gan(config: Config, encoder: keras.Model) -> Image2FeatureGAN:
    generator = Image2Feature(config.size, **config.network)
    discriminator = None
    if _is_adversarial(config):
        discriminator = ImagePairDiscriminator(config.discriminator_width)
    return Image2FeatureGAN(generator, encoder, discriminator, **config.losses)


def _feature2image_gan(
    config: Config,
    encoder: keras.Model,
    image2feature: keras.Model | None,
    critic: keras.Model | None,
) -> Feature2ImageGAN:
    if image2feature is not None and config.size % (side := image2feature.input_shape[0][1]):
        raise InputError(f"size {config.size}: no multiple of the {side} px of the given G1")
    stride, channels = encoder.stride, encoder.output_shape[-1]
    width = config.discriminator_width
    size = None if config.shared else config.size
    generator = Feature2Image(size, channels, stride, **config.network)
    discriminator = None
    if _is_adversarial(config):
        if critic is None:
            discriminator = ImageFeatureDiscriminator(channels, stride, width)
        else:
            discriminator = FeatureDiscriminator(critic.output_shape[-1], width)
    return Feature2ImageGAN(
        generator,
        encoder,
        discriminator,
        image2feature=image2feature,
        options=config.options,
        critic=critic,
        **config.losses,
    )


def _is_adversarial(config: Config) -> bool:
    return config.losses.get("adversarial_weight", 1.0) > 0


def compile_gan(gan: GAN, config: Config) -> None:
    """Compiles a GAN with the optimisers of a config."""
    gan.compile(
        optimizer=adam(config.learning_rate, config),
        discriminator_optimizer=adam(config.discriminator_learning_rate, config),
    )


def adam(rate: float, config: Config) -> keras.optimizers.Adam:
    """Adam with beta1 0.5, and with the cosine decay if the config has it."""
    schedule = rate
    if config.decay:
        schedule = keras.optimizers.schedules.CosineDecay(rate, config.steps, alpha=0.01)
    return keras.optimizers.Adam(schedule, beta_1=0.5)
