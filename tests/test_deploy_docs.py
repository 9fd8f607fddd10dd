"""The snippets of docs/deploy.md do what they say."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export import litert
from export.__main__ import main
from tests import web_page
from tests.programs import need
from tests.serving_model import running, save
from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint.inpainter import Inpainter
from tfpaint.saved_model import static_window

PHOTO, MASK = photo(32, 32), mask_of(32, 32, (12, 13, 19, 20))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    model = tmp_path_factory.mktemp("model")
    save(model / "1")
    with running(model) as server:
        yield model / "1", server


@pytest.fixture
def text(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PHOTO).save("photo.png")
    Image.fromarray(MASK).save("mask.png")
    return (root / "docs" / "deploy.md").read_text()


def block(text, language, word):
    (found,) = (one for one in re.findall(rf"```{language}\n(.*?)```", text, re.S) if word in one)
    return found


def filled():
    return np.asarray(Image.open("filled.png"))


def test_python(text, served):
    path, _ = served
    exec(block(text, "python", "saved_model").replace("out/models/tfpaint/1", str(path)), {})
    np.testing.assert_array_equal(filled(), np.where(MASK[..., None], 128, PHOTO))


def test_grpc(text, served):
    _, server = served
    exec(block(text, "python", "import grpc").replace("localhost:8500", server.target), {})
    np.testing.assert_array_equal(filled(), np.where(MASK[..., None], 128, PHOTO))


def test_curl(text, served):
    for name in ("bash", "curl", "jq"):
        need(name)
    _, server = served
    script = block(text, "bash", "curl").replace("http://localhost:8501", server.url)
    subprocess.run(["bash", "-c", script], check=True, timeout=60)
    np.testing.assert_array_equal(filled(), np.where(MASK[..., None], 128, PHOTO))
    Path("filled.png").unlink()
    Path("mask.png").write_bytes(b"no picture")
    assert subprocess.run(["bash", "-c", script], timeout=60).returncode == 22
    assert not Path("filled.png").exists()


def test_litert(text):
    """Which of the inputs is the first, the Kotlin and the Swift rely on, too."""
    inpainter = Inpainter(*networks(), scales=SCALES)
    litert.write(inpainter, Path("tiny.tflite"), 32)
    snippet = block(text, "python", "ai_edge_litert").replace("256", "32")
    exec(snippet.replace("out/models/tfpaint_32.tflite", "tiny.tflite"), {})
    np.testing.assert_array_equal(filled()[~MASK], PHOTO[~MASK])
    inputs = np.float32(PHOTO[None]), np.float32(MASK[None, ..., None])
    wanted = static_window.function(inpainter.filler, 32)(*inputs)["image"][0]
    assert np.abs(filled() - wanted)[MASK].max() <= 1
    assert (filled() != PHOTO).any()


@pytest.mark.slow
def test_the_page_of_your_own(text, root):
    site = root / "out" / "web"
    if not (site / "model" / "128" / "model.json").is_file():
        pytest.skip(
            "needs out/web with a model: python -m export tfjs --out out/web/model, then"
            " python -m export web --out out/web"
        )
    folder = Path("site")
    folder.mkdir()
    for name in ("vendor", "model"):
        (folder / name).symlink_to(site / name)
    image, hole = photo(128, 128), mask_of(128, 128, (50, 50, 80, 80))
    arrays = f"const image = Float32Array.from({image.ravel().tolist()});"
    arrays += f"const mask = Float32Array.from({hole.ravel().astype(int).tolist()});"
    page = block(text, "html", "tf-core").replace('type="module">', f'type="module">{arrays}')
    page = page.replace("</script>\n", "</script>", 3)
    page = page.replace("  const filled =", "  window.filled =")
    (folder / "index.html").write_text(f"<body>{page}</body>")
    with web_page.chromium() as browser, web_page.serve(folder) as stub:
        opened = browser.new_page()
        opened.goto(stub.url)
        opened.wait_for_function("window.filled", timeout=120_000)
        result = np.array(opened.evaluate("Array.from(window.filled)")).reshape(128, 128, 3)
    np.testing.assert_array_equal(result[~hole], image[~hole])
    assert np.isfinite(result).all() and (result[hole] != image[hole]).any()


def test_the_commands_are_taken(text, monkeypatch):
    taken = []
    for program in ("saved_model", "litert", "tfjs", "web_assets", "check"):
        monkeypatch.setattr(f"export.{program}.run", taken.append)
    commands = re.findall(r"^python -m export (.*)", text, re.M)
    for command in commands:
        assert main(command.split()) == 0, command
    names = ["saved-model", "litert", "tfjs", "web", "check"]
    assert [options.command for options in taken] == names
