"""Presets: what is saved loads again; what does not fit is refused in one line."""

import json

import numpy as np
import pytest

from tfpaint.errors import InputError
from tfpaint.filling.multi_scale import network_at
from tfpaint.filling.options import PAPER, PHOTO, Options
from tfpaint.networks.encoder import DistilledEncoder
from tfpaint.networks.feature2image import Feature2Image
from tfpaint.networks.image2feature import Image2Feature
from tfpaint.presets import load_preset, preset_names, save_preset


def networks(width=4):
    return {
        "encoder": DistilledEncoder(8, 1, 16),
        "image2feature": Image2Feature(16, width=width),
        "feature2image": {
            16: Feature2Image(16, channels=16, width=4),
            32: Feature2Image(32, channels=16, width=4),
        },
    }


def test_a_saved_preset_loads_again_to_float16(tmp_path):
    saved = networks()
    save_preset(tmp_path / "p", **saved, scales=[16, 32], options=Options(overlap=0.5))
    loaded = load_preset(tmp_path / "p")
    assert loaded.scales == (16, 32) and loaded.options == Options(overlap=0.5)
    assert set(loaded.feature2image) == {16, 32}
    pairs = [(saved[key], getattr(loaded, key)) for key in ("encoder", "image2feature")]
    pairs.append((saved["feature2image"][32], loaded.feature2image[32]))
    for ours, theirs in pairs:
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
            if a.ndim == 1:
                np.testing.assert_array_equal(a, b)


def test_a_network_serves_from_its_scale_on():
    by_scale = {128: "small", 512: "large"}
    found = [network_at(by_scale, scale) for scale in (128, 256, 512, 1024)]
    assert found == ["small", "small", "large", "large"]
    assert network_at("one", 64) == "one"
    with pytest.raises(InputError, match="none for scale 64"):
        network_at(by_scale, 64)


def test_wrong_weights_are_refused(tmp_path):
    save_preset(tmp_path / "p", **networks())
    weights = tmp_path / "p" / "weights.npz"
    good = weights.read_bytes()
    save_preset(tmp_path / "other", **networks(width=8))
    for bad in (
        b"",
        b"not a zip",
        good[: len(good) // 2],
        (tmp_path / "other" / "weights.npz").read_bytes(),
    ):
        weights.write_bytes(bad)
        with pytest.raises(InputError, match="not this preset's weights"):
            load_preset(tmp_path / "p")
    weights.unlink()
    with pytest.raises(InputError, match="load_weights=False"):
        load_preset(tmp_path / "p")
    assert load_preset(tmp_path / "p", load_weights=False).image2feature.count_params() > 0


def test_wrong_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="neither bundled"):
        load_preset("no-such-preset")
    for text in (
        "",
        "{}",
        "[1]",
        json.dumps({"encoder": {"class_name": "os.system", "config": {}}}),
    ):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(InputError, match="not a preset's config"):
            load_preset(tmp_path)


def test_an_option_that_does_not_exist_is_named(tmp_path):
    save_preset(tmp_path, **networks(), scales=[16])
    config = json.loads((tmp_path / "config.json").read_text())
    for key, value in {"overlaps": 1, "trust": -1}.items():
        wrong = {**config, "options": {key: value}}
        (tmp_path / "config.json").write_text(json.dumps(wrong))
        with pytest.raises(InputError, match=f"config.json: .*{key}"):
            load_preset(tmp_path)


def test_the_bundled_presets_have_the_named_options():
    assert load_preset("photo", load_weights=False).options == PHOTO
    assert load_preset("paper", load_weights=False).options == PAPER


@pytest.mark.parametrize("name", preset_names())
def test_bundled_presets_build(name):
    loaded = load_preset(name, load_weights=False)
    assert loaded.encoder.output_shape[-1] == 256
