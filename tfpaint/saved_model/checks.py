"""Checks inside the graph: a bad request fails with a sentence that names the remedy."""

import tensorflow as tf

from tfpaint.pictures.masks import CUT, SMALLEST_PHOTO

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG = b"\xff\xd8\xff"


def checked(index, image, mask, max_pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """uint8 (H, W, 3) and (H, W, 1), once they are known to be a photo and a mask of it."""
    (height, width, _), (mask_height, mask_width, _) = map(
        tf.unstack, (tf.shape(image), tf.shape(mask))
    )
    checks = [
        require(
            (height == mask_height) & (width == mask_width),
            "item {}: the mask is {}x{} pixels, but the photo {}x{}: make them one size",
            *(index, mask_width, mask_height, width, height),
        ),
        require(
            tf.minimum(height, width) >= SMALLEST_PHOTO,
            f"item {{}}: the photo is {{}}x{{}} pixels: it needs at least {SMALLEST_PHOTO} a side",
            *(index, width, height),
        ),
        _small_enough(index, "photo", height, width, max_pixels),
        require(
            tf.reduce_any(mask <= CUT),
            "item {}: the mask covers the whole photo: leave some pixels known (127 or less)",
            index,
        ),
        require(
            tf.reduce_max(mask) != 1,
            "item {}: the mask holds only 0 and 1: send 255 where the photo is missing",
            index,
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(image), tf.identity(mask)


def decoded(index, what: str, file: tf.Tensor, channels: int, max_pixels: int) -> tf.Tensor:
    """A PNG or JPEG file as uint8 (H, W, channels), refused from its header if it is too large."""
    head = tf.strings.substr(tf.strings.substr(file, 0, 24) + 24 * b"\0", 0, 24)
    is_png = tf.strings.substr(head, 0, len(_PNG)) == _PNG
    is_jpeg = tf.strings.substr(head, 0, len(_JPEG)) == _JPEG
    known = require(
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


def as_mask(picture: tf.Tensor) -> tf.Tensor:
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
    return require(
        pixels <= max_pixels,
        f"item {{}}: the {what} is {{}}x{{}} pixels, more than {max_pixels} in all: shrink it",
        *(index, width, height),
    )


def require(condition: tf.Tensor, sentence: str, *values) -> tf.Operation:
    return tf.debugging.Assert(condition, [tf.strings.format(sentence, values)])
