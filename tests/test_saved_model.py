"""The SavedModel: the Inpainter's numbers, and refusals that say what to do."""

import functools
import io
import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import prediction_log_pb2

from export.__main__ import main
from serving.model import Model
from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint import saved_model
from tfpaint.errors import InputError
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.maps.traced import unoptimized
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.saved_model import writer
from tfpaint.saved_model.writer import METADATA, WARMUP
from tfpaint.style_transfer import restyle

OPTIONS = Options(key_blur=1.0, coherence=0.1, overlap=0.5, trust=0.3, tone_blur=1.0)
HOLES = [(10, 12, 22, 25), (0, 0, 9, 30), (30, 40, 36, 44), (5, 5, 25, 25)]


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(*networks(), scales=SCALES, options=OPTIONS)


@pytest.fixture(scope="module")
def folder(inpainter, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tfpaint"
    assert saved_model.save(inpainter, path, preset="tiny", max_pixels=20_000) == path / "1"
    return path


@pytest.fixture(scope="module")
def signatures(folder):
    return tf.saved_model.load(folder / "1").signatures


def masks(*boxes):
    return np.stack([mask_of(36, 44, box)[..., None] * np.uint8(255) for box in boxes])


def encode(array, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def call_bytes(signatures, *pairs):
    images, holes = (tf.constant([pair[i] for pair in pairs]) for i in (0, 1))
    return signatures["bytes"](image_bytes=images, mask_bytes=holes)["image_bytes"].numpy()


def test_a_batch_equals_single_calls_and_the_inpainter(signatures, inpainter):
    serve = signatures["serving_default"]
    images = np.stack([photo(36, 44, seed) for seed in range(4)])
    together = serve(image=images, mask=masks(*HOLES))["image"].numpy()
    for image, mask, filled in zip(images, masks(*HOLES), together, strict=True):
        single = serve(image=image[None], mask=mask[None])["image"].numpy()[0]
        np.testing.assert_array_equal(filled, single)
        missing = mask[..., 0] > 0
        np.testing.assert_array_equal(filled[~missing], image[~missing])
        wanted = inpainter(image, missing)
        assert np.abs(filled.astype(int) - wanted)[missing].max() <= 1
        assert (wanted != image)[missing].any()


def test_files_of_other_sizes_in_one_batch(signatures, inpainter):
    first, second = photo(36, 44), photo(60, 51, 1)
    holes = mask_of(36, 44, HOLES[0]), mask_of(60, 51, HOLES[3])
    jpeg = encode(second, "JPEG")
    pairs = [(encode(first), encode(holes[0])), (jpeg, encode(holes[1]))]
    filled = [np.asarray(Image.open(io.BytesIO(one))) for one in call_bytes(signatures, *pairs)]
    second = tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE").numpy()
    for image, hole, result in zip((first, second), holes, filled, strict=True):
        np.testing.assert_array_equal(result[~hole], image[~hole])
        assert np.abs(result.astype(int) - inpainter(image, hole)).max() <= 1


def test_coloured_and_transparent_masks(signatures):
    image, hole = photo(36, 44), mask_of(36, 44, HOLES[0])
    red = np.zeros((36, 44, 3), np.uint8)
    red[hole, 0] = 255
    strokes = np.dstack([np.full((36, 44, 3), 255, np.uint8), hole * np.uint8(255)])
    wanted, *others = (
        call_bytes(signatures, (encode(image), encode(mask)))[0]
        for mask in (hole * np.uint8(255), red, strokes)
    )
    assert others == [wanted, wanted]


@pytest.mark.parametrize("value", [0, 1, 127])
def test_a_mask_that_selects_nothing_is_refused(signatures, value):
    image, mask = photo(36, 44), np.full((36, 44), value, np.uint8)
    erased = np.dstack([np.zeros((36, 44, 3), np.uint8), mask])  # black where it is opaque
    message = "item 0: the mask selects nothing, its largest value is {} of 255"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message.format(value)):
        signatures["serving_default"](image=image[None], mask=mask[None, ..., None])
    with pytest.raises(tf.errors.InvalidArgumentError, match=message.format(value)):
        call_bytes(signatures, (encode(image), encode(mask)))
    with pytest.raises(tf.errors.InvalidArgumentError, match=message.format(0)):
        call_bytes(signatures, (encode(image), encode(erased)))


def test_features_before_and_after_the_swap(signatures, inpainter):
    image = photo(SCALES[1], SCALES[1])[None]
    mask = mask_of(32, 32, (12, 12, 20, 20))[None, ..., None]
    outputs = signatures["features"](image=image, mask=mask * np.uint8(255))
    features, swapped = outputs["features"].numpy(), outputs["swapped"].numpy()
    assert features.shape == swapped.shape == (1, 8, 8, 8)
    known = np.ones((8, 8), bool)
    known[3:5, 3:5] = False
    np.testing.assert_array_equal(features[0, known], swapped[0, known])
    assert np.abs(features - swapped).max() > 1e-3
    with pytest.raises(tf.errors.InvalidArgumentError, match="square and of side 16, 32"):
        signatures["features"](image=image[:, :20], mask=mask[:, :20] * np.uint8(255))


PNG = encode(photo(36, 44))
MASK = encode(mask_of(36, 44, HOLES[0]))


def huge_png():
    """Its header says 4 gigapixels; there is nothing behind it."""
    return PNG[:16] + (65536).to_bytes(4, "big") * 2 + PNG[24:]


def huge_jpeg():
    data = bytearray(encode(photo(36, 44), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\xea\x60\xea\x60"
    return bytes(data)


@pytest.mark.parametrize(
    "image, mask, sentence",
    [
        (PNG, encode(mask_of(36, 40)), "item 0: the mask is 40x36 pixels, but the photo 44x36"),
        (PNG, encode(np.full((36, 44), 255, np.uint8)), "covers the whole photo"),
        (PNG, encode(np.eye(36, 44, dtype=np.uint8)), "largest value is 1 of 255 .*: send 255"),
        (b"", MASK, "the photo is neither PNG nor JPEG: convert it"),
        (b"hello" * 20, MASK, "the photo is neither PNG nor JPEG"),
        (encode(photo(36, 44), "GIF"), MASK, "the photo is neither PNG nor JPEG"),
        (PNG, b"BM" + bytes(99), "the mask is neither PNG nor JPEG"),
        (PNG[:200], MASK, "the_photo_is_damaged"),
        (encode(photo(36, 44), "JPEG")[:30], MASK, "the_photo_is_damaged"),
        (PNG, MASK[:40], "the_mask_is_damaged"),
        (huge_png(), MASK, "the photo is 65536x65536 pixels, more than 20000 in all: shrink it"),
        (huge_jpeg(), MASK, "the photo is 60000x60000 pixels, more than 20000"),
        (encode(photo(8, 9)), encode(mask_of(8, 9, (1, 1, 3, 3))), "needs at least 16 a side"),
    ],
)
def test_what_cannot_be_served_says_what_to_do(signatures, image, mask, sentence):
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        call_bytes(signatures, (image, mask))


def test_masks_are_counted(signatures):
    images = np.stack([photo(36, 44)] * 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 photos, but 1 masks"):
        signatures["serving_default"](image=images, mask=masks(HOLES[0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="the batch is empty"):
        signatures["serving_default"](image=images[:0], mask=masks(HOLES[0])[:0])


def test_stylize_gives_what_the_library_gives(signatures, inpainter):
    content, style = photo(50, 96), photo(80, 41, seed=1)
    arrays = {"content": content[None], "style": style[None]}
    strengths = {
        name: np.array([value], np.float32) for name, value in {"all": 1, "none": 0}.items()
    }
    found = signatures["stylize"](**arrays, strength=strengths["all"])["image"].numpy()[0]
    wanted = restyle(inpainter, tf.constant(content), tf.constant(style), 1.0).numpy()
    assert np.abs(found - np.clip(wanted, 0, 1) * 255).max() <= 1
    other = signatures["stylize"](**arrays, strength=strengths["none"])["image"].numpy()[0]
    assert np.abs(found.astype(int) - other).mean() > 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="from 0 to 1"):
        signatures["stylize"](**arrays, strength=np.array([1.5], np.float32))
    arrays["style"] = np.zeros((1, 20, 800, 3), np.uint8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the style is 800x20 pixels"):
        signatures["stylize"](**arrays, strength=strengths["all"])


def requests(file):
    """The signature's name and the inputs of each request for warm-up."""
    for record in tf.data.TFRecordDataset(str(file)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "tfpaint"
        arrays = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        inputs = {name: tf.constant(array) for name, array in arrays.items()}
        yield request.model_spec.signature_name, inputs


def test_warm_up_has_a_request_for_every_signature(folder, signatures):
    used = set()
    for name, inputs in requests(folder / "1" / "assets.extra" / WARMUP):
        signatures[name](**inputs)
        used.add(name)
    assert used == set(signatures)


def test_it_holds_stock_operations_in_float32_and_says_what_it_is(folder, signatures):
    graphs = [one.graph.as_graph_def() for one in signatures.values()]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for one in graph.library.function for node in one.node_def]
    assert not {node.op for node in nodes} & {"PyFunc", "EagerPyFunc", "XlaLaunch"}
    assert not any(node.attr["_XlaMustCompile"].b for node in nodes)
    notes = json.loads((folder / "1" / "assets.extra" / METADATA).read_text())
    assert (notes["preset"], notes["scales"], notes["max_pixels"]) == ("tiny", [16, 32], 20_000)
    assert len(notes["sha256"]) == 64 and notes["overlap"] == 0.5


def test_a_half_precision_inpainter_is_saved_in_float32(inpainter):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    half = Inpainter(*networks(), scales=SCALES, options=OPTIONS)
    whole = saved_model.in_float32(half)
    assert whole.filler.feature2image[SCALES[0]].layers[1].compute_dtype == "float32"
    assert whole.filler.options == half.filler.options
    image, mask = photo(36, 44), mask_of(36, 44, HOLES[0])
    assert np.abs(whole(image, mask).astype(int) - inpainter(image, mask)).max() <= 1


def test_the_next_export_is_the_next_version(tmp_path, inpainter, capsys, monkeypatch):
    monkeypatch.setattr(Inpainter, "from_preset", classmethod(lambda cls, name: inpainter))
    (tmp_path / "7").mkdir()
    assert main(["saved-model", "--out", str(tmp_path)]) == 0
    assert "8: " in capsys.readouterr().out
    assert sorted(one.name for one in tmp_path.iterdir()) == ["7", "8"]


def test_a_place_that_cannot_be_written(tmp_path, inpainter):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        saved_model.save(inpainter, tmp_path / "file")


@pytest.fixture(scope="module")
def model(folder):
    model = Model(folder / "1")  # runs the requests of every signature and window
    yield model
    model.close()


def test_a_session_as_in_tensorflow_serving_answers_the_warm_up(model, signatures):
    image, mask = photo(36, 44)[None], masks(HOLES[0])
    inputs = {"image": image, "mask": mask}
    filled = model.run(model.signature(""), inputs)["image"]
    wanted = signatures["serving_default"](image=image, mask=mask)["image"]
    np.testing.assert_array_equal(filled, wanted)


@pytest.fixture(scope="module")
def serve(model):
    """Answers in the server's session, and like TensorFlow Serving checks no shapes before it."""

    @functools.cache
    def prepared(signature, names):
        found = model.signatures[signature]
        options = config_pb2.CallableOptions(
            feed=[found.inputs[name].name for name in names],
            fetch=[one.name for one in found.outputs.values()],
        )
        return model._session._make_callable_from_options(options)

    return lambda signature, inputs: prepared(signature, tuple(inputs))(*inputs.values())


IMAGE, HOLE = photo(36, 44)[None], masks(HOLES[0])
WINDOW = np.zeros((1, 16, 16, 3), np.uint8)
ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    "signature, inputs, name, shape, expected",
    [
        ("serving_default", [IMAGE.repeat(4, 3)[..., :4], HOLE], "image", "1,36,44,4", "?,?,?,3"),
        ("serving_default", [IMAGE[0], HOLE[0]], "image", "36,44,3", "?,?,?,3"),
        ("serving_default", [IMAGE[None], HOLE[None]], "image", "1,1,36,44,3", "?,?,?,3"),
        ("serving_default", [IMAGE, HOLE[..., 0]], "mask", "1,36,44", "?,?,?,1"),
        ("bytes", [np.array([[PNG]], object), np.array([MASK], object)], "image", "1,1", "?"),
        ("features", [WINDOW.repeat(2, 0), WINDOW[..., :1]], "image", "2,16,16,3", "1,?,?,3"),
        ("stylize", [IMAGE[0], IMAGE, ONE], "content", "36,44,3", "1,?,?,3"),
        ("stylize", [IMAGE, IMAGE, np.float32(1)], "strength", "", "1"),
    ],
)
def test_other_ranks_and_channels_are_refused_by_name(
    serve, signature, inputs, name, shape, expected
):
    names = {
        "bytes": ("image_bytes", "mask_bytes"),
        "stylize": ("content", "style", "strength"),
    }.get(signature, ("image", "mask"))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        serve(signature, dict(zip(names, inputs, strict=True)))
    error = str(caught.value)
    assert re.search(rf"Shape of tensor \w*{name}\w* \[{shape}\] is not compatible", error), error
    assert f"expected shape [{expected}]" in error


@pytest.mark.parametrize("scales, max_pixels", [((16, 32), 1023), ((32,), 600)])
def test_the_warm_up_keeps_to_the_limit_of_pixels(tmp_path, scales, max_pixels):
    encoder, _, feature2image = networks()
    image2feature = Image2Feature(size=scales[0], width=4)
    inpainter = Inpainter(encoder, image2feature, feature2image, scales, OPTIONS)
    writer.warmup.write(tmp_path / WARMUP, "tfpaint", inpainter, max_pixels)
    functions = writer.signatures(inpainter, max_pixels)
    with unoptimized():
        for name, inputs in requests(tmp_path / WARMUP):
            functions[name].get_concrete_function()(**inputs)  # fails if it refuses its own request


def test_a_limit_under_the_smallest_photo(tmp_path, inpainter):
    with pytest.raises(InputError, match="has 256 pixels; give at least that"):
        saved_model.save(inpainter, tmp_path, max_pixels=255)
