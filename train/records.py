"""Photos at scale: folders packed into TFRecord shards, of which each worker reads its own."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tensorflow as tf

from tfpaint.errors import InputError
from train.data import ALONE

MANIFEST = "shards.json"
_BLOCK = 1024  # photos, as files, that are shuffled together


@dataclass(frozen=True)
class Shards:
    """TFRecord files of encoded photos, and how many photos each holds."""

    files: dict[str, int]

    @classmethod
    def load(cls, folder):
        """Reads the manifest of a folder that `write_shards` made.

        Raises:
            InputError: the manifest is damaged, or a shard that it names is missing.
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

    def stream(self, start, seed, among=ALONE):
        """Encoded photos of one worker without end, from its photo number `start` on.

        Every epoch has each of the worker's photos once; its order depends on (seed, epoch) alone.

        Args:
            start: photos that this worker has had before.
            seed: int.
            among: the worker reads every `among.workers`-th shard.

        Returns:
            tf.data.Dataset of scalar strings.

        Raises:
            InputError: there are more workers than shards.
        """
        files = sorted(self.files)[among.worker :: among.workers]
        count = sum(self.files[file] for file in files)
        if not count:
            raise InputError(f"{among.workers} workers need as many shards with photos at least")

        def epoch(number):
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


def write_shards(photos, folder, shards, convert):
    """Deals photos out to shards, in turn.

    Args:
        photos: picture files.
        folder: made if missing.
        shards: number of files.
        convert: from a file's path to its bytes as stored, or None to leave the photo out.

    Returns:
        Number of photos written.
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
