"""LiteRT and TF.js: what they run gives the library's numbers."""

import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import check, litert, litert_runner, tfjs, tfjs_runner
from export.__main__ import main
from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint import saved_model
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.patch_swap import PatchSwap

SIDE = SCALES[1]


@pytest.fixture(scope="module")
def inpainter():
    options = Options(key_blur=1.0, coherence=0.1, overlap=0.5, trust=0.3, tone_blur=1.0)
    return Inpainter(*networks(), scales=SCALES, options=options)


@pytest.fixture(scope="module")
def exact(inpainter, tmp_path_factory):
    path = tmp_path_factory.mktemp("new") / "folder" / "tiny.tflite"
    litert.write(inpainter, path, SIDE)
    assert [one.name for one in path.parent.iterdir()] == ["tiny.tflite"]
    return path


@pytest.fixture
def photos():
    return {name: photo(40, 50, seed) for seed, name in enumerate(("first", "second"))}


def test_litert_equals_tensorflow(inpainter, exact, photos):
    for row in check.compare(inpainter, exact, photos):
        assert row.known_equal and row.within_one >= 0.999


def test_a_recomposed_fill_is_exported_too(tmp_path, photos):
    keras.utils.set_random_seed(1)
    encoder, _, feature2image = networks()
    options = Options(overlap=0.5, trust=0.3, recompose=True)
    inpainter = Inpainter(encoder, Image2Feature(128, 4), feature2image, (128,), options)
    litert.write(inpainter, tmp_path / "tiny.tflite", 128)
    for row in check.compare(inpainter, tmp_path / "tiny.tflite", photos):
        assert row.known_equal and row.within_one >= 0.999


@pytest.mark.parametrize("quantize, most", [("float16", 2), ("int8", 40)])
def test_quantized_models_are_close_and_small(inpainter, exact, photos, tmp_path, quantize, most):
    path = tmp_path / "tiny.tflite"
    litert.write(inpainter, path, SIDE, quantize)
    for row in check.compare(inpainter, path, photos):
        assert row.known_equal and row.mean < most
    assert path.stat().st_size < exact.stat().st_size


def test_the_example_fills_the_hole_alone(inpainter, exact, tmp_path):
    image, mask = photo(40, 50), mask_of(40, 50, (0, 3, 11, 14))
    Image.fromarray(image).save(tmp_path / "photo.png")
    Image.fromarray(mask * np.uint8(255)).save(tmp_path / "mask.png")
    files = [tmp_path / name for name in ("photo.png", "mask.png", "filled.png")]
    script = "export/examples/litert_client.py"
    subprocess.run([sys.executable, script, exact, *files], check=True)
    filled = np.array(Image.open(tmp_path / "filled.png"))
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    # Its window is the library's, so that its result is too.
    assert np.abs(filled.astype(int) - inpainter(image, mask))[mask].max() <= 1


def test_check_tells_another_model(exact, photos):
    other = Inpainter(*networks(), scales=SCALES)
    network = other.filler.feature2image[SCALES[0]]
    network.set_weights([0.5 * one for one in network.get_weights()])
    assert min(row.within_one for row in check.compare(other, exact, photos)) < 0.5


def test_the_layer_converts_to_built_in_operations_and_chooses_alike(tmp_path):
    layer = PatchSwap()
    shapes = [tf.TensorSpec([1, 12, 12, 8]), tf.TensorSpec([1, 12, 12, 1])]
    graph = tf.function(lambda *inputs: layer(inputs), shapes, autograph=False)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    path = tmp_path / "layer.tflite"
    path.write_bytes(converter.convert())
    generator = np.random.default_rng(0)
    for top, left in ((3, 3), (5, 2)):  # filters made at run time: one input proves nothing
        features = generator.normal(size=(1, 12, 12, 8)).astype(np.float32)
        hole = np.zeros((1, 12, 12, 1), np.float32)
        hole[:, top : top + 4, left : left + 3] = 1
        wanted = graph(features, hole).numpy()
        assert np.abs(wanted - features).max() > 0.5
        # Another winner would change a cell by whole units.
        got = litert_runner.invoke(path, {8: features, 1: hole})
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_kernels_of_several_scales_are_stored_once(tmp_path):
    first, other = np.arange(6, dtype=np.float16), np.arange(4, dtype=np.float32)
    (tmp_path / "group1-shard1of2.bin").write_bytes(first.tobytes() + first.tobytes()[:4])
    (tmp_path / "group1-shard2of2.bin").write_bytes(first.tobytes()[4:] + other.tobytes())
    half = {"shape": [2, 3], "dtype": "float32", "quantization": {"dtype": "float16"}}
    weights = [
        {"name": "small", **half},
        {"name": "large", **half},
        {"name": "other", "shape": [4], "dtype": "float32"},
    ]
    nodes = [{"name": weight["name"], "op": "Const"} for weight in weights]
    nodes += [{"name": "sum", "op": "AddN", "input": ["small", "large", "other", "^large"]}]
    model = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [
            {"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"], "weights": weights}
        ],
    }
    (tmp_path / "model.json").write_text(json.dumps(model))
    tfjs.share_kernels(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model.json", "weights.bin"]
    assert (tmp_path / "weights.bin").read_bytes() == first.tobytes() + other.tobytes()
    model = json.loads((tmp_path / "model.json").read_text())
    (group,) = model["weightsManifest"]
    assert group == {"paths": ["weights.bin"], "weights": [weights[0], weights[2]]}
    kept = {node["name"]: node.get("input") for node in model["modelTopology"]["node"]}
    assert kept.keys() == {"small", "other", "sum"}
    assert kept["sum"] == ["small", "small", "other"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="needs node: apt-get install nodejs")
def test_tfjs_equals_tensorflow(inpainter, photos, tmp_path):
    if not (tfjs.TOOLS / tfjs.ENVIRONMENT).exists():
        pytest.skip("needs the converter's environment: python -m export tfjs --out out/web/model")
    folder = tfjs.write(inpainter, tmp_path / "32", SIDE)
    assert tfjs_runner.side(folder) == SIDE
    for row in check.compare(inpainter, folder, photos):
        assert row.known_equal and row.mean <= 2


def test_a_saved_model_is_checked_by_its_newest_version(inpainter, photos, tmp_path):
    saved_model.save(inpainter, tmp_path)
    for row in check.compare(inpainter, tmp_path, photos):
        assert row.known_equal and row.within_one >= 0.999


def test_the_check_fails_past_a_mean(inpainter, exact, monkeypatch, capsys):
    monkeypatch.setattr(Inpainter, "from_preset", classmethod(lambda cls, name: inpainter))
    arguments = ["check", str(exact), "--photos", "1", "--most"]
    assert main([*arguments, "1"]) == 0
    other = networks()
    other[2].set_weights([0.5 * one for one in other[2].get_weights()])
    other = Inpainter(*other, scales=SCALES)
    monkeypatch.setattr(Inpainter, "from_preset", classmethod(lambda cls, name: other))
    assert main([*arguments, "1"]) == 2
    assert "grey levels from the preset's pictures" in capsys.readouterr().err


def test_wrong_inputs(inpainter, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Inpainter, "from_preset", classmethod(lambda cls, name: inpainter))
    path = tmp_path / "tiny.tflite"
    assert main(["litert", "--size", "100", "--out", str(path)]) == 2
    assert "a side of 16, 32" in capsys.readouterr().err
    assert main(["check", str(path)]) == 2
    assert "neither a SavedModel's folder nor" in capsys.readouterr().err
    (tmp_path / "web" / "256").mkdir(parents=True)
    (tmp_path / "web" / "256" / "model.json").write_text("{}")
    assert main(["check", str(tmp_path / "web")]) == 2
    assert "name one, such as " in capsys.readouterr().err
    path.write_bytes(b"nonsense")
    assert main(["check", str(path)]) == 2
    assert "LiteRT cannot run it" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["litert", "--size", "16", "--out", str(tmp_path / "file" / "tiny.tflite")]) == 2
    assert "could not be written" in capsys.readouterr().err
