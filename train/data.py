"""Training batches of photos and holes from folders of photos.

All random choices are made by stateless operations from (seed, number of the item). So a pipeline
that begins at step n gives exactly what an uninterrupted one gives from step n on.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from tfpaint.pictures.masks import square_hole


@dataclass(frozen=True)
class Among:
    """One worker's place among those that share each batch.

    Attributes:
        worker: This worker's number, from 0.
        workers: How many workers there are.
        replicas: How many devices compute, on all workers together.
    """

    worker: int = 0
    workers: int = 1
    replicas: int = 1


ALONE = Among()


class PhotoStream(Protocol):
    """Encoded photos in a random order, such as `records.Shards`."""

    def stream(self, start: int, seed: int, among: Among) -> tf.data.Dataset:
        """One worker's photos, endlessly, as scalar strings, from its photo number `start` on."""


def read(path: tf.Tensor) -> tf.Tensor:
    """The photo at a path, upright, as the inpainter reads it: a scalar to uint8 (H, W, 3)."""
    photo = tf.numpy_function(
        lambda name: read_photo(os.fsdecode(name)).pixels, [path], tf.uint8, stateful=False
    )
    return tf.ensure_shape(photo, (None, None, 3))


def decode(file: tf.Tensor | bytes) -> tf.Tensor:
    """The picture in a file: a scalar string, the file's content, to uint8 (H, W, 3)."""
    return tf.io.decode_image(file, channels=3, expand_animations=False)


def random_square(photo: tf.Tensor, size: int, seed: tf.Tensor) -> tf.Tensor:
    """A random square of a photo, resized, and mirrored half of the time.

    Its side is between `size` and the photo's short side, log-uniformly distributed.

    Args:
        photo: uint8 (H, W, 3).
        size: Side of the result in pixels.
        seed: int32 (2,).

    Returns:
        uint8 (size, size, 3).
    """
    height, width = tf.shape(photo)[0], tf.shape(photo)[1]
    short = tf.cast(tf.minimum(height, width), tf.float32)
    u = tf.random.stateless_uniform((4,), seed)
    side = tf.cast(short * tf.minimum(1.0, size / short) ** u[0], tf.int32)
    top = tf.cast(u[1] * tf.cast(height - side + 1, tf.float32), tf.int32)
    left = tf.cast(u[2] * tf.cast(width - side + 1, tf.float32), tf.int32)
    square = photo[top : top + side, left : left + side]
    square = tf.cond(u[3] < 0.5, lambda: square[:, ::-1], lambda: square)
    return whole(square, size)


def centre_square(photo: tf.Tensor, size: int) -> tf.Tensor:
    """The largest centre square of a photo, resized: uint8 (H, W, 3) to (size, size, 3)."""
    height, width = tf.shape(photo)[0], tf.shape(photo)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return whole(photo[top : top + side, left : left + side], size)


def whole(photo: tf.Tensor, size: int) -> tf.Tensor:
    """A whole photo resized, whatever its aspect: uint8 (H, W, 3) to (size, size, 3)."""
    resized = tf.image.resize(photo, (size, size), antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)


def centre_hole(size: int, share: float = 0.5) -> tf.Tensor:
    """The paper's hole, a centre square.

    Args:
        size: Side of the photo in pixels.
        share: Side of the hole over that of the photo.

    Returns:
        bool (size, size, 1), True = missing.
    """
    return tf.constant(square_hole(size, round(size * share / 2) * 2)[..., None])


def irregular_hole(size: int, seed: tf.Tensor, strokes: int = 6) -> tf.Tensor:
    """Random brush strokes, clipped to the centre half, where G1 predicts.

    Args:
        size: Side of the photo in pixels.
        seed: int32 (2,).
        strokes: The hole is the union of one to so many thick line segments.

    Returns:
        bool (size, size, 1), True = missing.
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


def random_hole(size: int, seed: tf.Tensor, irregular: float, shares: Sequence[float]) -> tf.Tensor:
    """An irregular hole or a centre square.

    Args:
        size: Side of the photo in pixels.
        seed: int32 (2,).
        irregular: Probability of an irregular hole.
        shares: Sides of the squares over that of the photo; all are equally likely.

    Returns:
        bool (size, size, 1), True = missing.
    """
    u = tf.random.stateless_uniform((2,), seed)
    squares = tf.stack([centre_hole(size, share) for share in shares])
    square = squares[tf.cast(u[1] * len(shares), tf.int32)]
    return tf.cond(u[0] < irregular, lambda: irregular_hole(size, seed + 1), lambda: square)


def training_batches(
    photos: list[str] | PhotoStream,
    size: int,
    batch: int,
    start: int = 0,
    seed: int = 0,
    irregular: float = 0.0,
    shares: Sequence[float] = (7 / 16,),
    crops: bool = False,
    among: Among = ALONE,
) -> tf.data.Dataset:
    """Endless batches for training, from step `start` on.

    Args:
        photos: Picture files, or `records.Shards`.
        size: Side S of the squares in pixels.
        batch: Photos in a step, on all workers together.
        start: The step to begin with; the batch of a step depends on (seed, step) alone.
        seed: Of all random choices.
        irregular, shares: As for `random_hole`.
        crops: Take random squares of the photos, mirrored half of the time, instead of the whole
            photos, resized as in the paper.
        among: Whose part of each step to give, divided into a batch for each of its replicas.

    Returns:
        Dataset of (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True = missing), B being
        `batch` over the number of replicas.
    """

    def item(number: tf.Tensor, file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        item_seed = tf.stack([tf.cast(number, tf.int32), seed + 7])
        photo = read(file) if isinstance(photos, list) else decode(file)
        square = random_square(photo, size, item_seed) if crops else whole(photo, size)
        return square, random_hole(size, item_seed + 13, irregular, shares)

    part = batch // among.workers
    first = among.worker * part
    numbers = tf.data.Dataset.range(start, (2**31 - 1) // batch - 1).flat_map(
        lambda step: tf.data.Dataset.range(step * batch + first, step * batch + first + part)
    )
    if isinstance(photos, list):
        paths, count = tf.constant([os.fsencode(photo) for photo in photos]), len(photos)
        files = numbers.map(lambda number: paths[_place(number, count, seed)])
    else:
        files = photos.stream(start * part, seed, among)
    items = tf.data.Dataset.zip(numbers, files).map(
        item, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return items.batch(batch // among.replicas, drop_remainder=True).prefetch(4)


def _place(number: tf.Tensor, count: int, seed: int) -> tf.Tensor:
    """Which of `count` photos is item `number`: each once an epoch, in an order of its own."""
    epoch, position = number // count, tf.cast(number % count, tf.int32)
    epoch_seed = tf.stack([tf.cast(epoch, tf.int32), seed])
    return tf.random.experimental.index_shuffle(position, epoch_seed, count - 1)


def validation_batches(
    photos: list[str],
    size: int,
    batch: int,
    irregular: float = 0.0,
    shares: Sequence[float] = (7 / 16,),
    crops: bool = False,
    among: Among = ALONE,
) -> tf.data.Dataset:
    """All photos once, in order, each with the same hole of the kinds to train on every time.

    The last photos are left out if the replicas cannot share all evenly.

    Args:
        photos: Picture files.
        size: Side S of the squares in pixels.
        batch: Photos in a batch, or fewer, so that all batches are equal.
        irregular, shares: As for `random_hole`, for the hole of each photo.
        crops: Take the photos' centre squares instead of the whole photos, resized.
        among: Whose part of the photos to give.

    Returns:
        Dataset of (photo uint8 (B, S, S, 3), hole bool (B, S, S, 1), True = missing).

    Raises:
        InputError: There are fewer photos than replicas.
    """
    each = len(photos) // among.replicas
    if not each:
        raise InputError(f"{among.replicas} replicas need as many validation photos at least")
    paths = [os.fsencode(photo) for photo in photos[: each * among.replicas]]
    batch = max(size for size in range(1, batch + 1) if each % size == 0)

    def item(number: tf.Tensor, path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        square = (centre_square if crops else whole)(read(path), size)
        seed = tf.stack([tf.cast(number, tf.int32), 5])
        return square, random_hole(size, seed, irregular, shares)

    squares = (
        tf.data.Dataset.from_tensor_slices(paths)
        .enumerate()
        .shard(among.workers, among.worker)
        .map(item, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    )
    return squares.batch(batch).prefetch(2)
