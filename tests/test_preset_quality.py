"""The bundled weights are no worse than the figures that `tests.preset_quality` has stored."""

import json

import pytest

from tests.preset_quality import FIGURES, VARIANTS, means

pytestmark = pytest.mark.slow
STORED = json.loads(FIGURES.read_text())["means"]


@pytest.fixture(scope="module", params=VARIANTS)
def figures(request, root):
    """(measured, stored) of the preset; perceptual distances only where VGG19's weights are."""
    vgg = root.parent / "shared" / "weights" / "vgg19_relu3_1.npz"
    measured = means(["tfpaint"], vgg if vgg.exists() else None, request.param)["tfpaint"]
    return measured, STORED[request.param]


def test_the_error_in_the_hole_is_under_its_bound(figures):
    measured, stored = figures
    assert measured["l1"] < 1.02 * stored["l1"]


def test_the_perceptual_distance_is_under_the_other_methods(figures, shared):
    measured, stored = figures
    assert measured["perceptual"] < 1.01 * stored["perceptual"]
    assert measured["perceptual"] < STORED["harmonic"]["perceptual"]
    assert measured["perceptual"] < STORED["patchmatch"]["perceptual"]
