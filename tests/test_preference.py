"""Blind contact sheets: shuffled rows, a key that tells the truth, and answers that are counted."""

import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks import preference
from tfpaint.evaluation.cases import Case
from tfpaint.evaluation.evaluate import evaluate
from tfpaint.pictures.sheets import MARGIN

SIDE, PHOTOS = 40, 12
REDS = {"ours": 10, "before": 60, "patchmatch": 110}  # of the pictures of a label
TRUTH = 200


def colour(red, photo):
    """Red tells the method, green the photo."""
    return [red, 5 + int(photo.split()[1]), 7]


def write_report(folder, reds, photos=range(PHOTOS), hole=20, side=SIDE, irregular=()):
    """A report of plain pictures, written by what `tfpaint evaluate` runs."""
    mask = np.zeros((side, side), bool)
    mask[-hole:, -hole:] = True
    cases = [
        Case(f"photo {number}", np.zeros((side, side, 3), np.uint8), mask, number in irregular)
        for number in photos
    ]
    cases = [
        replace(case, truth=case.truth + np.array(colour(TRUTH, case.name), np.uint8))
        for case in cases
    ]

    def plain(red):
        def fill(incomplete, _):
            picture = np.full_like(incomplete, incomplete[0, 0])
            picture[..., 0] = red
            return picture

        return fill

    with warnings.catch_warnings(action="ignore"):  # plain pictures have no sharpness
        evaluate(cases, list(reds), out=folder, fills={name: plain(reds[name]) for name in reds})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two reports; the second lacks the first photo."""
    new, old = (tmp_path_factory.mktemp(name) for name in ("new", "old"))
    write_report(new, {"tfpaint": REDS["ours"], "patchmatch": REDS["patchmatch"]})
    write_report(old, {"tfpaint": REDS["before"]}, range(1, PHOTOS))
    return new, old


def columns(new, old):
    both = [f"ours={new}:tfpaint", f"before={old}:tfpaint"]
    return ["--columns", *both, f"patchmatch={new}:patchmatch"]


def make(folders, out, *options):
    """The key and the sheets."""
    assert preference.main(["sheets", *columns(*folders), "--out", str(out), *options]) == 0
    key = json.loads((out / "key.json").read_text())
    return key, [np.asarray(Image.open(file)) for file in sorted(out.glob("sheet-*.png"))]


def fails(capsys, *arguments):
    """The one line of a command that cannot be run."""
    capsys.readouterr()
    assert preference.main([str(argument) for argument in arguments]) == 2
    out, line = capsys.readouterr()
    assert not out and line.startswith("preference: error: ") and line.count("\n") == 1
    return line


def places(sheet, shown):
    """(y, x) of the pixels of a colour."""
    return np.argwhere((sheet == shown).all(-1))


def test_the_key_tells_which_picture_is_where(folders, tmp_path, capsys):
    key, sheets = make(folders, tmp_path / "out", "--rows", "7", "--per-sheet", "3")
    assert "rows: 7, sheets: 3" in capsys.readouterr().out
    assert len(sheets) == 3 and len(list((tmp_path / "out").iterdir())) == 4
    assert list(key["letters"]) == list(key["photos"]) == [str(row) for row in range(1, 8)]
    assert len(set(key["photos"].values())) == 7
    for row, letters in key["letters"].items():
        number, place = divmod(int(row) - 1, 3)
        sheet, photo = sheets[number], key["photos"][row]
        header = len(sheet) % (SIDE + MARGIN)
        top = header + place * (SIDE + MARGIN)
        assert list(letters) == ["A", "B", "C"]
        for column, label in enumerate(letters.values(), 1):
            found = places(sheet, colour(REDS[label], photo))
            assert len(found) == SIDE**2
            assert found[0].tolist() == [top, MARGIN + column * (SIDE + MARGIN)]
        truth = places(sheet, colour(TRUTH, photo))
        assert len(truth) and (truth[:, 1] < MARGIN + SIDE).all()  # beside the hole only


def test_every_row_has_its_own_order_and_the_seed_gives_it_again(folders, tmp_path):
    key, sheets = make(folders, tmp_path / "one")
    orders = [tuple(letters.values()) for letters in key["letters"].values()]
    assert len(orders) == PHOTOS - 1 and "photo 0" not in key["photos"].values()
    assert len(set(orders)) > 2 and all(sorted(order) == sorted(REDS) for order in orders)
    for letter in range(3):
        assert len({order[letter] for order in orders}) == 3
    again, same = make(folders, tmp_path / "two")
    assert again == key
    assert all(np.array_equal(a, b) for a, b in zip(sheets, same, strict=True))
    other, _ = make(folders, tmp_path / "three", "--seed", "1")
    assert other["letters"] != key["letters"] and other["photos"] != key["photos"]


def test_so_many_rows_have_irregular_holes(tmp_path, capsys):
    strange = {f"photo {number}" for number in (1, 4, 7, 9)}
    write_report(tmp_path / "new", {"a": 10, "b": 60}, irregular=(1, 4, 7, 9))
    given = ["--columns", f"x={tmp_path / 'new'}:a", f"y={tmp_path / 'new'}:b", "--rows", "9"]

    def rows(name, *options):
        arguments = ["sheets", *given, "--out", str(tmp_path / name), *options]
        assert preference.main(arguments) == 0
        key = json.loads((tmp_path / name / "key.json").read_text())
        return key["irregular"], {row: name in strange for row, name in key["photos"].items()}

    for wanted in (0, 3, 4):
        found, drawn = rows(str(wanted), "--irregular", str(wanted))
        assert len(found) == wanted and len(drawn) == min(9, 8 + wanted)
        assert found == [row for row, irregular in drawn.items() if irregular]
    assert found != [str(row) for row in range(1, 5)]  # among the others
    line = fails(capsys, "sheets", *given, "--out", tmp_path / "5", "--irregular", "5")
    assert "--irregular 5: give from 0 to 4" in line

    answers = tmp_path / "answers.txt"
    letters = json.loads((tmp_path / "4" / "key.json").read_text())["letters"]
    best = {row: "x" if drawn[row] else "y" for row in drawn}
    answers.write_text(
        "\n".join(
            f"{row} {next(letter for letter, label in letters[row].items() if label == best[row])}"
            for row in best
        )
    )
    assert preference.count(tmp_path / "4", answers) == (9, {"y": 5, "x": 4})
    assert preference.count(tmp_path / "4", answers, irregular=True) == (4, {"x": 4, "y": 0})
    capsys.readouterr()
    assert preference.main(["count", str(tmp_path / "4"), str(answers)]) == 0
    both = capsys.readouterr().out.split("\nRows with irregular holes:\n")
    assert "| y | 5 of 9 |" in both[0] and "| x | 4 of 4 |" in both[1]


def test_reports_and_keys_from_before_have_no_irregular_holes(folders, tmp_path, capsys):
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in folders]
    for copy in copies:
        report = json.loads((copy / "report.json").read_text())
        del report["irregular"]
        (copy / "report.json").write_text(json.dumps(report))
    key, _ = make(copies, tmp_path / "out")
    assert key.pop("irregular") == []
    (tmp_path / "out" / "key.json").write_text(json.dumps(key))
    (tmp_path / "answers.txt").write_text("\n".join(f"{row} -" for row in key["letters"]))
    arguments = ["count", str(tmp_path / "out"), str(tmp_path / "answers.txt")]
    capsys.readouterr()
    assert preference.main(arguments) == 0
    assert "irregular" not in capsys.readouterr().out


def test_rows_are_numbered(folders, tmp_path):
    seen = []
    for seed in ("0", "1"):  # other photos
        options = ["--rows", "9", "--per-sheet", "1", "--seed", seed]
        _, sheets = make(folders, tmp_path / seed, *options)
        corners = [sheet[-SIDE - MARGIN :, MARGIN:][:14, :12] for sheet in sheets]
        assert all(corner.min() < 50 and corner.max() == 255 for corner in corners)
        seen.append([corner.tobytes() for corner in corners])
    assert seen[0] == seen[1] and len(set(seen[0])) == 9


def test_large_pictures_are_reduced(tmp_path):
    write_report(tmp_path, {"a": REDS["ours"], "b": REDS["before"]}, range(1), side=700)
    options = ["--columns", f"x={tmp_path}:a", f"y={tmp_path}:b", "--out", str(tmp_path / "out")]
    assert preference.main(["sheets", *options]) == 0
    sheet = np.asarray(Image.open(tmp_path / "out" / "sheet-01.png"))
    assert sheet.shape[1] == 4 * MARGIN + 3 * 512
    for red in (REDS["ours"], REDS["before"]):
        assert len(places(sheet, colour(red, "photo 0"))) == 512**2


def test_a_key_is_not_overwritten(folders, tmp_path, capsys):
    make(folders, tmp_path)
    before = (tmp_path / "key.json").read_bytes()
    line = fails(capsys, "sheets", *columns(*folders), "--out", tmp_path, "--seed", "5")
    assert "key.json: would be overwritten" in line
    assert (tmp_path / "key.json").read_bytes() == before


def test_columns_that_cannot_be_compared(folders, tmp_path, capsys):
    new, old = folders
    out = ["--out", tmp_path / "out"]

    def line(*given):
        return fails(capsys, "sheets", "--columns", *given, *out)

    ours = f"ours={new}:tfpaint"
    assert "from 2 to 26" in line(ours)
    assert "label of its own" in line(ours, f"ours={old}:tfpaint")
    assert "has no method telea; choose of patchmatch, tfpaint" in line(ours, f"x={new}:telea")
    assert "report.json: cannot be read" in line(ours, f"x={tmp_path / 'nowhere'}:tfpaint")
    write_report(tmp_path / "elsewhere", {"tfpaint": 5}, [PHOTOS + 1])
    assert "no photo is in all reports" in line(ours, f"x={tmp_path / 'elsewhere'}:tfpaint")
    write_report(tmp_path / "hole", {"tfpaint": 5}, hole=10)
    assert "not the same picture and hole" in line(ours, f"x={tmp_path / 'hole'}:tfpaint")
    damaged = tmp_path / "hole" / "report.json"
    for text in ("{", "[]", "{}"):
        damaged.write_text(text)
        assert "report.json: cannot be read" in line(ours, f"x={tmp_path / 'hole'}:tfpaint")
    assert not (tmp_path / "out").exists()
    for text in ("tfpaint", "a=b", "=dir:tfpaint", "a=:tfpaint", "a=dir:"):
        with pytest.raises(SystemExit, match="2"):
            line(ours, text)
        assert f"{text} is not of the form LABEL=DIR:METHOD" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["input", "tfpaint"])
def test_a_missing_picture_is_named(folders, tmp_path, capsys, kind):
    new, old = folders
    copy = shutil.copytree(old, tmp_path / "copy")
    (copy / "pictures" / f"photo 3-{kind}.png").unlink()
    line = fails(capsys, "sheets", *columns(new, copy), "--out", tmp_path / "out")
    assert f"photo 3-{kind}.png: no such file" in line
    assert not (tmp_path / "out" / "key.json").exists()


@pytest.fixture
def judged(folders, tmp_path):
    """A folder of sheets with four rows, and a function that writes the answers."""
    key, _ = make(folders, tmp_path / "sheets", "--rows", "4")

    def answer(text):
        (tmp_path / "answers.txt").write_text(text)
        return tmp_path / "sheets", tmp_path / "answers.txt"

    return key, answer


def test_answers_are_counted(judged, capsys):
    key, answer = judged
    wanted = {"1": "ours", "2": "before", "3": "ours"}
    lines = ["# by daylight", "4  -  # none", ""]
    for row, label in wanted.items():
        (letter,) = (one for one, there in key["letters"][row].items() if there == label)
        lines.append(f"{row} {letter}")
    arguments = answer("\n".join(lines))
    assert preference.count(*arguments) == (4, {"ours": 2, "before": 1, "patchmatch": 0})
    capsys.readouterr()
    assert preference.main(["count", *map(str, arguments)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "| label | chosen | share | 95 % interval |",
        "| --- | ---: | ---: | ---: |",
        "| ours | 2 of 4 | 50.0% | 15.0% to 85.0% |",
        "| before | 1 of 4 | 25.0% | 4.6% to 69.9% |",
        "| patchmatch | 0 of 4 | 0.0% | 0.0% to 49.0% |",
        "| none better | 1 of 4 | 25.0% | 4.6% to 69.9% |",
        "",
        "| pair | chosen | share | 95 % interval |",
        "| --- | ---: | ---: | ---: |",
        "| ours over before | 2 of 3 | 66.7% | 20.8% to 93.9% |",
        "| ours over patchmatch | 2 of 2 | 100.0% | 34.2% to 100.0% |",
        "| before over patchmatch | 1 of 1 | 100.0% | 20.7% to 100.0% |",
    ]


def test_a_pair_that_nobody_chose_has_no_share():
    assert "| a over b | 0 of 0 | – | – |" in preference.tables(3, {"a": 0, "b": 0})


def test_wilson():
    assert preference.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # from tables
    assert preference.wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    low, high = preference.wilson(20, 20)
    assert (1 - high, 1 - low) == pytest.approx(preference.wilson(0, 20))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 A\n2 B\n3 C\n", "answers.txt: no line for row 4; judge all rows"),
        ("", "answers.txt: no line for row 1, 2, 3, 4; judge all rows"),
        ("1 A\n\n2 B\n1 C\n3 A\n4 A\n", "answers.txt, line 4: 1 C is the second answer"),
        ("1 A\n2 D # best\n3 A\n4 A\n", "line 2: 2 D has no such letter; choose of A, B, C and -"),
        ("1 a\n2 A\n3 A\n4 A\n", "line 1: 1 a has no such letter"),
        ("1 A\n2 A\n3 A\n4 A\n5 A\n", "line 5: 5 A is of no row; rows are from 1 to 4"),
        ("A 1\n2 A\n3 A\n4 A\n", "line 1: A 1 is of no row"),
        ("1 A\n2\n3 A\n4 A\n", "line 2: 2 is not a row and a letter"),
        ("1 A\n2 A B\n3 A\n4 A\n", "line 2: 2 A B is not a row and a letter"),
    ],
)
def test_wrong_answers_are_named(judged, capsys, text, message):
    _, answer = judged
    assert message in fails(capsys, "count", *answer(text))


def test_files_to_count_that_cannot_be_read(judged, tmp_path, capsys):
    _, answer = judged
    sheets, answers = answer("1 A\n")
    assert "key.json: cannot be read; name the folder" in fails(capsys, "count", tmp_path, answers)
    assert "none.txt: cannot be read" in fails(capsys, "count", sheets, tmp_path / "none.txt")
    answers.write_bytes(b"\xff\xfe1 A")
    assert "answers.txt: cannot be read" in fails(capsys, "count", sheets, answers)
