"""Which method's pictures look best: contact sheets to judge blind, and the count of the answers.

    python -m benchmarks.preference sheets --out out/sheets \\
        --columns ours=out/v8:tfpaint before=out/v7:tfpaint patchmatch=out/v8:patchmatch
    python -m benchmarks.preference count out/sheets answers.txt

Perceptual distances may like a drawn weave where people do not, so people judge here.

`sheets` draws photos at random from those that all the DIRs hold, which `tfpaint evaluate ... -o
DIR` wrote. Each becomes a numbered row: the photo with its hole marked, then a picture of each
column, in an order shuffled anew for every row, under the letters A, B, C. It writes sheet-01.png
and so on, and key.json with the letters' labels: do not read it before you have judged. With
`--irregular 20`, twenty of the rows have an irregular hole, as `tfpaint evaluate --irregular SHARE`
made it, and the others have none.

`count` reads a text file with a line for each row, in any order: its number and the best letter,
as in "12 B", or "12 -" where none is better. "#" starts a comment. It prints two tables in
Markdown: how often each label was chosen, of all rows; and for each two labels how often the first
was chosen, of the rows where either was. If some rows have irregular holes, the same tables follow
for these alone. Intervals are Wilson's, two-sided, of 95 %.
"""

import argparse
import json
import random
import string
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfpaint import terminal
from tfpaint.errors import InputError
from tfpaint.pictures.files import read_photo, write_picture
from tfpaint.pictures.sheets import contact_sheet

_REPORT = "a folder that tfpaint evaluate wrote"
LONGEST = 512  # side of a picture on a sheet, in pixels


class Column(NamedTuple):
    """A method in a report's folder, and the label under which its choices are counted."""

    label: str
    folder: Path
    method: str

    def read(self, photo: str, kind: str) -> np.ndarray:
        return read_photo(self.folder / "pictures" / f"{photo}-{kind}.png").pixels


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line, runs the command, and returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.preference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("sheets", help="write contact sheets and their key")
    command.set_defaults(run=write_sheets)
    add = command.add_argument
    add("--columns", nargs="+", type=_column, required=True, metavar="LABEL=DIR:METHOD")
    add("--out", type=Path, required=True, metavar="DIR", help="a folder without a key.json")
    add("--rows", type=terminal.count, default=60, help="at most (%(default)s)")
    add("--irregular", type=int, metavar="N", help="rows with irregular holes (as they come)")
    add("--per-sheet", type=terminal.count, default=6, help="rows of a sheet (%(default)s)")
    add("--seed", type=int, default=0, help="of the photos and their orders (%(default)s)")
    command = commands.add_parser("count", help="count the answers")
    command.set_defaults(run=print_counts)
    command.add_argument("sheets", type=Path, metavar="DIR", help="the folder of the sheets")
    command.add_argument("answers", type=Path, metavar="ANSWERS", help="the text file")
    options = parser.parse_args(arguments)
    return terminal.exit_code("preference", options.run, options)


def _column(text: str) -> Column:
    """The argparse type of LABEL=DIR:METHOD."""
    label, _, source = text.partition("=")
    folder, _, method = source.rpartition(":")
    if not (label and folder and method):
        raise argparse.ArgumentTypeError(f"{text} is not of the form LABEL=DIR:METHOD")
    return Column(label, Path(folder), method)


def write_sheets(options: argparse.Namespace) -> None:
    """Writes the sheets and then the key."""
    columns: list[Column] = options.columns
    key = options.out / "key.json"
    if key.exists():
        raise InputError(f"{key}: would be overwritten; choose another folder")
    letters = string.ascii_uppercase[: len(columns)]
    if not 2 <= len(columns) == len({column.label for column in columns}) == len(letters):
        raise InputError("--columns: give from 2 to 26 of them, each with a label of its own")
    names = common_photos(columns)
    reports = {column.folder / "report.json" for column in columns}
    strange = set(names) & {name for report in reports for name in _irregular(report)}
    rng = random.Random(options.seed)
    drawn = dict(enumerate(draw(rng, names, strange, options.rows, options.irregular), 1))
    orders = {number: rng.sample(columns, len(columns)) for number in drawn}
    rows = list(drawn)
    starts = range(0, len(rows), options.per_sheet)
    for number, start in enumerate(starts, 1):
        numbers = rows[start : start + options.per_sheet]
        shown = [pictures(row, drawn[row], orders[row]) for row in numbers]
        sheet = contact_sheet(shown, ["input", *letters], LONGEST)
        write_picture(options.out / f"sheet-{number:02}.png", sheet)
    facts = {
        "seed": options.seed,
        "columns": {label: f"{folder}:{method}" for label, folder, method in columns},
        "photos": drawn,
        "irregular": [str(row) for row, name in drawn.items() if name in strange],
        "letters": {
            row: {letter: column.label for letter, column in zip(letters, order, strict=True)}
            for row, order in orders.items()
        },
    }
    key.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    print(f"{options.out}: rows: {len(rows)}, sheets: {len(starts)}; judges do not read key.json")


def draw(
    rng: random.Random,
    names: Sequence[str],
    strange: set[str],
    rows: int,
    irregular: int | None,
) -> list[str]:
    """Draws at most so many of the names, in random order.

    Args:
        names: Of all photos.
        strange: The names of those with irregular holes.
        rows: How many photos to draw, at most.
        irregular: How many of them with irregular holes. None means as they come.
    """
    if irregular is None:
        return rng.sample(names, min(rows, len(names)))
    if not 0 <= irregular <= min(rows, len(strange)):
        raise InputError(
            f"--irregular {irregular}: give from 0 to {min(rows, len(strange))}, or evaluate more"
            " photos with tfpaint evaluate --irregular SHARE"
        )
    plain = [name for name in names if name not in strange]
    found = rng.sample(sorted(strange), irregular)
    found += rng.sample(plain, min(rows - irregular, len(plain)))
    return rng.sample(found, len(found))


def common_photos(columns: Sequence[Column]) -> list[str]:
    """The names of the photos that the reports of all columns have, sorted."""
    found = []
    for _, folder, method in columns:
        photos = _load(folder / "report.json", "photos", _REPORT)
        found.append({name for name, scores in photos.items() if method in scores})
        if not found[-1]:
            methods = sorted({one for scores in photos.values() for one in scores})
            raise InputError(f"{folder}: has no method {method}; choose of {', '.join(methods)}")
    names = sorted(set.intersection(*found))
    if not names:
        raise InputError("--columns: no photo is in all reports; evaluate the same photos")
    return names


def pictures(row: int, photo: str, order: Sequence[Column]) -> list[np.ndarray]:
    """A row of a sheet: the numbered input, and the columns' pictures."""
    marked = order[0].read(photo, "input")
    for column in order[1:]:
        if not np.array_equal(column.read(photo, "input"), marked):
            raise InputError(
                f"{photo}: not the same picture and hole in {order[0].folder} and {column.folder};"
                " evaluate both in the same way"
            )
    image = Image.fromarray(marked)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(max(14, max(image.size) // 20))
    _, _, right, bottom = draw.textbbox((4, 2), str(row), font)
    draw.rectangle((0, 0, right + 4, bottom + 4), "white")
    draw.text((4, 2), str(row), "black", font)
    return [np.asarray(image), *(column.read(photo, column.method) for column in order)]


def print_counts(options: argparse.Namespace) -> None:
    """Prints the tables of all rows, and of those with irregular holes if there are any."""
    print(tables(*count(options.sheets, options.answers)))
    rows, chosen = count(options.sheets, options.answers, irregular=True)
    if rows:
        print(f"\nRows with irregular holes:\n\n{tables(rows, chosen)}")


def count(folder: Path, answers: Path, irregular: bool = False) -> tuple[int, dict[str, int]]:
    """The number of rows, and how often each label was chosen, the best first.

    Args:
        folder: Of the sheets.
        answers: The text file.
        irregular: Count the rows with irregular holes alone.
    """
    rows = _load(folder / "key.json", "letters", "the folder of the sheets")
    try:
        lines = answers.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{answers}: cannot be read; give a text file") from error
    given: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        where = f"{answers}, line {number}: {' '.join(words)}"
        if len(words) != 2:
            raise InputError(f'{where} is not a row and a letter, as in "12 B" or "12 -"')
        row, letter = words
        if row not in rows:
            raise InputError(f"{where} is of no row; rows are from 1 to {len(rows)}")
        if row in given:
            raise InputError(f"{where} is the second answer for its row; remove one")
        if letter not in (*rows[row], "-"):
            raise InputError(f"{where} has no such letter; choose of {', '.join(rows[row])} and -")
        given[row] = letter
    if missing := [row for row in rows if row not in given]:
        raise InputError(f"{answers}: no line for row {', '.join(missing)}; judge all rows")
    if irregular:
        given = {row: given[row] for row in _irregular(folder / "key.json")}
    times = Counter(rows[row].get(letter) for row, letter in given.items())
    labels = sorted(rows["1"].values(), key=lambda label: (-times[label], label))
    return len(given), {label: times[label] for label in labels}


def tables(rows: int, chosen: Mapping[str, int]) -> str:
    """What `count` returned, in Markdown."""
    head = "chosen | share | 95 % interval |\n| --- | ---: | ---: | ---: |"
    lines = [f"| label | {head}"]
    lines += [f"| {label} | {_share(times, rows)} |" for label, times in chosen.items()]
    lines += [f"| none better | {_share(rows - sum(chosen.values()), rows)} |"]
    lines += ["", f"| pair | {head}"]
    for (one, times), (other, others) in combinations(chosen.items(), 2):
        lines.append(f"| {one} over {other} | {_share(times, times + others)} |")
    return "\n".join(lines)


def _share(times: int, of: int) -> str:
    if not of:
        return "0 of 0 | – | –"
    low, high = wilson(times, of)
    return f"{times} of {of} | {times / of:.1%} | {low:.1%} to {high:.1%}"


def wilson(times: int, of: int) -> tuple[float, float]:
    """Wilson's two-sided 95 % interval of a share."""
    z = NormalDist().inv_cdf(0.975)
    middle = (times + z**2 / 2) / (of + z**2)
    half = z / (of + z**2) * (times * (of - times) / of + z**2 / 4) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _load(path: Path, entry: str, needed: str) -> Any:
    """An entry of a JSON file; else an InputError."""
    try:
        return json.loads(path.read_text("utf-8"))[entry]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read; name {needed}") from error


def _irregular(path: Path) -> list[str]:
    """The photos or rows of a JSON file that have irregular holes; older files know of none."""
    return json.loads(path.read_text("utf-8")).get("irregular", [])


if __name__ == "__main__":
    sys.exit(main())
