"""Photos that cannot be trained on are named and left out; the others never stop a run."""

import os

import numpy as np
import pytest
from PIL import Image

from tests.tiny import photo_folder
from tests.tiny import train_command as train
from tfpaint.errors import InputError
from train import data
from train.__main__ import main
from train.photos import list_photos, usable

SIZE = 32


def picture(mode="RGB", size=(48, 40), seed=0):
    shape = (size[1], size[0], *{"L": (), "CMYK": (4,), "RGB": (3,)}[mode])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def save_odd_photos(folder):
    """Odd files that can be trained on, and others that cannot, by name."""
    picture("L").save(folder / "grey.png")
    picture("CMYK").save(folder / "cmyk.jpg")
    picture().save(folder / "modern.webp")
    picture(size=(20, 9)).save(folder / "smaller than the crop.png")
    picture().save(folder / "name of \udcff bytes.png")
    good = {path.name for path in folder.iterdir()}

    frames = [picture(seed=i) for i in range(3)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    picture(size=(400, 300)).save(folder / "cut.jpg")
    data = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("no picture")
    picture(size=(300, 7)).save(folder / "tiny.png")
    huge = bytearray((folder / "grey.png").read_bytes())
    huge[16:24] = (200_000).to_bytes(4, "big") * 2  # the header's sides
    (folder / "huge.png").write_bytes(huge)
    return good, {path.name for path in folder.iterdir()} - good


def test_what_cannot_be_trained_on_is_named_and_left_out(tmp_path, capsys):
    good, bad = save_odd_photos(tmp_path)
    kept = usable(list_photos(tmp_path), SIZE)
    lines = capsys.readouterr().out.splitlines()
    assert len(bad) == 6 and len(lines) == 6
    for name in bad:
        assert any(line.startswith("left out: ") and name in line for line in lines)
    taken = {os.path.basename(path) for path in kept}
    assert taken == good
    with pytest.raises(InputError, match="none of the photos can be used to train at 32 px"):
        usable([str(tmp_path / name) for name in bad], SIZE)


def test_odd_photos_train_whole_epochs(tmp_path, capsys):
    """Cropped or resized, with fewer photos than a batch holds."""
    photos, encoder = tmp_path / "photos", tmp_path / "encoder"
    photos.mkdir()
    encoder.mkdir()
    save_odd_photos(photos)
    command = train(photo_folder(encoder), tmp_path / "work", steps=2)
    for option in ("--photos", "--val"):
        command[command.index(option) + 1] = str(photos)
    command[command.index("--batch") + 1] = "12"
    assert main(command) == 0
    assert "left out: " in capsys.readouterr().out
    assert len((tmp_path / "work" / "log.csv").read_text().splitlines()) == 3


def test_one_photo_is_enough(tmp_path):
    picture().save(tmp_path / "one.png")
    photos, holes = next(iter(data.training_batches(list_photos(tmp_path), SIZE, 4)))
    assert photos.shape == (4, SIZE, SIZE, 3) and holes.shape == (4, SIZE, SIZE, 1)


def test_whole_photos_are_resized_as_in_the_paper(tmp_path):
    """Left half black, right half white: never cropped, never mirrored."""
    halves = np.zeros((40, 90, 3), np.uint8)
    halves[:, 45:] = 255
    Image.fromarray(halves).save(tmp_path / "halves.png")
    photos = list_photos(tmp_path)
    batches = data.training_batches(photos, SIZE, 8), data.validation_batches(photos, SIZE, 8)
    for squares, _ in map(next, map(iter, batches)):
        for square in squares.numpy():
            assert (square[:, : SIZE // 2 - 2] == 0).all() and (
                square[:, SIZE // 2 + 2 :] > 250
            ).all()
    cropped, _ = next(iter(data.training_batches(photos, SIZE, 8, crops=True)))
    assert len({square.tobytes() for square in cropped.numpy()}) > 2


def test_links_are_followed_and_what_is_hidden_or_another_file_is_not_taken(tmp_path, capsys):
    for place in ("nas/2020", "photos/.thumbs", "photos/album.jpg"):
        (tmp_path / place).mkdir(parents=True)
    photos = tmp_path / "photos"
    for path in ("nas/2020/a.jpg", "photos/b.jpg", "photos/.thumbs/t.jpg", "photos/c.webp"):
        picture().save(tmp_path / path)
    (photos / "notes.txt").write_text("")
    (photos / "d.HEIC").write_text("")
    (photos / "nas").symlink_to(tmp_path / "nas")
    (tmp_path / "nas" / "back").symlink_to(photos)
    found = [os.path.relpath(path, photos) for path in list_photos(photos)]
    assert found == ["b.jpg", "c.webp", "nas/2020/a.jpg"]
    assert "1 .heic, 1 .txt" in capsys.readouterr().out
