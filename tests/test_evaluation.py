"""`tfpaint evaluate` measures what the methods give, and writes it down."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.tiny import save_vgg19
from tfpaint.cli import main
from tfpaint.errors import InputError
from tfpaint.evaluation.cases import Case, load_cases
from tfpaint.evaluation.classical import harmonic
from tfpaint.evaluation.evaluate import evaluate, markdown
from tfpaint.evaluation.perceptual import LAYERS, PerceptualDistance
from tfpaint.evaluation.pieces import piece_size
from tfpaint.evaluation.weave import weave_index
from tfpaint.inpainter import Steps
from tfpaint.networks.encoder import VGG19Encoder


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """A file of VGG19's first layers, with random weights."""
    file = tmp_path_factory.mktemp("vgg") / "vgg.npz"
    save_vgg19(file)
    return file


@pytest.fixture
def folder(tmp_path):
    """Two photos and a mask for each."""
    for name in ("photos", "masks"):
        (tmp_path / name).mkdir()
    mask = np.zeros((60, 90), np.uint8)
    mask[20:40, 30:50] = 255
    for name, photo in {"a": data.chelsea(), "b": data.coffee()}.items():
        Image.fromarray(photo).resize((90, 60)).save(tmp_path / "photos" / f"{name}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{name}.png")
    return tmp_path


class FakeInpainter:
    def __init__(self):
        self.sides = []  # of the holes it was given

    def __call__(self, image, mask, steps):
        assert steps and not image[mask].any()
        self.sides.append(int(mask.sum() ** 0.5))
        coarse = np.where(mask[..., None], 100, image).astype(np.uint8)
        return Steps(harmonic(image, mask), coarse, {})

    def scales_for(self, mask):
        return (16, 32, 64)[: 1 + (mask.sum() > 7**2) + (mask.sum() > 14**2)]


def test_squares_and_centre_holes(folder):
    (first, _) = load_cases(folder / "photos", "centre", 32)
    assert first.name == "a" and first.truth.shape == (32, 32, 3)
    assert first.mask.sum() == 16 * 16 and first.mask[8:24, 8:24].all()
    assert not first.incomplete[first.mask].any()
    (smaller,) = load_cases(folder / "photos", "centre:14", 32, limit=1)
    assert smaller.mask.sum() == 14 * 14
    assert len(list(load_cases(None, "centre", 16))) == 4


def test_masks_of_a_folder_are_cut_like_their_photos(folder):
    case = next(load_cases(folder / "photos", str(folder / "masks"), 60))
    expected = np.zeros((60, 60), bool)
    expected[20:40, 15:35] = True
    np.testing.assert_array_equal(case.mask, expected)


@pytest.mark.parametrize(
    ("hole", "message"),
    [
        ("centre:32", "from 1 to 31"),
        ("centre:big", "not a number"),
        ("nowhere", "folder of masks"),
    ],
)
def test_holes_that_make_no_sense(folder, hole, message):
    with pytest.raises(InputError, match=message):
        list(load_cases(folder / "photos", hole, 32))


def test_two_photos_of_one_name_are_refused(folder, tmp_path):
    for suffix in ("png", "gif"):
        Image.new("RGB", (40, 40)).save(tmp_path / f"same.{suffix}")
    with pytest.raises(InputError, match="same.png: has the same name as same.gif"):
        list(load_cases(tmp_path, "centre", 32))


def test_the_report_holds_the_means(folder, vgg, tmp_path):
    found = list(load_cases(folder / "photos", "centre", 32))
    methods = ["tfpaint", "harmonic", "g1", "mean"]
    out = tmp_path / "out"
    report = evaluate(
        found,
        methods,
        FakeInpainter(),
        {"perceptual": PerceptualDistance.vgg19(vgg)},
        out,
        {"photos": "<two> of DATA"},
    )
    table = report["methods"]
    assert list(table) == methods
    ours, same = ({**table[name], "seconds": 0} for name in ("tfpaint", "harmonic"))
    assert ours == same and table["g1"] != ours
    one, two = (report["photos"][name]["mean"]["l1"] for name in "ab")
    assert table["mean"]["l1"] == pytest.approx((one + two) / 2) and one != two
    assert table["g1"]["seconds"] is None and table["tfpaint"]["seconds"] > 0

    assert json.loads((out / "report.json").read_text()) == report
    assert len(list((out / "pictures").iterdir())) == 2 * 6
    assert Image.open(out / "sheet.png").height > 64
    page = (out / "index.html").read_text()
    assert "&lt;two&gt; of DATA" in page and "<two>" not in page
    shown = json.loads(re.search(r"const report = (.*);\n", page)[1])
    assert shown["photos"] == report["photos"]
    lines = markdown(report).splitlines()
    assert lines[4].startswith("| g1 | ") and lines[4].endswith("| – |")


def test_weave_and_pieces_are_in_the_table_the_report_and_the_page(folder, tmp_path):
    (case, _) = found = list(load_cases(folder / "photos", "centre", 60))
    report = evaluate(found, ["harmonic"], out=tmp_path / "out")
    assert "| sharpness | weave | piece, px |" in markdown(report).splitlines()[0]
    picture = np.asarray(Image.open(tmp_path / "out" / "pictures" / "a-harmonic.png"))
    scores = report["photos"]["a"]["harmonic"]
    assert scores["weave"] == weave_index(picture, case.mask) > 0
    assert scores["piece"] == piece_size(picture, case.mask) >= 4
    assert '"piece": ["piece, px", 1, "none"]' in (tmp_path / "out" / "index.html").read_text()


def test_every_graph_is_built_before_it_is_timed():
    def cases(*sides):
        for side in sides:
            mask = np.zeros((64, 64), bool)
            mask[32 - side // 2 : 32 + side // 2, 32 - side // 2 : 32 + side // 2] = True
            yield Case(f"{side}", data.chelsea()[:64, :64], mask)

    inpainter = FakeInpainter()
    evaluate(list(cases(24, 12, 4, 6, 10, 24)), ["tfpaint"], inpainter)
    warm, timed = inpainter.sides[:3], inpainter.sides[3:]
    assert sorted(warm) == [6, 10, 24] and timed == [24, 12, 4, 6, 10, 24]


def test_packages_are_imported_before_they_are_timed(folder):
    sides = []

    def fill(image, mask):
        sides.append(len(mask))
        return image

    found = list(load_cases(folder / "photos", "centre", 40))
    evaluate(found, ["mine"], fills={"mine": fill})
    assert sides == [32, 40, 40]


def test_a_flat_photo_has_no_sharpness(vgg):
    truth = np.full((32, 32, 3), 90, np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[8:24, 8:24] = True
    case = Case("flat", truth, mask)
    report = evaluate([case], ["mean"])
    row = report["methods"]["mean"]
    assert row["sharpness"] is row["psnr"] is row["perceptual"] is None and row["l1"] == 0
    assert row["weave"] is None
    assert "NaN" not in json.dumps(report)


def test_perceptual_distance_by_hand(vgg):
    photo = data.chelsea()[60:92, 100:148]
    mask = np.zeros((32, 48), bool)
    mask[12:20, 10:30] = True
    blurred = photo.copy()
    blurred[mask] = photo[mask].mean(0)
    far = photo.copy()
    far[0, 47] = 255 - far[0, 47]  # out of reach of the dilated hole
    measure = PerceptualDistance.vgg19(vgg)
    same, near, far = measure([photo, blurred, far], photo, mask)
    assert same == 0 and far < near / 100

    # Once more, by numpy from the encoder's own layers.
    encoder = VGG19Encoder("relu3_1").load_vgg19(vgg)
    spread = np.zeros_like(mask)
    spread[4:28, 2:38] = True  # the hole and 8 pixels around it
    expected = []
    for name, stride in zip(LAYERS, (1, 2, 4), strict=True):
        features = keras.Model(encoder.input, encoder.get_layer(name).output)
        one, two = (
            features(picture[None].astype(np.float32) / 127.5 - 1.0).numpy()[0]
            for picture in (blurred, photo)
        )
        one, two = (f / np.linalg.norm(f, axis=-1, keepdims=True) for f in (one, two))
        cells = spread.reshape(32 // stride, stride, 48 // stride, stride).any((1, 3))
        expected.append(np.square(one - two).sum(-1)[cells].mean())
    assert near == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_command(folder, vgg, tmp_path, capsys):
    options = ["--images", str(folder / "photos"), "--size", "32", "--methods", "mean,telea"]
    assert main(["evaluate", *options, "--vgg", str(vgg), "--out", str(tmp_path / "out")]) == 0
    assert "| telea |" in capsys.readouterr().out
    assert (tmp_path / "out" / "index.html").exists()


def test_the_command_says_what_is_wrong(folder, tmp_path, capsys):
    photos = ["--images", str(folder / "photos")]
    for arguments in (["--images", str(folder / "none")], [*photos, "--vgg", "none.npz"]):
        assert main(["evaluate", "--methods", "mean", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "none" in line
    file = tmp_path / "file"
    file.touch()
    assert main(["evaluate", *photos, "--methods", "mean", "--size", "32", "-o", str(file)]) == 2
    assert "file: cannot be created as a folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "--methods", "magic"])
    assert "'magic' is none of mean, harmonic" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file name is Unicode")
def test_names_that_are_not_utf8_are_reported(folder):
    photos = folder / os.fsdecode(b"f\xeate")
    (folder / "photos").rename(photos)
    (photos / "a.png").rename(photos / os.fsdecode(b"\xe9t\xe9.png"))
    command = [sys.executable, "-m", "tfpaint", "evaluate", "--methods", "mean", "--size", "32"]
    done = subprocess.run(
        [*command, "--images", photos, "-o", folder / "report"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "") and "f\\udceate" in done.stdout
    page = (folder / "report" / "index.html").read_text("utf-8")
    about, data = re.search("<p>(.*)</p>", page), re.search("const report = (.*);", page)
    assert "f\\udceate" in about[1]
    for name, file in json.loads(data[1])["files"].items():
        picture = os.fsencode(folder / "report" / "pictures") + b"/" + unquote_to_bytes(file)
        assert os.path.exists(picture + b"-mean.png"), name
