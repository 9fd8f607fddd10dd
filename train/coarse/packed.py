"""Photos as one array: 144 px on the short side, packed into small files for a machine far away."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from train.photos import list_photos

SHORT, LONG = 144, 216
_SHARD = 30_000_000  # bytes
_HEADERS, _ENTRY = 2000, 9  # bytes in a shard beside the pictures: once, and for each picture
_ENLARGED = 2 * SHORT  # photos with a longer short side give a part, too


@dataclass(frozen=True)
class Photos:
    """Photos of one size, lying: those that stood have been transposed.

    Attributes:
        pixels: uint8 (N, 144, 216, 3); beyond a photo's width its last column is repeated.
        widths: int32 (N,), 144 to 216.
        stood: bool (N,), whether the photo was higher than wide.
    """

    pixels: np.ndarray
    widths: np.ndarray
    stood: np.ndarray

    def __len__(self) -> int:
        return len(self.widths)


class _Lying(NamedTuple):
    """A picture, and whether it stood: uint8 (144, 144 to 216, 3), or that as the bytes of WebP."""

    picture: Any
    stood: bool


def load(folders: Sequence[str | Path]) -> Photos:
    """The photos of a folder that `pack` wrote, or of folders of photos.

    Args:
        folders: A folder of shards, or any number of folders of photos. Photos that cannot be read
            are left out, and named.

    Raises:
        InputError: A folder is missing, no photo can be read, or a shard is damaged.
    """
    shards = sorted(Path(folders[0]).glob("photos-*.npz")) if len(folders) == 1 else []
    if shards:
        packed = [(path, one) for path in shards for one in _read_shard(path)]
        return _stacked(_each(_decoded, packed), len(packed))
    photos = list_photos(*folders)
    return _stacked(chain.from_iterable(_each(_shrunk, photos)), 2 * len(photos))


def pack(folders: Sequence[str | Path], out: Path, quality: int) -> tuple[int, int]:
    """Packs the photos of some folders into shards of at most 30 MB, as WebP.

    The shards that are already in the folder are replaced once all new ones have been written.

    Args:
        folders: Folders of photos. Photos that cannot be read are left out, and named.
        out: Folder of the shards `photos-000.npz`, ....
        quality: Of WebP, 1 to 100. 20,000 photos take 45 MB at 30 and 125 MB at 80.

    Returns:
        How many pictures were packed, and how many bytes the shards take.

    Raises:
        InputError: The quality is above 100, a folder is missing, or no photo can be read.
    """
    if not 1 <= quality <= 100:
        raise InputError(f"--quality {quality}: give from 1 to 100")
    photos = list_photos(*folders)
    out.mkdir(parents=True, exist_ok=True)
    pictures = chain.from_iterable(_each(partial(_compressed, quality=quality), photos))
    count = 0
    parts: list[Path] = []
    for shard in _shards(pictures):
        parts.append(_write_shard(out / f"part-{len(parts):03d}.npz", shard))
        count += len(shard)
    if not count:
        raise InputError("none of the photos can be read")
    for old in out.glob("photos-*.npz"):
        old.unlink()
    whole = [part.rename(out / f"photos-{i:03d}.npz") for i, part in enumerate(parts)]
    return count, sum(shard.stat().st_size for shard in whole)


def _shards(pictures: Iterable[_Lying]) -> Iterator[list[_Lying]]:
    """Compressed pictures in groups, each small enough for a shard."""
    shard: list[_Lying] = []
    size = _HEADERS
    for one in pictures:
        if shard and size + len(one.picture) + _ENTRY > _SHARD:
            yield shard
            shard, size = [], _HEADERS
        shard.append(one)
        size += len(one.picture) + _ENTRY
    if shard:
        yield shard


def _write_shard(path: Path, shard: Sequence[_Lying]) -> Path:
    np.savez(
        path,
        data=np.frombuffer(b"".join(one.picture for one in shard), np.uint8),
        ends=np.cumsum([len(one.picture) for one in shard]),
        stood=np.array([one.stood for one in shard]),
    )
    return path


def _read_shard(path: Path) -> list[_Lying]:
    try:
        with np.load(path) as shard:
            data, ends, stood = shard["data"].tobytes(), shard["ends"], shard["stood"]
        places = zip([0, *ends[:-1]], ends, stood, strict=True)
        return [_Lying(data[start:end], bool(one)) for start, end, one in places]
    except Exception as error:  # numpy and zipfile raise a dozen types on a damaged file
        raise _damaged(path) from error


def _decoded(packed: tuple[Path, _Lying]) -> _Lying:
    path, one = packed
    try:
        with Image.open(BytesIO(one.picture)) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if len(pixels) != SHORT or not SHORT <= pixels.shape[1] <= LONG:
        raise _damaged(path)
    return _Lying(pixels, one.stood)


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: no shard of photos, or damaged; pack the photos again")


def _stacked(photos: Iterable[_Lying], most: int) -> Photos:
    """At most so many photos as one array, whose memory is taken as it is written to."""
    pixels = np.zeros((most, SHORT, LONG, 3), np.uint8)
    widths, stood = [], []
    for place, (photo, one) in zip(pixels, photos, strict=False):
        place[:, : photo.shape[1]] = photo
        place[:, photo.shape[1] :] = photo[:, -1:]
        widths.append(photo.shape[1])
        stood.append(one)
    if not widths:
        raise InputError("none of the photos can be read")
    return Photos(pixels[: len(widths)], np.array(widths, np.int32), np.array(stood))


def _each(function: Callable, items: Sequence) -> Iterator[Any]:
    """What a function gives for each item, in their order, computed on all cores."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(function, items)


def _compressed(path: str, quality: int) -> list[_Lying]:
    """What `_shrunk` gives, as WebP."""
    found = []
    for pixels, stood in _shrunk(path):
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=4)
        found.append(_Lying(buffer.getvalue(), stood))
    return found


def _shrunk(path: str) -> list[_Lying]:
    """A photo shrunk to 144 px, and if it is large also its middle half; none if it is no photo."""
    try:
        photo = Image.fromarray(read_photo(path).pixels)
    except (InputError, OSError) as error:
        print(f"left out: {error}")
        return []
    found = [_lying(photo)]
    if min(photo.size) >= _ENLARGED:
        width, height = photo.size
        box = width // 4, height // 4, width - width // 4, height - height // 4
        found.append(_lying(photo.crop(box)))
    return found


def _lying(photo: Image.Image) -> _Lying:
    stood = photo.height > photo.width
    if stood:
        photo = photo.transpose(Image.Transpose.TRANSPOSE)
    width = min(round(photo.width * SHORT / photo.height), LONG)
    reach = min(photo.height * width / SHORT, photo.width)  # of the width, in the middle
    left = (photo.width - reach) / 2
    box = left, 0, left + reach, photo.height
    shrunk = photo.resize((width, SHORT), Image.Resampling.LANCZOS, box)
    return _Lying(np.asarray(shrunk), stood)
