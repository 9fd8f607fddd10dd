"""Multi-scale inference (section 3.4): fills one window from coarse to fine."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.certainty import sureness
from tfpaint.filling.coarse_from_pieces import recompose
from tfpaint.filling.feature_swap import swap_features
from tfpaint.filling.holes import SCALES
from tfpaint.filling.options import PAPER, Options
from tfpaint.filling.tone_ring import align_tone
from tfpaint.filling.tones import tone_shift
from tfpaint.filling.windows import at_scale
from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.mask_cells import centre
from tfpaint.maps.smooth_fill import pull_push
from tfpaint.maps.traced import traced_once
from tfpaint.networks.image2feature import split
from tfpaint.networks.tiles import HALO, TILE, Tiled
from tfpaint.patch_swap import pixels
from tfpaint.patch_swap.backends import DYNAMIC, Backend

EXACT = 512  # side in pixels of the largest window in which all source patches may be compared


class WindowFiller:
    """Fills square windows of a photo, each with its hole in the centre half.

    Image2Feature predicts the hole coarsely at the smallest scale. Each scale then enlarges the
    picture of the previous one, encodes it, swaps its patches, and draws the result by
    Feature2Image. Scales above 512 pixels continue from the matches of the previous scale. Above
    768 pixels, the networks run in tiles. With `options.pixels`, all scales but the smallest swap
    patches of pixels instead.

    Args:
        encoder: Maps pictures (B, S, S, 3) in [-1, 1] to features (B, S / stride, S / stride, C).
        image2feature: Maps `[image, mask]` of side `scales[0]` to the image's centre square.
        feature2image: Maps features to pictures. A network for all scales, or a mapping from scales
            to networks, each serving from its scale up to the next one in the mapping. Scales above
            768 pixels need a network of no fixed size.
        scales: Sides of the windows in pixels, each twice the one before.
        options: How holes are filled.
        backend: How to match and paste patches.

    Raises:
        InputError: A scale is not twice the one before, or the scales do not fit the networks or
            the options.
    """

    def __init__(
        self,
        encoder: keras.Model,
        image2feature: keras.Model,
        feature2image: keras.Model | Mapping[int, keras.Model],
        scales: Sequence[int] = SCALES,
        options: Options = PAPER,
        backend: Backend = DYNAMIC,
    ):
        scales = tuple(int(scale) for scale in scales)
        if not scales or any(b != 2 * a for a, b in zip(scales, scales[1:], strict=False)):
            raise InputError(f"scales={scales}: each has to be twice the one before")
        self.feature2image = {scale: network_at(feature2image, scale) for scale in scales}
        smallest = self.feature2image[scales[0]]
        if options.recompose and (scales[0] < 128 or smallest.input_shape[1] is not None):
            raise InputError(
                "recompose=True needs scales from 128 pixels, and there a network of no fixed size"
            )
        if options.pixels and not pixels.SMALLEST <= scales[0] <= scales[-1] <= pixels.LARGEST:
            raise InputError(
                f"pixels=True needs scales from {pixels.SMALLEST} to {pixels.LARGEST} pixels"
            )
        side = image2feature.input_shape[0][1]
        if side not in (None, scales[0]):
            raise InputError(f"scales={scales}: the first has to be Image2Feature's {side}")
        self.encoder = encoder
        self.image2feature = image2feature
        self.scales = scales
        self.options = options
        self.backend = backend
        self.pixels = options.pixels and backend.loops

        self.encode = Tiled(encoder, stride=1)
        stride = scales[0] // encoder.compute_output_shape((1, scales[0], scales[0], 3))[1]
        networks = dict.fromkeys(self.feature2image.values())
        tiled = {id(network): Tiled(network, stride) for network in networks}
        self._decoders = [tiled[id(network)] for network in self.feature2image.values()]
        # Separate functions, so that each is traced once per scale and not at every use.
        self.coarse = traced_once(self._coarse)
        self.refine = traced_once(self._refine)
        self.first_pixels = traced_once(pixels.first_levels)
        self.next_pixels = traced_once(pixels.next_level)

    def changed(self, backend: Backend = DYNAMIC, **options: Any) -> "WindowFiller":
        """A filler of the same networks with another backend or other options."""
        networks = self.encoder, self.image2feature, self.feature2image
        return WindowFiller(*networks, self.scales, self.options.changed(**options), backend)

    @property
    def variables(self) -> list[tf.Variable]:
        """The weights of all networks, to be tracked by whatever saves a graph that uses them."""
        networks = [self.encoder, self.image2feature, *self.feature2image.values()]
        return [one.value for network in dict.fromkeys(networks) for one in network.variables]

    def fill(self, crop: tf.Tensor, count: int) -> list[tf.Tensor]:
        """Fills a window, from the coarse prediction up to its own size.

        Args:
            crop: float32 (S, S, 5), from `tfpaint.filling.windows.crop_mirrored`; S is one of the
                scales.
            count: Number of scales to run. Scales above S return the picture unchanged.

        Returns:
            `count` + 1 pictures, float32 (1, s, s, 3) in [-1, 1]: the coarse prediction, then one
            for each scale. Known pixels are those of the photo.
        """
        return [picture for picture, _ in self.states(crop, count)]

    def features(self, crop: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """F1 and F1' at a window's own scale, in its first iteration.

        Args:
            crop: As for `fill`, with a static S.

        Returns:
            The features before and after patch-swap, float32 (1, S / stride, S / stride, C) each.
        """
        last = self.scales.index(crop.shape[0])
        states, sure = self._states(crop, last, self._one_scale)
        picture, matches = states[-1]
        _, mask, picture = self.begin(crop, picture, last, sure)
        return self.swap(picture, mask, matches, last, sure)[:2]

    def states(
        self, crop: tf.Tensor, count: int, seed: int | tf.Tensor = 0
    ) -> list[tuple[tf.Tensor, Any]]:
        """As `fill`, each picture with the matches from which the next scale continues.

        With `pixels` they are the answers of `tfpaint.patch_swap.pixels`, int32 (s * s,), together
        with the `tone_shift` that was added to what they point to; and every `seed` other than 0
        leads to another fill.
        """
        scale = partial(self._pixels_at_scale, seed=seed) if self.pixels else self._one_scale
        return self._states(crop, count, scale)[0]

    def _states(self, crop, count: int, scale):
        """The states of `states`, and how much to follow the first of them, from `_coarse`."""
        coarse, sure = self.coarse(*level(crop, self.scales[0]))
        states: list[tuple[tf.Tensor, Any]] = [(coarse, None)]
        for index in range(count):
            before, side = states[-1], crop.shape[0] or tf.shape(crop)[0]
            one_scale = partial(scale, crop, coarse, sure, *before, index)
            reached = index == 0 or side >= self.scales[index]
            if isinstance(reached, bool):
                states.append(one_scale() if reached else before)
            else:
                states.append(tf.cond(reached, one_scale, lambda before=before: before))
        return states, sure

    def _one_scale(
        self, crop, coarse, sure, picture, matches, index: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Refines a picture at a scale; returns it and its matches."""
        photo, mask, picture = self.begin(crop, picture, index, sure)
        for _ in range(self.options.iterations):
            picture, chosen = self.refine(picture, photo, mask, matches, index, sure)
        return picture, chosen

    def _pixels_at_scale(
        self, crop, coarse, sure, picture, matches, index: int, seed
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
        """Swaps patches of pixels at a scale; returns the picture, the answers and their tones."""
        photo, mask, before = self._enlarged(crop, picture, index)
        if index == 0:
            drawn, matches = self._one_scale(crop, coarse, sure, picture, None, 0)
            pair = _to_255(drawn), _to_255(before)
            painted, answers = self.first_pixels(*pair, mask, matches, seed)
        else:
            painted, answers = self.next_pixels(_to_255(before), mask, matches[0])
        painted = align_tone(painted / 127.5 - 1.0, photo, mask, 1 - mask, pixels.RADIUS)
        hole = mask * centre(photo.shape[1])
        if sure is None:
            tones = tf.zeros_like(coarse)
        else:
            tones = tone_shift(painted, coarse, hole, sure)
            painted += tf.image.resize(tones, painted.shape[1:3])
        picture = tf.where(hole > 0, tf.clip_by_value(painted, -1.0, 1.0), before)
        return picture, (answers, tones)

    def begin(
        self, crop, picture, index: int, sure: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The photo and mask of a window at a scale, and the picture from which it starts."""
        photo, mask, picture = self._enlarged(crop, picture, index)
        if self.options.recompose and index == 0:
            picture = recompose(self.encode, self._decoders[0], picture, mask, sure, self.backend)
        return photo, mask, picture

    def _enlarged(self, crop, picture, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The photo and mask of a window at a scale, and the scale before's picture in its hole."""
        photo, mask = level(crop, self.scales[index])
        return photo, mask, tf.where(mask > 0, tf.image.resize(picture, photo.shape[1:3]), photo)

    def _coarse(self, photo: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """I1, the coarse prediction at the smallest scale: float32 (1, s, s, 3) in [-1, 1].

        And how much to follow it, float32 (1, s, s, 1), as `tfpaint.filling.certainty` says; None
        if the network does not say how sure it is.

        Other holes, and mirror images of the hole, may lie outside the centre square. The network
        was trained without holes there and predicts nothing for them, so they are filled smoothly
        before it runs.
        """
        smooth = pull_push(photo, 1 - mask)
        hole = mask * centre(photo.shape[1])
        coarse, error = split(self.image2feature([smooth * (1 - hole), hole], training=False))
        margin = [photo.shape[1] // 4] * 2
        around = [[0, 0], margin, margin, [0, 0]]
        coarse = tf.pad(tf.cast(coarse, tf.float32), around)
        coarse = tf.where(hole > 0, coarse, smooth)
        if error is None:
            return coarse, None
        # It was trained in holes alone, and says nothing of known pixels.
        return coarse, tf.where(hole > 0, tf.pad(sureness(error), around), 1.0)

    def _refine(
        self, picture, photo, mask, matches, index: int, sure: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Encodes a picture, swaps its patches and draws it; returns the picture and matches."""
        _, swapped, chosen = self.swap(picture, mask, matches, index, sure)
        return self.draw(swapped, picture, photo, mask, index), chosen

    def swap(
        self, picture, mask, matches, index: int, sure: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Runs `swap_features` at a scale, which returns F1, F1' and the matches."""
        if self.options.trust >= 1 and self.scales[index] <= EXACT:
            matches = None
        return swap_features(
            self.encode, picture, mask, self.options, index, matches, sure, self.backend
        )

    def draw(self, swapped, picture, photo, mask, index: int) -> tf.Tensor:
        """Draws I from F1' by Feature2Image, with the photo's tones: float32 (1, s, s, 3)."""
        side = photo.shape[1]
        stride = side // swapped.shape[1]
        # Of a window above 768 pixels, only the hole, its ring and the tiles' margin are drawn.
        ring = max(side // 32, 1)
        margin = 0 if side <= TILE else (side // 4 - ring - HALO) // 32 * 32
        near = slice(margin, side - margin)
        cells = slice(margin // stride, (side - margin) // stride)
        output = self._decoders[index](swapped[:, cells, cells])
        photo_near, mask_near = photo[:, near, near], mask[:, near, near]
        output = align_tone(output, photo_near, mask_near, 1 - mask_near, ring)
        if self.options.tone_blur:
            output = tf.where(mask_near > 0, output, photo_near)
            tones = picture[:, near, near] - output
            output += low_pass(tones, self.options.tone_blur * 2**index)
        output = tf.pad(output, [[0, 0], [margin, margin], [margin, margin], [0, 0]])
        return tf.where(mask > 0, tf.clip_by_value(output, -1.0, 1.0), photo)


def _to_255(picture: tf.Tensor) -> tf.Tensor:
    return (picture + 1.0) * 127.5


def level(crop: tf.Tensor, scale: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The photo and mask of a window (S, S, 5) at a scale.

    Returns:
        float32 (1, s, s, 3) in [-1, 1] and (1, s, s, 1), 1 = missing.
    """
    photo, mask = at_scale(crop, scale)
    return photo[None] / 127.5 - 1.0, mask[None]


def network_at(feature2image: keras.Model | Mapping[int, keras.Model], scale: int) -> keras.Model:
    """The network for a scale: in a mapping, that of the largest key not above the scale.

    Raises:
        InputError: Every key is above the scale.
    """
    if not isinstance(feature2image, Mapping):
        return feature2image
    keys = [key for key in feature2image if key <= scale]
    if not keys:
        raise InputError(f"feature2image: none for scale {scale}, only from {min(feature2image)}")
    return feature2image[max(keys)]
