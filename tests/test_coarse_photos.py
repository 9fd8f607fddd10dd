"""What train.coarse learns from: packed photos, random squares of them, random holes."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tfpaint.errors import InputError
from train.coarse import holes, packed, squares
from train.coarse.learning import NUMBERS, batches


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A lying photo, a standing one, a square one, one so large that its middle counts, a wreck."""
    folder = tmp_path_factory.mktemp("photos")
    cat, coffee = Image.fromarray(data.chelsea()), Image.fromarray(data.coffee())
    cat.save(folder / "a.png")
    cat.resize((200, 280)).save(folder / "b.png")
    coffee.crop((0, 0, 200, 200)).save(folder / "c.png")
    coffee.save(folder / "d.png")
    (folder / "e.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def photos(folder):
    return packed.load([folder])


def test_photos_of_a_folder(folder, capsys):
    photos = packed.load([folder])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("left out: ") and "e.png" in line
    assert photos.pixels.shape == (6, 144, 216, 3) and photos.pixels.dtype == np.uint8
    assert photos.widths.tolist() == [216, 216, 202, 144, 216, 216]  # a, its middle, b, c, d, ...
    assert photos.stood.tolist() == [False, False, True, False, False, False]
    for pixels, width in zip(photos.pixels, photos.widths, strict=True):
        assert (pixels[:, width:] == pixels[:, width - 1 : width]).all()


def test_packed_photos_are_those_of_the_folder(folder, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_SHARD", 25_000)
    count, size = packed.pack([folder], tmp_path, 90)
    shards = sorted(tmp_path.iterdir())
    assert [shard.name for shard in shards] == [f"photos-{i:03d}.npz" for i in range(len(shards))]
    sizes = [shard.stat().st_size for shard in shards]
    assert 1 < len(shards) < count == 6 and sum(sizes) == size and max(sizes) <= 25_000
    found = packed.load([tmp_path])
    np.testing.assert_array_equal(found.widths, photos.widths)
    np.testing.assert_array_equal(found.stood, photos.stood)
    for ours, theirs in zip(found.pixels, photos.pixels, strict=True):
        apart = np.abs(ours.astype(float) - theirs)
        assert 0 < apart.mean() < 4

    packed.pack([folder], tmp_path, 10)  # fewer shards take the place of all
    assert len(list(tmp_path.iterdir())) < len(shards)


def test_shards_stay_if_no_photo_can_be_packed(folder, tmp_path):
    packed.pack([folder], tmp_path / "out", 10)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (tmp_path / "wreck.png").write_bytes(b"no picture")
    for source, about in (("nowhere", "nowhere"), (".", "none of the photos")):
        with pytest.raises(InputError, match=about):
            packed.pack([tmp_path / source], tmp_path / "out", 10)
    with pytest.raises(InputError, match="--quality 101"):
        packed.pack([folder], tmp_path / "out", 101)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def wrecks(folder):
    """A good shard, and what may have become of it."""
    packed.pack([folder], folder / "good", 10)
    good = folder / "good" / "photos-000.npz"
    with np.load(good) as shard:
        arrays = dict(shard)
    yield "empty", b""
    yield "half", good.read_bytes()[: good.stat().st_size // 2]
    for name, changes in {
        "other": {"ends": arrays["ends"][:-1]},
        "shifted": {"ends": arrays["ends"] - 50},
        "objects": {"data": np.array([None], object)},
        "zeros": {"data": arrays["data"] * np.uint8(0)},
    }.items():
        np.savez(folder / "one.npz", **(arrays | changes))
        yield name, (folder / "one.npz").read_bytes()
    np.savez(folder / "one.npz", data=arrays["data"])
    yield "missing", (folder / "one.npz").read_bytes()


def test_a_damaged_shard_is_named(folder, tmp_path):
    Image.fromarray(data.chelsea()).save(tmp_path / "a.png")
    for name, content in wrecks(tmp_path):
        place = tmp_path / name
        place.mkdir()
        (place / "photos-000.npz").write_bytes(content)
        with pytest.raises(InputError, match="photos-000.npz: no shard .*; pack") as refused:
            packed.load([place])
        assert "\n" not in str(refused.value), name


def cut(photos, numbers, size):
    return np.asarray(squares.cut(photos.pixels, photos.widths, photos.stood, numbers, size))


def test_neutral_numbers_give_the_centre_square(photos):
    found = cut(photos, squares.neutral(len(photos)), packed.SHORT)
    for square, pixels, width, stood in zip(
        found, photos.pixels, photos.widths, photos.stood, strict=True
    ):
        left = (width - packed.SHORT) // 2
        expected = pixels[:, left : left + packed.SHORT]
        expected = expected.transpose(1, 0, 2) if stood else expected
        np.testing.assert_allclose((square + 1) * 127.5, expected, atol=0.01)


def gradient(height, width):
    """A photo that grows brighter downwards, and to the right in its red."""
    down, right = np.mgrid[:height, :width] / max(height, width)
    return Image.fromarray(np.uint8(255 * np.stack([right, down, down], -1)))


def test_squares_are_upright_and_mirrored_sideways(tmp_path):
    gradient(180, 240).save(tmp_path / "lying.png")
    gradient(240, 180).save(tmp_path / "standing.png")
    photos = packed.load([tmp_path])
    numbers = np.random.default_rng(1).random((32, 2, squares.NUMBERS), np.float32)
    numbers[..., 4] = 1  # in their own colours
    found = np.stack([cut(photos, one, 32) for one in numbers])
    assert found.shape == (32, 2, 32, 32, 3) and np.abs(found).max() <= 1
    assert (np.diff(found[..., 1], axis=2) > 0).all()  # downwards
    rightwards = np.diff(found[..., 0], axis=3)
    mirrored = numbers[..., 3] < 0.5
    assert mirrored.any() and not mirrored.all()
    assert (rightwards[mirrored] < 0).all() and (rightwards[~mirrored] > 0).all()


def test_a_square_has_none_of_what_is_beyond_the_photo():
    numbers = squares.neutral(1)
    numbers[:, 0], numbers[:, 2] = 0.999, 0.999  # small, and far to the right
    pixels = np.full((1, packed.SHORT, 150, 3), 255, np.uint8)
    photos = packed._stacked([packed._Lying(pixels[0], False)], 1)
    assert cut(photos, numbers, 128).min() > 0.999


def test_colours_change_in_half_of_the_squares(photos):
    numbers = np.random.default_rng(2).random((40, len(photos), squares.NUMBERS), np.float32)
    numbers[..., :4] = squares.neutral(1)[:, :4]
    plain = cut(photos, squares.neutral(len(photos)), 16)
    apart = [np.abs(cut(photos, one, 16) - plain).mean((1, 2, 3)) for one in numbers]
    changed = np.array(apart) > 1e-3
    np.testing.assert_array_equal(changed, numbers[..., 4] < 0.5)
    assert np.max(apart) < 0.4


@pytest.mark.parametrize("size", [8, 16, 128])
def test_holes_lie_in_the_centre_and_are_never_empty(size):
    count = 1000 if size < 128 else 200
    numbers = np.random.default_rng(0).random((count, holes.NUMBERS), np.float32)
    drawn = np.concatenate([holes.draw(one, size) for one in np.split(numbers, 10)])[..., 0]
    assert set(np.unique(drawn)) == {0, 1}
    areas = drawn.sum((1, 2))
    quarter = size // 4
    middle = drawn[:, quarter:-quarter, quarter:-quarter]
    np.testing.assert_array_equal(middle.sum((1, 2)), areas)
    assert areas.min() >= 1
    of_squares = drawn[numbers[:, 0] < 0.4].sum((1, 2))
    if size == 128:
        assert set(of_squares) == {56**2, 64**2}
        assert len(set(areas)) > 80 and np.median(areas) < 64**2


def test_batches_depend_on_the_step_alone_and_see_every_photo_once(photos):
    def taken(batch, start, count):
        found = batches(photos, batch, start=start)
        return [next(found)[0] for _ in range(count)]

    whole, late = taken(4, 0, 6), taken(4, 3, 3)
    for ours, theirs in zip(late, whole[3:], strict=True):
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert whole[0]["numbers"].shape == (4, NUMBERS)
    assert not np.array_equal(whole[0]["numbers"], whole[1]["numbers"])

    def seen(groups):  # the photos' numbers, in order
        return [
            next(i for i, one in enumerate(photos.pixels) if np.array_equal(one, pixels))
            for group in groups
            for pixels in group["pixels"]
        ]

    for batch, count in ((4, 3), (6, 2), (12, 1)):  # twelve: more than there are photos
        order = seen(taken(batch, 0, count))
        assert sorted(order[:6]) == sorted(order[6:]) == list(range(6))
