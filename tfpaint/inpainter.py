"""The whole system: a photo and a mask in, the filled photo out (paper, sections 3.2 and 3.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

import keras
import numpy as np
import tensorflow as tf

from tfpaint import blending, holes, inwards, masks, recomposing
from tfpaint.encoder import low_pass
from tfpaint.errors import InputError
from tfpaint.matching import match_function
from tfpaint.membrane import pull_push
from tfpaint.patch_swap import grow, hole_on_features, paste
from tfpaint.presets import load_preset, network_at
from tfpaint.tiles import HALO, TILE, Tiled

EXACT = 512  # the largest window in which every source patch may be compared


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

    The hole is cut into pieces; around each piece, the smallest first, a square window is cut and
    filled from coarse to fine: Image2Feature at the smallest scale, then at every scale encoder,
    patch-swap, Feature2Image and tone alignment. What one window has filled is known to the next.
    Windows of more than 512 pixels begin their matching at the choices of the scale before, and run
    the networks in tiles.
    Pixels outside the mask are returned as they are, bit for bit.

    `inpaint` is all of it as one `tf.function`, from uint8 (H, W, 3) and bool (H, W) to uint8
    (H, W, 3), of plain TensorFlow operations, for photos and holes of any size. To save it, put it
    and `variables` on a `tf.Module`. A call of the inpainter itself traces the scales it needs.

    Args:
        encoder: Images (B, S, S, 3) in [-1, 1] to features (B, S/4, S/4, C), or another stride.
        image2feature: `[image, mask]` of side `scales[0]` to the image's centre square.
        feature2image: Features to images; one network for all scales, or a dict of them by the
            scale from which on each serves. Windows of more than 768 pixels need one of no fixed
            size.
        scales: Sides of the windows, each twice the one before.
        key_blur: If positive, patches are matched on the features of a blurred image, with this
            sigma in pixels of `scales[0]` (in proportion beyond), and the sharp ones pasted: a
            coarse fill otherwise finds flat patches most similar. 0 is the paper's way.
        coherence: As for `match`: patches are chosen that continue their neighbours. 0 is the
            paper's way.
        overlap: As for `paste`: less than 1, the paper's way, pastes sharper.
        trust: If less than 1, the hole is matched from its boundary inwards at `scales[0]`, where
            Image2Feature's prediction counts so much beside a known cell, and without `key_blur`:
            lines are continued that it only hints at (see `inwards`). All other scales then begin
            their matching at the choices of the scale before. 1 is the paper's way.
        recompose: Make the coarse fill anew at half of `scales[0]` from pieces of the photo, as far
            as they fit (see `recomposing`). False, leaving it to Image2Feature, is the paper's way.
        tone_blur: If positive, what is coarser than this, a sigma in pixels of `scales[0]` (in
            proportion beyond), is kept from the picture that a scale begins with: Image2Feature
            decides the tones, Feature2Image the texture. 0 is the paper's way.
        iterations: How often Feature2Image is applied at each scale (iterative inference).

    Raises:
        InputError: `scales` or another option makes no sense.

    Example:
        >>> inpainter = Inpainter.from_preset("photo")
        >>> filled = inpainter(image, mask)  # uint8 (H, W, 3), bool (H, W): True = missing
    """

    unroll = False  # write out the loop over the rings of `inwards`

    def __init__(
        self,
        encoder: keras.Model,
        image2feature: keras.Model,
        feature2image: keras.Model | Mapping[int, keras.Model],
        scales: Sequence[int] = holes.SCALES,
        key_blur: float = 0.0,
        coherence: float = 0.0,
        overlap: float = 1.0,
        trust: float = 1.0,
        recompose: bool = False,
        tone_blur: float = 0.0,
        iterations: int = 1,
    ):
        scales = tuple(int(scale) for scale in scales)
        if not scales or any(b != 2 * a for a, b in zip(scales, scales[1:], strict=False)):
            raise InputError(f"scales={scales}: each has to be twice the one before")
        if iterations < 1 or min(key_blur, coherence, tone_blur) < 0 or min(overlap, trust) <= 0:
            raise InputError(
                f"iterations={iterations}, key_blur={key_blur}, coherence={coherence}, "
                f"overlap={overlap}, trust={trust}, tone_blur={tone_blur}: too small"
            )
        self.encoder = encoder
        self.image2feature = image2feature
        self.feature2image = [network_at(feature2image, scale) for scale in scales]
        if recompose and (scales[0] < 128 or self.feature2image[0].input_shape[1] is not None):
            raise InputError(
                "recompose=True needs scales from 128 pixels, and there a network of no fixed size"
            )
        side = image2feature.input_shape[0][1]
        if side not in (None, scales[0]):
            raise InputError(f"scales={scales}: the first has to be Image2Feature's {side}")
        self.scales = scales
        self.key_blur = float(key_blur)
        self.coherence = float(coherence)
        self.overlap = float(overlap)
        self.trust = float(trust)
        self.recompose = bool(recompose)
        self.tone_blur = float(tone_blur)
        self.iterations = int(iterations)
        self._graphs: dict[tuple, Any] = {}
        self.inpaint = self._graph(scales, steps=False)
        self.encode = Tiled(encoder, stride=1)
        stride = scales[0] // encoder.compute_output_shape((1, scales[0], scales[0], 3))[1]
        tiled = {id(one): Tiled(one, stride) for one in self.feature2image}
        self.decoders = [tiled[id(one)] for one in self.feature2image]
        self._largest_window = tf.function(
            lambda mask: tf.reduce_max(holes.find_windows(mask, scales)[:, 2]),
            input_signature=[tf.TensorSpec([None, None], tf.bool)],
            autograph=False,
        )
        # Functions of their own: traced once a scale, and not at every use.
        self.start = tf.function(self._coarse, autograph=False)
        self._refine = tf.function(self._fine, autograph=False)

    @property
    def variables(self) -> list[tf.Variable]:
        """The weights of all networks, which whatever saves `inpaint` has to track."""
        networks = dict.fromkeys([self.encoder, self.image2feature, *self.feature2image])
        return [variable.value for network in networks for variable in network.variables]

    def export(self, path: str | Path, **options: Any) -> Path:
        """Writes a SavedModel for TensorFlow Serving; see `tfpaint.saved_model.save`."""
        from tfpaint import saved_model

        return saved_model.save(self, path, **options)

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments beside the networks."""
        names = ("scales", "key_blur", "coherence", "overlap", "trust", "recompose", "tone_blur")
        return {name: getattr(self, name) for name in (*names, "iterations")}

    @classmethod
    def from_preset(
        cls, name: str | Path, load_weights: bool = True, **options: Any
    ) -> "Inpainter":
        """Builds an inpainter from a bundled preset or from a preset's folder.

        Args:
            name: "photo", "paper", or a folder as `tfpaint.presets.save_preset` writes it.
            load_weights: False leaves the networks as initialised.
            **options: Arguments of the constructor that override the preset's.

        Raises:
            InputError: There is no such preset, or its files do not fit.
        """
        try:
            return cls(**{**load_preset(name, load_weights=load_weights), **options})
        except TypeError as error:
            raise InputError(f"{name}: {error}; the preset may be of another version") from error

    @overload
    def __call__(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray: ...
    @overload
    def __call__(self, image: np.ndarray, mask: np.ndarray, steps: Literal[True]) -> Steps: ...
    @overload
    def __call__(self, image: np.ndarray, mask: np.ndarray, steps: bool) -> Any: ...
    def __call__(self, image, mask, steps=False):
        """Fills the hole of a photo.

        Args:
            image: uint8 (H, W, 3), RGB, from 16 pixels a side.
            mask: bool (H, W), True where the photo is missing.
            steps: Return the intermediate pictures too, as `Steps`.

        Returns:
            uint8 (H, W, 3), equal to `image` wherever `mask` is False; or `Steps`.

        Raises:
            InputError: Not such arrays, sizes that differ, or a mask that leaves nothing known.
        """
        image, mask = np.asarray(image), np.asarray(mask)
        masks.check(image, mask)
        if not mask.any():
            filled = image.copy()
            return Steps(filled, filled, dict.fromkeys(self.scales, filled)) if steps else filled
        scales = self.scales_for(mask)
        if not steps:
            return self._graph(scales, steps=False)(image, mask).numpy()
        coarse, *filled = self._graph(scales, steps=True)(image, mask).numpy()
        filled += [filled[-1]] * (len(self.scales) - len(filled))
        return Steps(filled[-1], coarse, dict(zip(self.scales, filled, strict=True)))

    def scales_for(self, mask: np.ndarray) -> tuple[int, ...]:
        """The scales through which a hole goes: bool (H, W), True = missing somewhere."""
        largest = int(self._largest_window(mask))
        return tuple(scale for scale in self.scales if scale <= largest)

    def _graph(self, scales: tuple[int, ...], steps: bool):
        """The function for photos whose windows are not larger than the last of `scales`.

        From uint8 (H, W, 3) and bool (H, W) to the result, or with `steps` to (N, H, W, 3): the
        coarse fill and each scale.
        """
        if (scales, steps) not in self._graphs:
            self._graphs[scales, steps] = tf.function(
                lambda image, mask: (
                    self._inpaint(image, mask, scales, len(scales) + 1)
                    if steps
                    else self._inpaint(image, mask, scales, 1)[0]
                ),
                input_signature=[
                    tf.TensorSpec([None, None, 3], tf.uint8),
                    tf.TensorSpec([None, None], tf.bool),
                ],
                autograph=False,
            )
        return self._graphs[scales, steps]

    def _inpaint(self, image: tf.Tensor, mask: tf.Tensor, scales, count: int) -> tf.Tensor:
        """(H, W, 3), (H, W) -> (count, H, W, 3): the last of coarse fill and scales."""
        boxes = holes.find_boxes(mask, self.scales)
        windows = holes.window_around(boxes, tf.shape(mask), self.scales)
        pictures = tf.tile(image[None], [count, 1, 1, 1])

        count = tf.shape(boxes)[0]

        def fill_next(index, queue, pictures, missing):
            box, window = boxes[queue[index]], windows[queue[index]]
            rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
            start, end = tf.maximum(window[:2], 0), window[:2] + window[2]
            blind = tf.reduce_all(missing[start[0] : end[0], start[1] : end[1]])
            later = blind & (index < count * count)  # until what is known has come near
            now = tf.reduce_any(missing[rows, columns]) & ~later
            filled = tf.cond(
                now, lambda: self._fill(pictures, missing, window, box, scales), lambda: pictures
            )
            missing = tf.raw_ops.TensorStridedSliceUpdate(
                input=missing,
                begin=box[:2],
                end=box[2:],
                strides=[1, 1],
                value=missing[rows, columns] & later,
            )
            queue = tf.concat([queue, tf.repeat(queue[index], tf.cast(later, tf.int32))], 0)
            return index + 1, queue, tf.ensure_shape(filled, pictures.shape), missing

        return tf.while_loop(
            lambda index, queue, *_: index < tf.size(queue),
            fill_next,
            (0, tf.range(count), pictures, mask),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None]),
                pictures.shape,
                mask.shape,
            ),
            parallel_iterations=1,
        )[2]

    def _fill(self, pictures, missing, window, box, scales) -> tf.Tensor:
        """Fills the missing pixels in `box`, looking at `window`, in scales up to its own."""
        size = tf.reduce_max(tf.where(window[2] >= scales, scales, scales[0]))
        crop = holes.crop_mirrored(pictures[-1], missing, window, size)

        coarse = self.start(*level(crop, scales[0]))
        results = [self.refine_at(crop, coarse, None, 0)]
        for index in range(1, len(scales)):
            results.append(
                tf.cond(
                    size >= scales[index],
                    lambda index=index: self.refine_at(crop, *results[-1], index),
                    lambda: results[-1],
                )
            )
        windows = [coarse, *(filled for filled, _ in results)][-pictures.shape[0] :]
        return tf.concat(
            [
                blending.paste(pictures[i : i + 1], missing, (one + 1.0) * 127.5, window, box)
                for i, one in enumerate(windows)
            ],
            axis=0,
        )

    def refine_at(self, crop, filled, start, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The window at a scale, and its matches, given those of the scale before."""
        photo, mask, filled = self.begin(crop, filled, index)
        for _ in range(self.iterations):
            filled, chosen = self._refine(filled, photo, mask, start, index)
        return filled, chosen

    def begin(self, crop, filled, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Photo and mask of the window at a scale, and the picture that it begins with."""
        photo, mask = level(crop, self.scales[index])
        filled = tf.where(mask > 0, tf.image.resize(filled, photo.shape[1:3]), photo)
        if self.recompose and index == 0:
            filled = recomposing.recompose(self, filled, mask)
        return photo, mask, filled

    def _coarse(self, photo: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """The coarse prediction (1, s, s, 3) at the smallest scale.

        Other holes, and the hole's mirror images, may lie outside the centre square, where the
        network was never shown a hole and predicts nothing: they are filled smoothly beforehand.
        """
        smooth = pull_push(photo, 1 - mask)
        hole = mask * holes.centre(photo.shape[1])
        coarse = self.image2feature([smooth * (1 - hole), hole], training=False)
        margin = [photo.shape[1] // 4] * 2
        coarse = tf.pad(tf.cast(coarse, tf.float32), [[0, 0], margin, margin, [0, 0]])
        return tf.where(hole > 0, coarse, smooth)

    def _fine(self, filled, photo, mask, start, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Encoder, patch-swap, Feature2Image and tone alignment at one scale.

        Returns:
            (1, s, s, 3), and the matches (1, s / stride, s / stride) for the next scale to `start`.
        """
        _, features, chosen = self.swap(filled, mask, start, index)
        side = photo.shape[1]
        stride = side // features.shape[1]

        # Of a large window only the hole and its ring are needed.
        ring = max(side // 32, 1)
        margin = 0 if side <= TILE else (side // 4 - ring - HALO) // 32 * 32
        near = slice(margin, side - margin)
        cells = slice(margin // stride, (side - margin) // stride)
        output = self.decoders[index](features[:, cells, cells])
        photo_near, mask_near = photo[:, near, near], mask[:, near, near]
        output = blending.align_tone(output, photo_near, mask_near, 1 - mask_near, ring)
        if self.tone_blur:
            output = tf.where(mask_near > 0, output, photo_near)
            output += low_pass(filled[:, near, near] - output, self.tone_blur * 2**index)
        output = tf.pad(output, [[0, 0], [margin, margin], [margin, margin], [0, 0]])
        return tf.where(mask > 0, tf.clip_by_value(output, -1.0, 1.0), photo), chosen

    def swap(self, filled, mask, start, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Features (1, s / stride, s / stride, C), the same swapped, and the matches."""
        start = start if self.trust < 1 or self.scales[index] > EXACT else None
        features, keys = self.features(filled, index)
        missing = hole_on_features(mask, mask.shape[1] // features.shape[1])
        hole = missing * holes.centre(missing.shape[1])
        asks, may = grow(hole), 1 - grow(missing)

        def swap_keys(queries):
            chosen = self.match(queries, keys, asks, may)
            return self.paste(chosen, keys, keys, hole, self.overlap)

        queries = keys
        if self._inwards(index):
            queries = inwards.queries(keys, hole, self.trust, swap_keys, self.unroll)
        chosen = self.match(queries, keys, asks, may, start, self.coherence)
        return features, self.paste(chosen, features, features, hole, self.overlap), chosen

    def match(self, queries, sources, asks, may, start=None, coherence=0.0) -> tf.Tensor:
        """`tfpaint.matching.match`, from the matches of the scale before if there are any."""
        engine, more = ("exact", ()) if start is None else ("propagated", (start,))
        find = match_function(engine, coherence, queries.shape[-1])
        return find(queries, sources, asks, may, *more)

    def paste(self, chosen, sources, features, hole, overlap) -> tf.Tensor:
        """`tfpaint.patch_swap.paste`."""
        return paste(chosen, sources, features, hole, overlap)

    def _inwards(self, index: int) -> bool:
        return self.trust < 1 and index == 0

    def features(self, filled: tf.Tensor, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The features of a window at a scale, and those to match on."""
        features = self.encode(filled)
        if not self.key_blur or self._inwards(index):
            return features, features
        return features, self.encode(low_pass(filled, self.key_blur * 2**index))


def level(crop: tf.Tensor, scale: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Photo in [-1, 1] and mask of a window at a scale: (1, s, s, 3), (1, s, s, 1)."""
    photo, mask = holes.at_scale(crop, scale)
    return photo[None] / 127.5 - 1.0, mask[None]
