"""Photos as one array: 144 px on the short side, packed into small files for a machine far away."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo
from train.photos import list_photos

SHORT, LONG = 144, 216
_SHARD = 30_000_000  # bytes
_ENLARGED = 2 * SHORT  # photos with a longer short side give a part, too


@dataclass(frozen=True)
class Photos:
    """Photos of one size, lying: those that stood have been transposed.

    Attributes:
        pixels: uint8 (N, 144, 216, 3), to the right of its width any values.
        widths: int32 (N,), 144 to 216.
        stood: bool (N,), whether the photo was higher than wide.
    """

    pixels: np.ndarray
    widths: np.ndarray
    stood: np.ndarray

    def __len__(self) -> int:
        return len(self.widths)


def load(folders: Sequence[str | Path]) -> Photos:
    """The photos of a folder that `pack` wrote, or of folders of photos.

    Raises:
        InputError: There are no photos, or a shard is damaged.
    """
    shards = sorted(Path(folders[0]).glob("photos-*.npz")) if len(folders) == 1 else []
    if shards:
        files = [one for shard in shards for one in _read_shard(shard)]
        with ThreadPoolExecutor() as pool:
            return _stacked(list(pool.map(_decoded, files)))
    return _stacked([one for group in _prepared(list_photos(*folders)) for one in group])


def pack(folders: Sequence[str | Path], out: Path, quality: int) -> tuple[int, int]:
    """Packs the photos of some folders into shards of at most 30 MB, as WebP.

    Args:
        folders: Folders of photos. Photos that cannot be read are left out, and named.
        out: Folder of the shards `photos-000.npz`, ....
        quality: Of WebP, 1 to 100. 20,000 photos take 45 MB at 30 and 125 MB at 80.

    Returns:
        How many pictures were packed, and how many bytes they take.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("photos-*.npz"):
        old.unlink()
    shard: list[tuple[bytes, bool]] = []
    written, size, count, total = 0, 0, 0, 0
    for group in _prepared(list_photos(*folders)):
        for pixels, stood in group:
            buffer = BytesIO()
            Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=4)
            if size + buffer.tell() > _SHARD:
                _write_shard(out, written, shard)
                written, size, shard = written + 1, 0, []
            shard.append((buffer.getvalue(), stood))
            count, size, total = count + 1, size + buffer.tell(), total + buffer.tell()
    _write_shard(out, written, shard)
    return count, total


def _write_shard(out: Path, number: int, shard: Sequence[tuple[bytes, bool]]) -> None:
    np.savez(
        out / f"photos-{number:03d}.npz",
        data=np.frombuffer(b"".join(data for data, _ in shard), np.uint8),
        ends=np.cumsum([len(data) for data, _ in shard]),
        stood=np.array([stood for _, stood in shard]),
    )


def _read_shard(path: Path) -> Iterator[tuple[bytes, bool]]:
    try:
        with np.load(path) as shard:
            data, ends, stood = shard["data"].tobytes(), shard["ends"], shard["stood"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no shard of photos, or damaged; pack it again") from error
    for start, end, one in zip([0, *ends[:-1]], ends, stood, strict=True):
        yield data[start:end], bool(one)


def _decoded(file: tuple[bytes, bool]) -> tuple[np.ndarray, bool]:
    with Image.open(BytesIO(file[0])) as picture:
        return np.asarray(picture.convert("RGB")), file[1]


def _stacked(photos: Sequence[tuple[np.ndarray, bool]]) -> Photos:
    if not photos:
        raise InputError("none of the photos can be read")
    pixels = np.zeros((len(photos), SHORT, LONG, 3), np.uint8)
    for place, (photo, _) in zip(pixels, photos, strict=True):
        place[:, : photo.shape[1]] = photo
    widths = np.array([photo.shape[1] for photo, _ in photos], np.int32)
    return Photos(pixels, widths, np.array([stood for _, stood in photos]))


def _prepared(photos: Sequence[str]) -> Iterator[list[tuple[np.ndarray, bool]]]:
    with ThreadPoolExecutor() as pool:
        yield from pool.map(_shrunk, photos)


def _shrunk(path: str) -> list[tuple[np.ndarray, bool]]:
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


def _lying(photo: Image.Image) -> tuple[np.ndarray, bool]:
    stood = photo.height > photo.width
    if stood:
        photo = photo.transpose(Image.Transpose.TRANSPOSE)
    width = min(round(photo.width * SHORT / photo.height), LONG)
    reach = min(photo.height * width / SHORT, photo.width)  # of the width, in the middle
    left = (photo.width - reach) / 2
    box = left, 0, left + reach, photo.height
    shrunk = photo.resize((width, SHORT), Image.Resampling.LANCZOS, box)
    return np.asarray(shrunk), stood
