"""The SavedModel of an inpainter that swaps patches of pixels, as TensorFlow Serving runs it."""

import io
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from serving.model import Model
from serving.status import Code, ServingError
from tests.tiny import mask_of, networks, photo
from tfpaint import saved_model
from tfpaint.filling.options import Options
from tfpaint.inpainter import Inpainter
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.pictures.tight_masks import grow

IMAGE, HOLE = photo(140, 150), mask_of(140, 150, (40, 50, 90, 100))


@pytest.fixture(scope="module")
def inpainter():
    keras.utils.set_random_seed(0)
    encoder, _, feature2image = networks()
    system = encoder, Image2Feature(64, width=4), feature2image
    return Inpainter(*system, scales=(64, 128), options=Options(pixels=True))


@pytest.fixture(scope="module")
def model(inpainter, tmp_path_factory):
    model = Model(saved_model.save(inpainter, tmp_path_factory.mktemp("models")))
    yield model
    model.close()


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def pairs(count):
    files = png(IMAGE), png(HOLE)
    names = "image_bytes", "mask_bytes"
    return {name: np.array([file] * count, object) for name, file in zip(names, files, strict=True)}


def variants(model, *seeds, photos=None):
    inputs = pairs(len(seeds) if photos is None else photos) | {"seed": np.array(seeds, np.int32)}
    files = model.run(model.signature("variants"), inputs)["image_bytes"]
    return [np.asarray(Image.open(io.BytesIO(file))).astype(int) for file in files]


def test_each_photo_of_a_batch_has_its_own_seed(model, inpainter):
    filled = variants(model, 0, 7, 2**31 - 1)
    for seed, found in zip((0, 7, 2**31 - 1), filled, strict=True):
        wanted = inpainter(IMAGE, HOLE, seed=seed)
        assert np.mean(np.abs(found - wanted)[HOLE] <= 1) > 0.99
        np.testing.assert_array_equal(found[~HOLE], IMAGE[~HOLE])
    assert all((one != filled[0])[HOLE].mean() > 0.5 for one in filled[1:])


@pytest.mark.parametrize("hole", [HOLE, mask_of(140, 150, (100, 0, 130, 150))])
def test_a_session_fills_with_all_options(model, inpainter, hole):
    """A seam is left there by a hole across the whole width, and filled in a pass of its own."""
    inputs = {"image_bytes": png(IMAGE), "mask_bytes": png(hole), "wrap": b"both"}
    inputs = {name: np.array([data], object) for name, data in inputs.items()}
    inputs |= {"seed": np.array([3], np.int32), "grow_mask": np.array([2], np.int32)}
    (file,) = model.run(model.signature("fill"), inputs)["image_bytes"]
    found, grown = np.asarray(Image.open(io.BytesIO(file))).astype(int), grow(hole, 2)
    wanted = inpainter(IMAGE, grown, seed=3, wrap="both")
    assert np.mean(np.abs(found - wanted)[grown] <= 1) > 0.99
    np.testing.assert_array_equal(found[~grown], IMAGE[~grown])


def test_seed_0_is_what_the_other_signatures_give(model):
    (best,) = variants(model, 0)
    (file,) = model.run(model.signature("bytes"), pairs(1))["image_bytes"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), best)
    arrays = {"image": IMAGE[None], "mask": HOLE[None, ..., None] * np.uint8(255)}
    np.testing.assert_array_equal(model.run(model.signature(""), arrays)["image"][0], best)


@pytest.mark.parametrize(
    "seeds, photos, sentence",
    [
        ((3, -1), 2, "item 1: the seed is -1: send a number from 0 to 2147483647"),
        ((3, 4), 1, "1 photos, but 2 seeds: send one seed a photo"),
    ],
)
def test_other_seeds_are_refused(model, seeds, photos, sentence):
    with pytest.raises(ServingError, match=sentence) as refused:
        variants(model, *seeds, photos=photos)
    assert refused.value.code == Code.INVALID_ARGUMENT


def test_clients_that_know_of_no_seed_are_served(model):
    """TensorFlow Serving's rows have to name every input."""
    assert set(model.signature("bytes").inputs) == {"image_bytes", "mask_bytes"}
    assert set(model.signature("variants").inputs) == {"image_bytes", "mask_bytes", "seed"}


def test_all_files_are_filled_by_one_graph(model, monkeypatch):
    """A session prepares what it runs for the first time, in seconds: once, not three times."""
    run, ran = model._session.run, []

    def spy(fetches, feeds, **options):
        ran.append((fetches, sorted(feeds)))
        return run(fetches, feeds, **options)

    monkeypatch.setattr(model, "_session", SimpleNamespace(run=spy))
    variants(model, 0)
    plain = model.run(model.signature("bytes"), pairs(1))
    whole = pairs(1) | {name: np.zeros(1, np.int32) for name in ("seed", "grow_mask")}
    same = model.run(model.signature("fill"), whole | {"wrap": np.array([b"none"], object)})
    assert ran[0] == ran[1] == ran[2] and plain["image_bytes"][0] == same["image_bytes"][0]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("count", [0, 2])
def test_what_is_wrong_is_said_as_before(model, count, order):
    """Options that a request has not sent are never what is wrong with it."""
    wrong = pairs(1) | {"mask_bytes": pairs(count)["mask_bytes"]}
    wrong = dict(list(wrong.items())[::order])
    with pytest.raises(ServingError, match=f"1 photos, but {count} masks"):
        model.run(model.signature("bytes"), wrong)
