"""The command line on folders: each picture is filled or named, whatever happens to the others."""

from tests.test_cli import error_of, folder, loads, make_folders, mask, photo, tfpaint


def test_one_clash_stops_those_files_alone(folder, capsys):
    make_folders()
    photo("photos/a.gif")
    code, lines = tfpaint(capsys, "photos", "--mask", "masks", "-o", "out")
    wanted = "out/a.png: would hold the results of photos/a.gif and photos/a.png; rename one"
    assert code == 2 and len(lines) == 1 and wanted in lines[0]
    assert {path.name for path in (folder / "out").iterdir()} == {"b.jpg", "c.png"}


def test_subfolders_are_named_or_taken(folder, capsys):
    make_folders()
    for name in ("photos/sub", "masks/sub"):
        (folder / name).mkdir()
    photo("photos/sub/a.jpg")
    mask("masks/sub/a.png")
    arguments = ["photos", "--mask", "masks", "-o", "photos/out"]
    said = "tfpaint: left out (subfolders, which --recursive takes too): photos/sub"
    assert tfpaint(capsys, *arguments) == (0, [said])
    assert tfpaint(capsys, *arguments, "--recursive") == (0, [])
    written = [path for path in (folder / "photos/out").rglob("*") if path.is_file()]
    names = {str(path.relative_to(folder / "photos/out")) for path in written}
    assert names == {"a.png", "b.jpg", "c.png", "sub/a.jpg"}


def test_a_picture_of_another_format_is_an_error(folder, capsys):
    make_folders()
    (folder / "photos/phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    message = error_of(capsys, "photos", "--mask", "mask.png", "-o", "out")
    assert "photos/phone.heic: is HEIC" in message
    assert len(list((folder / "out").iterdir())) == 3
