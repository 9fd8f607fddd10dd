"""Multi-scale inference (section 3.4): one window, filled from coarse to fine."""

from collections.abc import Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.filling.coarse_from_pieces import recompose
from tfpaint.filling.feature_swap import swap_features
from tfpaint.filling.holes import SCALES
from tfpaint.filling.options import PAPER, Options
from tfpaint.filling.tone_ring import align_tone
from tfpaint.filling.windows import at_scale
from tfpaint.maps.low_pass import low_pass
from tfpaint.maps.mask_cells import centre
from tfpaint.maps.smooth_fill import pull_push
from tfpaint.networks.tiles import HALO, TILE, Tiled
from tfpaint.patch_swap.backends import DYNAMIC, Backend

EXACT = 512  # the largest window in which every source patch may be compared


class WindowFiller:
    """Fills square windows of a photo, each with its hole in the centre half.

    Image2Feature predicts the hole at the smallest scale. Then every scale up-samples what the one
    before has made, encodes it, swaps its patches, and has Feature2Image draw it. Windows of more
    than 512 pixels continue from the matches of the scale before, and run the networks in tiles.

    Args:
        encoder: Pictures (B, S, S, 3) in [-1, 1] to features (B, S/4, S/4, C), or another stride.
        image2feature: `[image, mask]` of side `scales[0]` to the image's centre square.
        feature2image: Features to pictures; one network for all scales, or a mapping of them by the
            scale from which on each serves. Windows of more than 768 pixels need one of no fixed
            size.
        scales: Sides of the windows, each twice the one before.
        options: What departs from the paper's way.
        backend: How to match and paste patches.

    Raises:
        InputError: The scales make no sense, or do not fit the networks or the options.
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
        side = image2feature.input_shape[0][1]
        if side not in (None, scales[0]):
            raise InputError(f"scales={scales}: the first has to be Image2Feature's {side}")
        self.encoder = encoder
        self.image2feature = image2feature
        self.scales = scales
        self.options = options
        self.backend = backend

        self._encode = Tiled(encoder, stride=1)
        stride = scales[0] // encoder.compute_output_shape((1, scales[0], scales[0], 3))[1]
        networks = dict.fromkeys(self.feature2image.values())
        tiled = {id(network): Tiled(network, stride) for network in networks}
        self._decoders = [tiled[id(network)] for network in self.feature2image.values()]
        # Functions of their own: traced once a scale, and not at every use.
        self.coarse = tf.function(self._coarse, autograph=False)
        self.refine = tf.function(self._refine, autograph=False)

    @property
    def variables(self) -> list[tf.Variable]:
        """The weights of all networks, which whatever saves a graph of them has to track."""
        networks = [self.encoder, self.image2feature, *self.feature2image.values()]
        return [one.value for network in dict.fromkeys(networks) for one in network.variables]

    def fill(self, crop: tf.Tensor, count: int) -> list[tf.Tensor]:
        """Fills a window, from the coarse prediction to its own size.

        Args:
            crop: float32 (S, S, 5), from `windows.crop_mirrored`, S one of the scales. If S is not
                known when traced, scales beyond it change nothing.
            count: How many scales to go through, no more than up to a known S.

        Returns:
            `count` + 1 pictures float32 (1, s, s, 3) in [-1, 1]: the coarse prediction, then one
            for each scale. Known pixels are those of the photo.
        """
        return [picture for picture, _ in self._states(crop, count)]

    def features(self, crop: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """F1 and F1' of a window's own scale, at its first iteration.

        Args:
            crop: As for `fill`, S known when traced.

        Returns:
            Two of float32 (1, S / stride, S / stride, C): before and after patch-swap.
        """
        last = self.scales.index(crop.shape[0])
        picture, matches = self._states(crop, last)[-1]
        _, mask, picture = self.begin(crop, picture, last)
        return self.swap(picture, mask, matches, last)[:2]

    def _states(self, crop: tf.Tensor, count: int) -> list[tuple[tf.Tensor, tf.Tensor | None]]:
        """The picture after each step, and the matches with which the next scale begins."""
        states = [(self.coarse(*level(crop, self.scales[0])), None)]
        for index in range(count):
            before, side = states[-1], crop.shape[0] or tf.shape(crop)[0]
            one_scale = partial(self._one_scale, crop, *before, index)
            reached = index == 0 or side >= self.scales[index]
            if isinstance(reached, bool):
                states.append(one_scale() if reached else before)
            else:
                states.append(tf.cond(reached, one_scale, lambda before=before: before))
        return states

    def _one_scale(self, crop, picture, matches, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        photo, mask, picture = self.begin(crop, picture, index)
        for _ in range(self.options.iterations):
            picture, chosen = self.refine(picture, photo, mask, matches, index)
        return picture, chosen

    def begin(self, crop, picture, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Photo and mask of a window at a scale, and the picture with which it begins."""
        photo, mask = level(crop, self.scales[index])
        picture = tf.where(mask > 0, tf.image.resize(picture, photo.shape[1:3]), photo)
        if self.options.recompose and index == 0:
            picture = recompose(self._encode, self._decoders[0], picture, mask, self.backend)
        return photo, mask, picture

    def _coarse(self, photo: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """I1, the coarse prediction (1, s, s, 3) at the smallest scale.

        Other holes, and the hole's mirror images, may lie outside the centre square, where the
        network was never shown a hole and predicts nothing: they are filled smoothly beforehand.
        """
        smooth = pull_push(photo, 1 - mask)
        hole = mask * centre(photo.shape[1])
        coarse = self.image2feature([smooth * (1 - hole), hole], training=False)
        margin = [photo.shape[1] // 4] * 2
        coarse = tf.pad(tf.cast(coarse, tf.float32), [[0, 0], margin, margin, [0, 0]])
        return tf.where(hole > 0, coarse, smooth)

    def _refine(self, picture, photo, mask, matches, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Encoder, patch-swap, Feature2Image: the picture at a scale, and its matches."""
        _, swapped, chosen = self.swap(picture, mask, matches, index)
        return self.draw(swapped, picture, photo, mask, index), chosen

    def swap(self, picture, mask, matches, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """`swap_features` at a scale: F1, F1' and the matches."""
        if self.options.trust >= 1 and self.scales[index] <= EXACT:
            matches = None
        return swap_features(
            self._encode, picture, mask, self.options, index, matches, self.backend
        )

    def draw(self, swapped, picture, photo, mask, index: int) -> tf.Tensor:
        """I, what Feature2Image makes of F1', in the tone of the photo: (1, s, s, 3)."""
        side = photo.shape[1]
        stride = side // swapped.shape[1]
        # Of a large window only the hole and its ring are needed.
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


def level(crop: tf.Tensor, scale: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Photo in [-1, 1] and mask of a window (S, S, 5) at a scale: (1, s, s, 3), (1, s, s, 1)."""
    photo, mask = at_scale(crop, scale)
    return photo[None] / 127.5 - 1.0, mask[None]


def network_at(feature2image: keras.Model | Mapping[int, keras.Model], scale: int) -> keras.Model:
    """The network of a scale: of those by scale, that of the largest key not above it.

    Raises:
        InputError: Every key is larger.
    """
    if not isinstance(feature2image, Mapping):
        return feature2image
    keys = [key for key in feature2image if key <= scale]
    if not keys:
        raise InputError(f"feature2image: none for scale {scale}, only from {min(feature2image)}")
    return feature2image[max(keys)]
