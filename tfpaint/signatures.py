"""The signatures of the SavedModel: the Inpainter's graph behind checks that name the remedy.

A request that cannot be served fails with INVALID_ARGUMENT and a sentence. EXIF is not read here:
clients rotate their photos first. An alpha channel is dropped.
"""

from collections.abc import Callable

import tensorflow as tf

from tfpaint import style_transfer, window
from tfpaint.inpainter import Inpainter
from tfpaint.masks import CUT, SMALLEST_PHOTO
from tfpaint.tiles import TILE

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG = b"\xff\xd8\xff"


def signatures(inpainter: Inpainter, max_pixels: int) -> dict[str, tf.types.experimental.Callable]:
    """The functions to save, by the name of their signature.

    serving_default: `image` uint8 (B, H, W, 3) RGB and `mask` uint8 (B, H, W, 1), more than 127 =
        missing, to `image` uint8 (B, H, W, 3). Any H and W; each item has its own mask.
    bytes: `image_bytes` and `mask_bytes`, strings (B,), PNG or JPEG files whose sizes may differ
        from item to item, to `image_bytes`, PNG files (B,).
    features: one square window, `image` uint8 (1, S, S, 3) and `mask` uint8 (1, S, S, 1), S one of
        the inpainter's scales up to 512, the hole in its centre half, to `features` and `swapped`,
        float32 (1, S / stride, S / stride, C): before and after the patch-swap at side S.
    stylize: `content` uint8 (1, H, W, 3), `style` uint8 (1, h, w, 3), sides from 16 to 768 pixels,
        and `strength` float32 (1,) from 0 to 1, to `image` uint8 (1, H, W, 3): the content in the
        manner of the style. Not of presets whose Feature2Image has a fixed size.

    Args:
        inpainter: Of float32 networks.
        max_pixels: Photos with more are refused, files before they are decoded.
    """
    images = [
        tf.TensorSpec([None, None, None, 3], tf.uint8, "image"),
        tf.TensorSpec([None, None, None, 1], tf.uint8, "mask"),
    ]
    files = [
        tf.TensorSpec([None], tf.string, "image_bytes"),
        tf.TensorSpec([None], tf.string, "mask_bytes"),
    ]
    square = [
        tf.TensorSpec([1, None, None, 3], tf.uint8, "image"),
        tf.TensorSpec([1, None, None, 1], tf.uint8, "mask"),
    ]

    def fill(index, image, mask):
        image, mask = _checked(index, image, mask, max_pixels)
        return inpainter.inpaint(image, mask[..., 0] > CUT)

    def serving_default(image, mask):
        return {"image": _each(fill, image, mask, tf.TensorSpec([None, None, 3], tf.uint8))}

    def fill_file(index, image, mask):
        image = _decoded(index, "photo", image, 3, max_pixels)
        mask = _as_mask(_decoded(index, "mask", mask, 0, max_pixels))
        return tf.io.encode_png(fill(index, image, mask))

    def from_bytes(image_bytes, mask_bytes):
        filled = _each(fill_file, image_bytes, mask_bytes, tf.TensorSpec([], tf.string))
        return {"image_bytes": filled}

    def features(image, mask):
        image, mask = _checked(0, image[0], mask[0], max_pixels)
        side, scales = tf.shape(image)[0], window.sides(inpainter)
        which = tf.equal(side, scales)
        right = tf.reduce_any(which) & (tf.shape(image)[1] == side)
        listed = ", ".join(map(str, scales))
        sentence = f"the window has to be square and of side {listed}: cut and resize it"
        with tf.control_dependencies([tf.debugging.Assert(right, [sentence])]):
            place = tf.argmax(which, output_type=tf.int32)
        before, after = tf.switch_case(
            place, [_features_at(inpainter, image, mask, scale) for scale in scales]
        )
        return {"features": before, "swapped": after}

    pictures = [
        tf.TensorSpec([1, None, None, 3], tf.uint8, "content"),
        tf.TensorSpec([1, None, None, 3], tf.uint8, "style"),
        tf.TensorSpec([1], tf.float32, "strength"),
    ]

    def stylize(content, style, strength):
        checks = [
            _require_style_size(name, one) for name, one in (("content", content), ("style", style))
        ]
        right = (strength[0] >= 0) & (strength[0] <= 1)
        checks.append(_require(right, "strength is {}: send a number from 0 to 1", strength[0]))
        with tf.control_dependencies(checks):
            content, style = tf.identity(content[0]), tf.identity(style[0])
        picture = style_transfer.restyle(inpainter, content, style, strength[0])
        return {"image": style_transfer.to_uint8(picture)[None]}

    found = {
        "serving_default": tf.function(serving_default, images, autograph=False),
        "bytes": tf.function(from_bytes, files, autograph=False),
        "features": tf.function(features, square, autograph=False),
    }
    if style_transfer.can_stylize(inpainter):
        found["stylize"] = tf.function(stylize, pictures, autograph=False)
    return found


def _require_style_size(name: str, picture: tf.Tensor) -> tf.Operation:
    height, width = tf.unstack(tf.shape(picture)[1:3])
    return _require(
        (tf.minimum(height, width) >= SMALLEST_PHOTO) & (tf.maximum(height, width) <= TILE),
        f"the {name} is {{}}x{{}} pixels: sides have to be from {SMALLEST_PHOTO} to {TILE}",
        *(width, height),
    )


def _features_at(inpainter, image, mask, scale: int) -> Callable:
    def features():
        # What it is already, but of static shape. Sessions run `tf.ensure_shape` before they choose
        # the branch, and fail in the others.
        places = tf.minimum(tf.range(scale), tf.shape(image)[0] - 1)
        photo, missing = (
            tf.gather(tf.gather(one, places), places, axis=1)[None] for one in (image, mask > CUT)
        )
        return window.swap(inpainter, photo, missing)

    return features


def _each(function: Callable, images, masks, spec: tf.TensorSpec) -> tf.Tensor:
    """`function(index, image, mask)` of every item of a batch, one after the other."""
    count, others = tf.shape(images)[0], tf.shape(masks)[0]
    checks = [
        _require(count == others, "{} photos, but {} masks: send one mask a photo", count, others),
        _require(count > 0, "the batch is empty: send at least one photo"),
    ]
    with tf.control_dependencies(checks):
        indices = tf.range(count)
    return tf.map_fn(
        lambda item: function(*item),
        (indices, images, masks),
        fn_output_signature=spec,
        parallel_iterations=1,  # one photo in memory; each operation uses every core
    )


def _checked(index, image, mask, max_pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """uint8 (H, W, 3) and (H, W, 1), once they are known to be a photo and a mask of it."""
    (height, width, _), (mask_height, mask_width, _) = map(
        tf.unstack, (tf.shape(image), tf.shape(mask))
    )
    checks = [
        _require(
            (height == mask_height) & (width == mask_width),
            "item {}: the mask is {}x{} pixels, but the photo {}x{}: make them one size",
            *(index, mask_width, mask_height, width, height),
        ),
        _require(
            tf.minimum(height, width) >= SMALLEST_PHOTO,
            f"item {{}}: the photo is {{}}x{{}} pixels: it needs at least {SMALLEST_PHOTO} a side",
            *(index, width, height),
        ),
        _small_enough(index, "photo", height, width, max_pixels),
        _require(
            tf.reduce_any(mask <= CUT),
            "item {}: the mask covers the whole photo: leave some pixels known (127 or less)",
            index,
        ),
        _require(
            tf.reduce_max(mask) != 1,
            "item {}: the mask holds only 0 and 1: send 255 where the photo is missing",
            index,
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(image), tf.identity(mask)


def _decoded(index, what: str, file: tf.Tensor, channels: int, max_pixels: int) -> tf.Tensor:
    """A PNG or JPEG file as uint8 (H, W, channels), refused from its header if it is too large."""
    head = tf.strings.substr(tf.strings.substr(file, 0, 24) + 24 * b"\0", 0, 24)
    is_png = tf.strings.substr(head, 0, len(_PNG)) == _PNG
    is_jpeg = tf.strings.substr(head, 0, len(_JPEG)) == _JPEG
    known = _require(
        is_png | is_jpeg, f"item {{}}: the {what} is neither PNG nor JPEG: convert it", index
    )
    damaged = f"the_{what}_is_damaged__send_a_whole_PNG_or_JPEG_file"  # stands in the error
    sides = tf.io.decode_raw(tf.strings.substr(head, len(_PNG), 8), tf.int32, little_endian=False)
    width, height = tf.cond(
        is_jpeg,
        lambda: tf.unstack(tf.image.extract_jpeg_shape(file, name=damaged)[1::-1]),
        lambda: tf.unstack(sides, 2),
    )
    with tf.control_dependencies([known]):
        small = _small_enough(index, what, height, width, max_pixels)
    with tf.control_dependencies([small]):
        # The operation decodes PNG too.
        return tf.io.decode_jpeg(file, channels, dct_method="INTEGER_ACCURATE", name=damaged)


def _as_mask(picture: tf.Tensor) -> tf.Tensor:
    """The strength of strokes of any colour, (H, W, 1): as `tfpaint.masks.read_mask` sees them."""
    transparent = tf.shape(picture)[-1] % 2 == 0  # grey or RGB with alpha
    return tf.cond(
        transparent,
        lambda: _opaque(tf.reduce_max(picture[..., :-1], -1, True), picture[..., -1:]),
        lambda: tf.reduce_max(picture, -1, True),
    )


def _opaque(brightness: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    shown = tf.cast(brightness, tf.int32) * tf.cast(alpha, tf.int32) // 255
    return tf.cast(shown, tf.uint8)


def _small_enough(index, what: str, height, width, max_pixels: int) -> tf.Operation:
    # A header may hold any 32 bits: a side of more than 2^31 looks negative.
    pixels = tf.abs(tf.cast(height, tf.int64) * tf.cast(width, tf.int64))
    return _require(
        pixels <= max_pixels,
        f"item {{}}: the {what} is {{}}x{{}} pixels, more than {max_pixels} in all: shrink it",
        *(index, width, height),
    )


def _require(condition: tf.Tensor, sentence: str, *values) -> tf.Operation:
    return tf.debugging.Assert(condition, [tf.strings.format(sentence, values)])
