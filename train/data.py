"""Folders of photos -> `tf.data` batches of (photo, hole).

Everything random is derived from (seed, number of the item), with stateless operations: a pipeline
that starts at step n gives what an uninterrupted one would give from step n on.
"""

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tfpaint.errors import InputError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif"}


@dataclass(frozen=True)
class Among:
    """Whose part of a batch: worker `worker` of `workers`, with `replicas` in them all."""

    worker: int = 0
    workers: int = 1
    replicas: int = 1


ALONE = Among()


def list_photos(*folders):
    """All picture files below the folders, sorted.

    Raises:
        InputError: a folder is missing or has no picture.
    """
    photos = []
    for folder in map(Path, folders):
        found = sorted(
            str(path)
            for path in folder.rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )
        if not found:
            raise InputError(f"{folder}: no such folder, or no JPEG or PNG photos in it")
        photos += found
    return photos


def decode(file):
    """A picture file's bytes -> uint8 (H, W, 3)."""
    return tf.io.decode_image(file, channels=3, expand_animations=False)


def random_square(photo, size, seed):
    """A random square of a photo, between `size` and the short side, resized and flipped at random.

    Args:
        photo: uint8 (H, W, 3).
        size: side of the result in pixels.
        seed: int32 (2,).

    Returns:
        uint8 (size, size, 3).
    """
    height, width = tf.shape(photo)[0], tf.shape(photo)[1]
    short = tf.cast(tf.minimum(height, width), tf.float32)
    u = tf.random.stateless_uniform((4,), seed)
    side = tf.cast(short * tf.minimum(1.0, size / short) ** u[0], tf.int32)  # log-uniform
    top = tf.cast(u[1] * tf.cast(height - side + 1, tf.float32), tf.int32)
    left = tf.cast(u[2] * tf.cast(width - side + 1, tf.float32), tf.int32)
    square = photo[top : top + side, left : left + side]
    square = tf.cond(u[3] < 0.5, lambda: square[:, ::-1], lambda: square)
    return _resize(square, size)


def centre_square(photo, size):
    """The largest centre square of a photo: uint8 (H, W, 3) -> (size, size, 3)."""
    height, width = tf.shape(photo)[0], tf.shape(photo)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resize(photo[top : top + side, left : left + side], size)


def _resize(square, size):
    resized = tf.image.resize(square, (size, size), antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)


def centre_hole(size, share=0.5):
    """The paper's hole, a centre square: bool (size, size, 1), True = missing."""
    hole = round(size * share / 2) * 2
    before = (size - hole) // 2
    inside = tf.range(size)
    inside = (inside >= before) & (inside < before + hole)
    return (inside[:, None] & inside[None, :])[..., None]


def irregular_hole(size, seed, strokes=6):
    """Random brush strokes and blobs within the centre half: bool (size, size, 1), True = missing.

    Each stroke is a thick segment; the hole is the union of one to `strokes` of them, clipped to
    the centre half, where G1 predicts.
    """
    u = tf.random.stateless_uniform((strokes, 6), seed)
    start = size * (0.25 + 0.5 * u[:, 0:2])
    end = tf.clip_by_value(start + size * 0.4 * (u[:, 2:4] - 0.5), size * 0.25, size * 0.75)
    radius = size * (0.02 + 0.13 * u[:, 4] ** 2)
    count = 1 + tf.cast(u[0, 5] * strokes, tf.int32)
    axis = tf.range(size, dtype=tf.float32) + 0.5
    points = tf.stack(tf.meshgrid(axis, axis, indexing="ij"), -1)[:, :, None]  # (S, S, 1, 2)
    along = end - start
    t = tf.reduce_sum((points - start) * along, -1) / (tf.reduce_sum(along**2, -1) + 1e-6)
    nearest = start + tf.clip_by_value(t, 0.0, 1.0)[..., None] * along  # (S, S, K, 2)
    distance = tf.norm(points - nearest, axis=-1)
    painted = (distance < radius) & (tf.range(strokes) < count)
    return tf.reduce_any(painted, -1, keepdims=True) & centre_hole(size)


def random_hole(size, seed, irregular, shares):
    """A centre square of one of the `shares`, or (in a share `irregular`) an irregular hole."""
    u = tf.random.stateless_uniform((2,), seed)
    squares = tf.stack([centre_hole(size, share) for share in shares])
    square = squares[tf.cast(u[1] * len(shares), tf.int32)]
    return tf.cond(u[0] < irregular, lambda: irregular_hole(size, seed + 1), lambda: square)


def training_batches(
    photos, size, batch, start=0, seed=0, irregular=0.0, shares=(7 / 16,), among=ALONE
):
    """Endless batches for training, from step `start` on.

    Args:
        photos: list of picture files, or `records.Shards`.
        size: side of the squares in pixels.
        batch: items in a batch.
        start: step to begin with; every step's batch depends on (seed, step) alone.
        seed: int.
        irregular: share of irregular holes; the others are centre squares.
        shares: side of the square holes over the photo's; each is as likely.
        among: which part of each batch to give, in equal batches one after the other.

    Returns:
        tf.data.Dataset of (photo uint8 (batch, size, size, 3), hole bool (batch, size, size, 1),
        True = missing).
    """

    def item(number, file):
        item_seed = tf.stack([tf.cast(number, tf.int32), seed + 7])
        square = random_square(decode(file), size, item_seed)
        return square, random_hole(size, item_seed + 13, irregular, shares)

    part = batch // among.workers
    first = among.worker * part
    numbers = tf.data.Dataset.range(start, (2**31 - 1) // batch - 1).flat_map(
        lambda step: tf.data.Dataset.range(step * batch + first, step * batch + first + part)
    )
    if isinstance(photos, list):
        paths = tf.constant(photos)
        places = numbers.map(lambda number: _place(number, len(photos), seed))
        files = places.map(lambda place: tf.io.read_file(paths[place]))
    else:
        files = photos.stream(start * part, seed, among)
    items = tf.data.Dataset.zip(numbers, files).map(
        item, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return items.batch(batch // among.replicas, drop_remainder=True).prefetch(4)


def _place(number, count, seed):
    """Which of `count` photos is item `number`: every epoch has each once, in another order."""
    epoch, position = number // count, tf.cast(number % count, tf.int32)
    epoch_seed = tf.stack([tf.cast(epoch, tf.int32), seed])
    return tf.random.experimental.index_shuffle(position, epoch_seed, count - 1)


def validation_batches(photos, size, batch, share=0.5, among=ALONE):
    """The centre squares of the photos with the centre hole, in order; same items as above.

    All photos, less the last few that cannot be shared out evenly among the replicas.
    """
    hole = centre_hole(size, share)
    each = len(photos) // among.replicas
    photos = photos[: each * among.replicas][among.worker :: among.workers]
    batch = max(size for size in range(1, batch + 1) if each % size == 0)
    squares = tf.data.Dataset.from_tensor_slices(photos).map(
        lambda path: (centre_square(decode(tf.io.read_file(path)), size), hole),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return squares.batch(batch).prefetch(2)
