"""Checks inside the graph: an invalid request fails with a sentence that says what to do."""

import tensorflow as tf

from tfpaint.filling.wrap import MEETING
from tfpaint.pictures.mask_files import MAX_GROWTH
from tfpaint.pictures.masks import CUT, SMALLEST_PHOTO

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG = b"\xff\xd8\xff"


def checked(index, image, mask, max_pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Checks that an image and a mask are a photo that can be filled and its mask.

    Args:
        index: The item's place in the batch, for the messages.
        image: uint8 (H, W, 3).
        mask: uint8 (H, W, 1), more than 127 = missing.
        max_pixels: The largest number of pixels allowed.

    Returns:
        Both unchanged, once the checks have passed.
    """
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
            tf.reduce_any(mask > CUT),
            "item {}: the mask selects nothing, its largest value is {} of 255 (what is transparent"
            " counts as 0): send 255 where the photo is missing",
            *(index, tf.reduce_max(mask)),
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(image), tf.identity(mask)


def decoded(index, what: str, file: tf.Tensor, channels: int, max_pixels: int) -> tf.Tensor:
    """Decodes a PNG or JPEG file. One that is too large is refused by its header, before decoding.

    Args:
        index: The item's place in the batch, for the messages.
        what: "photo" or "mask", for the messages.
        file: The file's bytes, a string scalar.
        channels: Channels of the result: 3, or 0 for as many as the file has.
        max_pixels: The largest number of pixels allowed.

    Returns:
        uint8 (H, W, channels).
    """
    head = tf.strings.substr(tf.strings.substr(file, 0, 24) + 24 * b"\0", 0, 24)
    is_png = tf.strings.substr(head, 0, len(_PNG)) == _PNG
    is_jpeg = tf.strings.substr(head, 0, len(_JPEG)) == _JPEG
    known = require(
        is_png | is_jpeg, f"item {{}}: the {what} is neither PNG nor JPEG: convert it", index
    )
    damaged = f"the_{what}_is_damaged__send_a_whole_PNG_or_JPEG_file"  # a name, shown in errors
    sides = tf.io.decode_raw(tf.strings.substr(head, len(_PNG), 8), tf.int32, little_endian=False)
    width, height = tf.cond(
        is_jpeg,
        lambda: tf.unstack(tf.image.extract_jpeg_shape(file, name=damaged)[1::-1]),
        lambda: tf.unstack(sides, 2),
    )
    with tf.control_dependencies([known]):
        small = _small_enough(index, what, height, width, max_pixels)
    with tf.control_dependencies([small]):
        # This operation decodes PNG too.
        return tf.io.decode_jpeg(file, channels, dct_method="INTEGER_ACCURATE", name=damaged)


def options(index, seed, growth, wrap, seeds: bool) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Checks the options of one fill.

    Args:
        index: The item's place in the batch, for the messages.
        seed: int32 ().
        growth: int32 (), pixels by which the mask is widened.
        wrap: string (), which edges meet.
        seeds: Whether the model has other fills than that of seed 0.

    Returns:
        `seed`, `growth`, and whether top and bottom, and left and right, meet, bool (2,).
    """
    which = tf.equal(wrap, list(MEETING))
    most = 2**31 - 1 if seeds else 0
    conditions = [
        require(
            (seed >= 0) & (seed <= most),
            "item {}: the seed is {}: send "
            + (f"a number from 0 to {most}" if seeds else "0, this model has one fill only"),
            *(index, seed),
        ),
        require(
            (growth >= 0) & (growth <= MAX_GROWTH),
            f"item {{}}: grow_mask is {{}}: send a number from 0 to {MAX_GROWTH}",
            *(index, growth),
        ),
        require(
            tf.reduce_any(which),
            f"item {{}}: wrap is {{}}: send one of {', '.join(MEETING)}",
            *(index, wrap),
        ),
    ]
    with tf.control_dependencies(conditions):
        meeting = tf.gather(list(MEETING.values()), tf.argmax(which))
        return tf.identity(seed), tf.identity(growth), meeting


def as_mask(picture: tf.Tensor) -> tf.Tensor:
    """The brightness of a mask of any colour, uint8 (H, W, 1), times its alpha if it has any.

    The result is as in `tfpaint.pictures.masks.read_mask`.
    """
    transparent = tf.shape(picture)[-1] % 2 == 0  # grey or RGB, with alpha
    return tf.cond(
        transparent,
        lambda: _opaque(tf.reduce_max(picture[..., :-1], -1, True), picture[..., -1:]),
        lambda: tf.reduce_max(picture, -1, True),
    )


def _opaque(brightness: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    shown = tf.cast(brightness, tf.int32) * tf.cast(alpha, tf.int32) // 255
    return tf.cast(shown, tf.uint8)


def _small_enough(index, what: str, height, width, max_pixels: int) -> tf.Operation:
    # A header may hold any 32 bits, and a side of 2^31 or more reads as negative.
    pixels = tf.abs(tf.cast(height, tf.int64) * tf.cast(width, tf.int64))
    return require(
        pixels <= max_pixels,
        f"item {{}}: the {what} is {{}}x{{}} pixels, more than {max_pixels} in all: shrink it",
        *(index, width, height),
    )


def require(condition: tf.Tensor, sentence: str, *values) -> tf.Operation:
    """An assertion that fails with a sentence, whose `{}` are replaced by the values."""
    return tf.debugging.Assert(condition, [tf.strings.format(sentence, values)])
