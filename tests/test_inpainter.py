import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint.errors import InputError
from tfpaint.filling.multi_scale import WindowFiller
from tfpaint.filling.options import PAPER, Options
from tfpaint.inpainter import Inpainter
from tfpaint.maps.low_pass import low_pass
from tfpaint.patch_swap.matching import match_function
from tfpaint.presets import Preset


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(*networks(), scales=SCALES)


class Constant(keras.layers.Layer):
    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def call(self, x):
        return 0 * x + self.value


@pytest.fixture(scope="module")
def marking():
    """Networks that paint one colour, whatever they see; no tone to align to in a grey photo."""
    image, mask = keras.Input((16, 16, 3)), keras.Input((16, 16, 1))
    coarse = keras.layers.Cropping2D(4)(Constant(-1.0)(image))
    features = keras.Input((None, None, 3))
    fine = Constant(0.0)(keras.layers.UpSampling2D(4)(features))
    encoder = keras.Sequential([keras.Input((None, None, 3)), keras.layers.AveragePooling2D(4)])
    return Inpainter(
        encoder,
        keras.Model([image, mask], coarse),
        keras.Model(features, fine),
        scales=SCALES,
    )


def check_filled(inpainter, mask, painted=128):
    """What is painted does not depend on the hidden pixels, so all the hole was filled."""
    image = np.full((*mask.shape, 3), painted, np.uint8)
    image[mask] = 7
    filled = inpainter(image, mask)
    assert filled.dtype == np.uint8 and filled.shape == image.shape
    assert np.abs(filled.astype(int) - painted).max() <= 1


HOLES = {
    "one": mask_of(60, 80, (20, 30, 34, 42)),
    "several": mask_of(70, 90, (5, 5, 12, 12), (40, 30, 60, 44), (8, 70, 10, 88)),
    "border": mask_of(60, 80, (20, 0, 30, 10)),
    "corner": mask_of(60, 80, (50, 70, 60, 80)),
    "two corners": mask_of(48, 32, (0, 0, 12, 10), (40, 24, 48, 32)),
    "scratch": np.eye(90, 120, dtype=bool) | np.eye(90, 120, 1, dtype=bool),
    "larger than a window": mask_of(90, 90, (10, 10, 75, 80)),
    "almost all": ~mask_of(64, 80, (0, 0, 64, 2), (0, 0, 2, 80)),
    "one known pixel": ~mask_of(40, 40, (39, 0, 40, 1)),
    "the smallest photo": mask_of(16, 16, (4, 4, 12, 12)),
    "a strip of a photo": mask_of(16, 300, (0, 100, 16, 150)),
    "chessboard": np.indices((40, 40)).sum(0) % 2 == 0,
}


@pytest.mark.parametrize("missing", [slice(100, 600), slice(0, 420)])
def test_a_strip_is_continued_from_its_known_end(missing):
    """Pieces that see nothing known wait for those that do."""
    anything, features = keras.Input((None, None, 3)), keras.Input((None, None, 6))
    means = keras.layers.AveragePooling2D(4)(anything)
    image, mask = keras.Input((128, 128, 3)), keras.Input((128, 128, 1))
    copying = Inpainter(
        keras.Model(anything, keras.layers.Concatenate()([means, Constant(1.0)(means)])),
        keras.Model([image, mask], keras.layers.Cropping2D(32)(image)),
        keras.Model(features, keras.layers.UpSampling2D(4)(features[..., :3])),
        scales=[128, 256],
    )
    red = np.full((60, 600, 3), (200, 60, 60), np.uint8)
    hole = np.zeros((60, 600), bool)
    hole[:, missing] = True
    filled = copying(np.where(hole[..., None], 0, red).astype(np.uint8), hole)
    np.testing.assert_allclose(filled, red, atol=2)


@pytest.mark.parametrize("mask", HOLES.values(), ids=HOLES.keys())
def test_every_hole_is_filled(marking, mask):
    check_filled(marking, mask)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_random_masks_are_filled(marking, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    height, width = rng.integers(16, 120, 2)
    mask = rng.random((height, width)) < rng.choice([0.001, 0.02, 0.9])
    for _ in range(rng.integers(0, 5)):
        y, x = rng.integers(0, height), rng.integers(0, width)
        mask[y : y + rng.integers(1, 60), x : x + rng.integers(1, 60)] = True
    mask[rng.integers(0, height), rng.integers(0, width)] = False
    check_filled(marking, mask)


@pytest.mark.parametrize("mask", HOLES.values(), ids=HOLES.keys())
def test_known_pixels_are_kept_bit_for_bit(inpainter, mask):
    image = photo(*mask.shape)
    filled = inpainter(image, mask)
    np.testing.assert_array_equal(filled[~mask], image[~mask])


def test_hidden_pixels_do_not_matter_and_the_result_is_repeatable(inpainter):
    mask = HOLES["several"]
    image = photo(*mask.shape)
    other = np.where(mask[..., None], photo(*mask.shape, seed=1), image)
    filled = inpainter(image, mask)
    np.testing.assert_array_equal(inpainter(image, mask), filled)
    np.testing.assert_array_equal(inpainter(other, mask), filled)
    assert (filled != image)[mask].any()


def test_a_large_photo(inpainter):
    image, mask = photo(2000, 3000), mask_of(2000, 3000, (0, 2990, 9, 3000), (700, 900, 1500, 1800))
    filled = inpainter(image, mask)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    assert (filled[mask] != image[mask]).mean() > 0.9


def test_an_empty_mask_returns_a_copy_of_the_photo(inpainter):
    image = photo(20, 30)
    filled = inpainter(image, np.zeros((20, 30), bool))
    np.testing.assert_array_equal(filled, image)
    assert not np.shares_memory(filled, image)


@pytest.mark.parametrize(
    ("image", "mask", "words"),
    [
        (photo(20, 30), np.ones((20, 30), bool), "whole photo"),
        (photo(20, 30), np.zeros((30, 20), bool), "20x30 pixels, but the photo 30x20"),
        (photo(15, 30), np.eye(15, 30, dtype=bool), "at least 16"),
        (photo(20, 30) / 255, np.eye(20, 30, dtype=bool), "uint8"),
        (photo(20, 30)[..., 0], np.eye(20, 30, dtype=bool), "uint8"),
        (photo(20, 30), np.eye(20, 30), "bool"),
        (photo(20, 30), np.ones((20, 30, 1), bool), "bool"),
    ],
)
def test_bad_input(inpainter, image, mask, words):
    with pytest.raises(InputError, match=words):
        inpainter(image, mask)


@pytest.mark.parametrize(
    "options",
    [{"scales": ()}, {"scales": (16, 64)}],
)
def test_bad_scales(options):
    with pytest.raises(InputError, match="twice the one before"):
        Inpainter(None, None, None, **options)


def test_a_scale_without_a_network():
    with pytest.raises(InputError, match="feature2image"):
        Inpainter(None, None, {2 * SCALES[0]: None}, scales=SCALES)


def test_steps(marking):
    mask = mask_of(80, 80, (5, 5, 10, 10), (40, 40, 54, 54))
    image = np.full((80, 80, 3), 128, np.uint8)
    steps = marking(image, mask, steps=True)
    np.testing.assert_array_equal(steps.image, marking(image, mask))
    np.testing.assert_array_equal(steps.scales[32], steps.image)
    assert set(steps.scales) == set(SCALES)
    for picture in (steps.coarse, *steps.scales.values()):
        np.testing.assert_array_equal(picture[~mask], image[~mask])
    assert (steps.coarse[5:10, 5:10] == 0).all()  # the coarse network paints black
    assert (steps.coarse[43:51, 43:51] == 0).all()


@pytest.fixture
def eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_small_holes_are_known_to_the_windows_of_large_ones(marking, monkeypatch, eagerly):
    """The speck becomes known before the large hole's window, which reaches it, looks at it."""
    mask = mask_of(80, 80, (20, 20, 22, 22), (30, 30, 44, 44))
    seen, states = [], marking.filler.states
    monkeypatch.setattr(
        marking.filler,
        "states",
        lambda crop, *rest: seen.append(crop[..., 4].numpy().sum()) or states(crop, *rest),
    )
    marking(np.full((80, 80, 3), 9, np.uint8), mask)
    assert seen == [2 * 2, 14 * 14]


def test_iterations_repeat_each_scale(monkeypatch, eagerly):
    inpainter = Inpainter(*networks(), scales=SCALES, options=Options(iterations=3))
    seen, refine = [], inpainter.filler.refine
    monkeypatch.setattr(
        inpainter.filler, "refine", lambda *maps: seen.append(maps[4]) or refine(*maps)
    )
    inpainter(photo(60, 80), HOLES["one"])
    assert seen == [0, 0, 0, 1, 1, 1]


def test_large_windows_propagate_and_are_tiled(monkeypatch):
    monkeypatch.setattr("tfpaint.filling.multi_scale.EXACT", 32)
    for module in ("filling.multi_scale", "networks.tiles"):
        monkeypatch.setattr(f"tfpaint.{module}.TILE", 64)
        monkeypatch.setattr(f"tfpaint.{module}.HALO", 8)
    engines = []
    find = match_function

    def recorded(engine, *rest):
        engines.append(engine)
        return find(engine, *rest)

    monkeypatch.setattr("tfpaint.patch_swap.backends.match_function", recorded)
    inpainter = Inpainter(*networks(), scales=(16, 32, 64, 128))
    image, mask = photo(140, 150), mask_of(140, 150, (40, 40, 90, 95))
    filled = inpainter(image, mask)
    assert engines == ["exact", "exact", "propagated", "propagated"]
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    assert (filled != image)[mask].any()


def test_scales_begin_at_the_side_of_image2feature():
    with pytest.raises(InputError, match="the first has to be Image2Feature's 16"):
        Inpainter(*networks(), scales=SCALES[1:])


def test_only_the_scales_that_a_photo_needs_are_traced():
    inpainter = Inpainter(*networks(), scales=SCALES)
    image = photo(60, 80)
    steps = inpainter(image, mask_of(60, 80, (20, 30, 26, 36)), steps=True)
    assert set(steps.scales) == set(SCALES)
    np.testing.assert_array_equal(steps.scales[SCALES[-1]], steps.scales[SCALES[0]])
    mask = HOLES["one"]
    np.testing.assert_array_equal(inpainter(image, mask), inpainter.inpaint(image, mask, 0))


def test_tone_blur_keeps_the_tones_that_a_scale_begins_with():
    image = tf.random.stateless_uniform((1, 32, 32, 3), (0, 1), -0.2, 0.2)
    mask = np.zeros((1, 32, 32, 1), np.float32)
    mask[:, 8:24, 8:24] = 1
    filled = image + 0.4 * mask
    networks_ = networks()
    plain, toned = (
        WindowFiller(*networks_, scales=SCALES, options=options).refine(
            filled, image, mask, None, 1
        )[0]
        for options in (PAPER, Options(tone_blur=1.0))
    )
    wanted = plain + low_pass(filled - plain, 2.0)  # 1 at 16 pixels
    np.testing.assert_allclose(toned, np.where(mask, wanted, image), atol=1e-5)
    assert np.abs(toned - plain).max() > 0.1


@pytest.mark.slow
def test_the_graph_is_saved_and_gives_the_same(tmp_path):
    inpainter = Inpainter(*networks(), scales=SCALES[:1])
    mask = HOLES["several"]
    image = photo(*mask.shape)
    module = tf.Module()
    module.weights, module.inpaint = inpainter.filler.variables, inpainter.inpaint
    tf.saved_model.save(module, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    np.testing.assert_array_equal(loaded.inpaint(image, mask, 0), inpainter(image, mask))


def test_the_graph_can_be_mapped_over_a_batch(inpainter):
    masks = np.stack([mask_of(40, 40, (5, 5, 12, 12)), mask_of(40, 40, (0, 20, 20, 40))])
    images = np.stack([photo(40, 40), photo(40, 40, seed=1)])
    together = tf.map_fn(
        lambda item: inpainter.inpaint(*item, 0), (images, masks), fn_output_signature=tf.uint8
    )
    alone = [inpainter(image, mask) for image, mask in zip(images, masks, strict=True)]
    np.testing.assert_array_equal(together, alone)


def test_from_preset_passes_options_on(monkeypatch):
    encoder, image2feature, feature2image = networks()
    by_scale = {16: feature2image, 32: feature2image}
    preset = Preset(encoder, image2feature, by_scale, SCALES, Options(iterations=2, overlap=0.5))
    monkeypatch.setattr("tfpaint.inpainter.load_preset", lambda name, load_weights: preset)
    inpainter = Inpainter.from_preset("any", load_weights=False, iterations=3)
    assert inpainter.scales == SCALES
    assert inpainter.filler.options == Options(iterations=3, overlap=0.5)
    assert Inpainter.from_preset("any", scales=[16]).scales == (16,)
    with pytest.raises(InputError, match="'overlaps' is no option; there are key_blur"):
        Inpainter.from_preset("any", overlaps=1)


def test_progress_counts_the_windows(inpainter):
    """Each window is told before it is filled, and the result is the same."""
    image, mask = photo(90, 300), mask_of(90, 300, (5, 5, 12, 12), (40, 100, 54, 114))
    seen = []
    filled = inpainter(image, mask, progress=lambda *window: seen.append(window))
    assert seen == [(0, 2), (1, 2)]
    np.testing.assert_array_equal(filled, inpainter(image, mask))
    assert len(seen) == 2
    inpainter(image, mask, steps=True, progress=lambda *window: seen.append(window))
    assert seen[2:] == [(0, 2), (1, 2)]
