"""Data sets of many photos: TFRecord shards, so that each worker need read only its own."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tensorflow as tf

from tfpaint.errors import InputError
from train.data import ALONE, Among

MANIFEST = "shards.json"
_BLOCK = 1024  # encoded photos that are shuffled together


@dataclass(frozen=True)
class Shards:
    """TFRecord files of encoded photos.

    Attributes:
        files: The number of photos in each file, by its path.
    """

    files: dict[str, int]

    @classmethod
    def load(cls, folder: str | Path) -> "Shards":
        """Reads the manifest of a folder that `write_shards` wrote.

        Raises:
            InputError: The manifest is damaged, or a shard that it names is missing.
        """
        path = Path(folder) / MANIFEST
        try:
            names = json.loads(path.read_text())["photos"]
            files = {str(path.parent / name): int(count) for name, count in names.items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise InputError(f"{path}: not a manifest of photo shards ({error})") from error
        for file in files:
            if not Path(file).exists():
                raise InputError(f"{path}: names {Path(file).name}, which is missing")
        return cls(files)

    def stream(self, start: int, seed: int, among: Among = ALONE) -> tf.data.Dataset:
        """One worker's photos, endlessly, from its photo number `start` on.

        An epoch has each of the worker's photos once, in an order that depends on (seed, epoch)
        alone.

        Args:
            start: How many photos this worker has already had.
            seed: Of the orders.
            among: The worker; it reads every `among.workers`-th shard.

        Returns:
            Dataset of scalar strings, the content of picture files.

        Raises:
            InputError: There are more workers than shards.
        """
        files = sorted(self.files)[among.worker :: among.workers]
        count = sum(self.files[file] for file in files)
        if not count:
            raise InputError(f"{among.workers} workers need as many shards with photos at least")

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            shuffle = partial(
                tf.random.experimental.stateless_shuffle,
                seed=tf.stack([tf.cast(number, tf.int32), seed]),
            )
            photos = tf.data.Dataset.from_tensor_slices(shuffle(tf.constant(files))).interleave(
                tf.data.TFRecordDataset, cycle_length=8
            )
            return photos.batch(_BLOCK).map(shuffle).unbatch()

        first = start // count
        epochs = tf.data.Dataset.range(first, 2**31 // count).flat_map(epoch)
        return epochs.skip(start - first * count)


def write_shards(
    photos: Sequence[str],
    folder: str | Path,
    shards: int,
    convert: Callable[[str], bytes | None],
) -> int:
    """Distributes photos over shards in turn, and writes the manifest.

    Args:
        photos: Picture files.
        folder: Made if missing.
        shards: Number of files.
        convert: From a photo's path to what is stored, the content of a picture file; or to None,
            which leaves the photo out.

    Returns:
        The number of photos written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"photos-{i:05d}-of-{shards:05d}.tfrecord" for i in range(shards)]
    parts = [folder / f"{name}.part" for name in names]
    counts = []
    try:
        for number, part in enumerate(parts):
            counts.append(0)
            with tf.io.TFRecordWriter(str(part)) as writer:
                for data in map(convert, photos[number::shards]):
                    if data is not None:
                        writer.write(data)
                        counts[-1] += 1
        for part, name in zip(parts, names, strict=True):
            part.rename(folder / name)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    manifest = json.dumps({"photos": dict(zip(names, counts, strict=True))}, indent=1)
    (folder / MANIFEST).write_text(manifest + "\n")
    return sum(counts)
