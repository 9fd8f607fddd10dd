"""`train prepare` and the shards it writes."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from tfpaint.errors import InputError
from train.__main__ import main
from train.data import Among, decode, training_batches
from train.records import Shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Eleven photos, told apart by their mean, in four shards, with one broken file left out."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(11):
        Image.fromarray(np.full((40 + i, 50, 3), 20 * i, np.uint8)).save(folder / f"{i:02}.png")
    Image.open(folder / "00.png").save(folder / "00.png", "WEBP")  # TensorFlow cannot decode it
    (folder / "99.png").write_bytes(b"not a picture")
    assert main(["prepare", str(folder), "--out", str(folder / "out"), "--shards", "4"]) == 0
    return folder / "out"


def seen(batches, count):
    return Counter(
        int(photo.numpy().mean().round()) // 20
        for batch, _ in batches.take(count)
        for photo in batch
    )


def test_prepare_names_what_it_leaves_out(shards, tmp_path, capsys):
    assert sum(Shards.load(shards).files.values()) == 11
    folder = shards.parent
    assert main(["prepare", str(folder), "--out", str(tmp_path), "--side", "32"]) == 0
    assert "99.png" in capsys.readouterr().out
    photos = [decode(file) for file in Shards.load(tmp_path).stream(0, 0).take(11)]
    assert {min(photo.shape[:2]) for photo in photos} == {32}
    assert not list(tmp_path.glob("*.part"))


def test_an_epoch_has_every_photo_once_and_its_own_order(shards):
    photos = Shards.load(shards)
    files = [file.numpy() for file in photos.stream(0, 0).take(22)]
    assert len(set(files[:11])) == 11 and set(files[:11]) == set(files[11:])
    assert files[:11] != files[11:]
    assert [file.numpy() for file in photos.stream(15, 0).take(7)] == files[15:]


def test_batches_depend_on_the_step_alone(shards):
    photos = Shards.load(shards)
    whole = list(training_batches(photos, 32, 4, irregular=0.5).take(6))
    late = list(training_batches(photos, 32, 4, start=4, irregular=0.5).take(2))
    for ours, theirs in zip(late, whole[4:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_workers_share_the_photos_out(shards):
    photos = Shards.load(shards)
    parts = [
        seen(training_batches(photos, 32, 2, among=Among(worker, 2, 2)), count)
        for worker, count in ((0, 6), (1, 5))
    ]
    assert sum(parts, Counter()) == Counter(range(11))
    with pytest.raises(InputError, match="5 workers"):
        photos.stream(0, 0, Among(4, 5, 5))


def test_workers_get_their_parts_of_a_batch(tmp_path):
    for i in range(8):
        Image.fromarray(np.full((32, 32, 3), 20 * i, np.uint8)).save(tmp_path / f"{i}.png")
    photos = [str(path) for path in sorted(tmp_path.iterdir())]
    whole = list(training_batches(photos, 32, 4).take(2))
    parts = [list(training_batches(photos, 32, 4, among=Among(w, 2, 2)).take(2)) for w in (0, 1)]
    for step in range(2):
        for together, *apart in zip(whole[step], *(part[step] for part in parts), strict=True):
            np.testing.assert_array_equal(together, np.concatenate(apart))


def test_a_damaged_manifest_is_named(shards, tmp_path):
    (tmp_path / "shards.json").write_text('{"photos": {"gone.tfrecord": 3}}')
    with pytest.raises(InputError, match=r"gone\.tfrecord, which is missing"):
        Shards.load(tmp_path)
    (tmp_path / "shards.json").write_text("[]")
    with pytest.raises(InputError, match="not a manifest"):
        Shards.load(tmp_path)
