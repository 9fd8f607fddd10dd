"""The whole system: a photo and a mask in, the filled photo out (paper, sections 3.2 and 3.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import keras
import numpy as np
import tensorflow as tf

from tfpaint import forks
from tfpaint.errors import InputError
from tfpaint.filling import windows
from tfpaint.filling.graphs import Graphs, Kind, Progress
from tfpaint.filling.holes import SCALES
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.options import PAPER, Options, check_seeds, check_wrap
from tfpaint.filling.thin_holes import thin_parts
from tfpaint.filling.wrap import fill_in_passes
from tfpaint.maps.traced import unoptimized
from tfpaint.networks.float32 import in_float32
from tfpaint.pictures import masks
from tfpaint.presets import load_preset

Mask: TypeAlias = np.ndarray | None
Wrap: TypeAlias = Literal["x", "y", "both"] | None


@dataclass(frozen=True)
class Steps:
    """A filled photo and how it came about, all uint8 (H, W, 3).

    Attributes:
        image: The result.
        coarse: The photo with the coarse prediction of Image2Feature in the hole.
        scales: The photo filled as far as each scale; beyond a hole's own window, as its result.
    """

    image: np.ndarray
    coarse: np.ndarray
    scales: dict[int, np.ndarray]


class Inpainter:
    """Fills the missing pixels of a photo of any size.

    The hole is cut into pieces. Around each piece, the smallest first, a square window is cut out,
    filled from coarse to fine by a `WindowFiller`, and pasted. What one window has filled is known
    to the next. Pixels outside the mask are returned as they are, bit for bit.

    `inpaint` is all of it as one `tf.function`, from uint8 (H, W, 3), bool (H, W) and an int32 seed
    to uint8 (H, W, 3), of plain TensorFlow operations, for photos and holes of any size. To save
    it, put it and `filler.variables` on a `tf.Module`; `tfpaint.saved_model.save` does that for
    TensorFlow Serving. A call of the inpainter itself gives the same pictures, the first ones
    without tracing.

    Threads may share one. It can be pickled and copied. A process forked after one was made can use
    none: `tfpaint.forks`.

    Args:
        encoder, image2feature, feature2image, scales, options: As for
            `tfpaint.filling.multi_scale.WindowFiller`.

    Attributes:
        untraced: How many windows are filled before a graph is traced for the others, which takes
            as long as it saves on six, the default. Set it to 0 where many photos follow. Nothing
            is traced where an earlier process has kept a graph: see `prepare`.

    Raises:
        InputError: The scales make no sense, or do not fit the networks or the options.

    Examples:
        >>> inpainter = Inpainter.from_preset("photo")
        >>> filled = inpainter(image, mask)  # uint8 (H, W, 3), bool (H, W): True = missing
    """

    def __init__(
        self,
        encoder: keras.Model,
        image2feature: keras.Model,
        feature2image: keras.Model | Mapping[int, keras.Model],
        scales: Sequence[int] = SCALES,
        options: Options = PAPER,
    ):
        forks.check()
        self.filler = WindowFiller(encoder, image2feature, feature2image, scales, options)
        self.scales = self.filler.scales
        self.untraced = 6
        self._graphs = Graphs(self.filler)
        self.inpaint = self._graphs.traced(Kind())

    @classmethod
    def from_preset(
        cls, name: str | Path, load_weights: bool = True, **changes: Any
    ) -> "Inpainter":
        """Builds an inpainter, in float32, from a bundled preset or from a preset's folder.

        Args:
            name: "photo", "paper", or a folder as `tfpaint.presets.save_preset` writes it.
            load_weights: False leaves the networks as initialised.
            **changes: `scales`, or fields of `Options`, that differ from the preset's.

        Raises:
            InputError: There is no such preset or option, or the preset's files do not fit.
        """
        with in_float32():
            preset = load_preset(name, load_weights=load_weights)
        scales = changes.pop("scales", preset.scales)
        return cls(*preset.networks, scales=scales, options=preset.options.changed(**changes))

    def __reduce__(self):
        """A copy, or what is unpickled, has networks of its own with the same weights."""
        filler = self.filler
        networks = filler.encoder, filler.image2feature, filler.feature2image
        return Inpainter, (*networks, filler.scales, filler.options)

    @overload
    def __call__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        *,
        unknown: Mask = None,
        seed: int = 0,
        wrap: Wrap = None,
        progress: Progress | None = None,
    ) -> np.ndarray: ...
    @overload
    def __call__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        steps: Literal[True],
        unknown: Mask = None,
        seed: int = 0,
        wrap: Wrap = None,
        progress: Progress | None = None,
    ) -> Steps: ...
    @overload
    def __call__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        steps: bool,
        unknown: Mask = None,
        seed: int = 0,
        wrap: Wrap = None,
        progress: Progress | None = None,
    ) -> Any: ...
    @overload
    def __call__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        *,
        unknown: Mask = None,
        seed: int = 0,
        variants: int,
        wrap: Wrap = None,
        progress: Progress | None = None,
    ) -> list[np.ndarray]: ...
    def __call__(
        self,
        image,
        mask,
        steps=False,
        unknown=None,
        seed=0,
        variants=None,
        wrap=None,
        progress=None,
    ):
        """Fills the hole of a photo.

        Args:
            image: uint8 or uint16 (H, W, 3), RGB, from 16 pixels a side. The hole of a uint16 photo
                is filled in the range of the values known around it.
            mask: bool (H, W), True where the photo is missing.
            steps: Return the intermediate pictures too, as `Steps`.
            unknown: bool (H, W), True where the photo holds nothing, as where it is transparent or
                a map has no data. What is not missing there stays as it is, and is not looked at.
                None if all of the photo counts.
            seed: From 0 to 2**31 - 1. 0 is the best fill, every other number another plausible one.
                The same seed gives the same picture.
            variants: Return a list of so many fills, of `seed` and the numbers that follow it.
            wrap: Which edges of the photo meet: "x", left and right, as in a 360-degree panorama;
                "y", top and bottom; or "both", as in a tile. A fill leaves no seam there.
            progress: Called before each window with its number, from 0, and how many there are.

        Returns:
            (H, W, 3) of the dtype of `image`, equal to it wherever `mask` is False; or `Steps`, or
            a list.

        Raises:
            InputError: Not such arrays, sizes that differ, a mask that leaves nothing known, a seed
                or `wrap` out of range, or a seed or variants without `Options.pixels`.
        """
        forks.check()
        image, mask = np.asarray(image), np.asarray(mask)
        unknown = None if unknown is None else np.asarray(unknown)
        masks.check(image, mask, unknown)
        self.check_seed(seed, variants, steps)
        check_wrap(wrap)
        if variants is not None:
            seeds = range(seed, seed + variants)
            return [
                self(image, mask, unknown=unknown, seed=number, wrap=wrap, progress=progress)
                for number in seeds
            ]
        if not mask.any():
            filled = image.copy()
            return Steps(filled, filled, dict.fromkeys(self.scales, filled)) if steps else filled
        fill = partial(self._fill, seed=seed, steps=steps, progress=progress)
        with unoptimized():
            if wrap is None:
                pictures = fill(image, mask, unknown)
            else:
                pictures = fill_in_passes(fill, image, mask, unknown, wrap)
        if not steps:
            return pictures[0]
        coarse, *filled = pictures
        return Steps(filled[-1], coarse, dict(zip(self.scales, filled, strict=True)))

    def prepare(self) -> None:
        """Keeps the graphs that fill 8-bit photos in the user's cache, if they are not there yet.

        Inpainters like this one then use them from their first photo on, in other processes, too.
        They are found as long as tfpaint, TensorFlow, Keras and numpy stay the same. Whatever graph
        an inpainter traces is kept; this traces them now.

        Raises:
            InputError: They cannot be written, TensorFlow has a GPU, or the networks are not of
                tfpaint's own classes.
        """
        forks.check()
        with unoptimized():
            self._graphs.prepare()

    def _fill(self, image, mask, unknown, seed: int, steps: bool, progress) -> list[np.ndarray]:
        """The result alone, or with `steps` the coarse fill and each scale."""
        given = [tf.convert_to_tensor(image), tf.convert_to_tensor(mask), seed]
        given += [] if unknown is None else [tf.convert_to_tensor(unknown & ~mask)]
        kind = Kind(steps, given[0].dtype, unknown is not None, progress is not None)
        if not steps and self._graphs.pays(kind, 0, self.untraced):  # it finds the windows itself
            return [self._graphs.run(kind, given, progress).numpy()]
        split = self._split(given[1], *given[3:])
        sides = self._sides(split[1])
        scales = self._scales_up_to(sides)
        if self._graphs.pays(kind, max(len(sides), 1), self.untraced):
            found = self._graphs.run(kind, given, progress).numpy()
        else:
            found = self._graphs.run_eagerly(kind, given, progress, scales, split).numpy()
        if not steps:
            return [found]
        beyond = len(self.scales) - len(scales)
        return [*found[: len(scales)], *found[-1:].repeat(1 + beyond, axis=0)]

    def scales_for(self, mask: np.ndarray) -> tuple[int, ...]:
        """The scales through which a hole goes: bool (H, W), True = missing somewhere."""
        return self._scales_up_to(self._sides(self._split(tf.convert_to_tensor(mask))[1]))

    def _split(self, mask: tf.Tensor, unknown: tf.Tensor | None = None):
        """The parts of a hole that are filled without windows, and the rest."""
        return thin_parts(mask, unknown) if self.filler.pixels else ([], mask)

    def _sides(self, wide: tf.Tensor) -> np.ndarray:
        """The sides of the windows around a hole's wide parts: int32 (N,)."""
        return windows.find_windows(wide, self.scales)[:, 2].numpy()

    def _scales_up_to(self, sides: np.ndarray) -> tuple[int, ...]:
        largest = max(sides, default=self.scales[0])
        return tuple(scale for scale in self.scales if scale <= max(largest, self.scales[0]))

    def check_seed(self, seed: int, variants: int | None = None, steps: bool = False) -> None:
        """Raises the InputError that a call with these would raise."""
        count = 1 if variants is None else variants
        if count < 1 or (variants is not None and steps):
            raise InputError(f"variants={variants}: has to be 1 or more, and without steps")
        check_seeds(seed, count)
        if seed + count > 1 and not self.filler.pixels:
            raise InputError("seeds and variants need pixels=True, as the preset photo has it")
