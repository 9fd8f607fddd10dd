"""Threads share an inpainter: each call has its own progress, and a graph is traced once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.tiny import SCALES, mask_of, networks, photo
from tfpaint.filling import graphs
from tfpaint.inpainter import Inpainter

IMAGES = [photo(60, 80), photo(70, 90, seed=1)]
MASKS = [mask_of(60, 80, (5, 5, 12, 12), (40, 60, 48, 70)), mask_of(70, 90, (20, 20, 26, 26))]


@pytest.fixture
def inpainter():
    return Inpainter(*networks(), scales=SCALES)


@pytest.mark.parametrize("untraced", [0, 100])
def test_calls_at_the_same_time_tell_their_own_windows(inpainter, untraced):
    inpainter.untraced = untraced
    both = threading.Barrier(2, timeout=60)

    def fill(image, mask):
        windows = []

        def progress(index, count):
            windows.append((index, count))
            if index == 0:
                both.wait()

        return inpainter(image, mask, progress=progress), windows

    with ThreadPoolExecutor(2) as threads:
        (first, two), (second, one) = threads.map(fill, IMAGES, MASKS)
    assert (two, one) == ([(0, 2), (1, 2)], [(0, 1)])
    inpainter.untraced = 100
    for image, mask, filled in zip(IMAGES, MASKS, (first, second), strict=True):
        np.testing.assert_array_equal(filled, inpainter(image, mask))


def test_one_graph_is_traced_for_all_threads_and_sizes_of_holes(inpainter, monkeypatch):
    steps = [inpainter(*pair, steps=True) for pair in zip(IMAGES, MASKS, strict=True)]
    assert {inpainter.scales_for(mask) for mask in MASKS} == {SCALES[:1], SCALES}
    traced, fill_photo = [], graphs.fill_photo
    monkeypatch.setattr(
        graphs, "fill_photo", lambda *given: traced.append(given) or fill_photo(*given)
    )
    inpainter.untraced = 0
    with ThreadPoolExecutor(4) as threads:
        again = list(threads.map(lambda *pair: inpainter(*pair, steps=True), IMAGES * 4, MASKS * 4))
    assert len(traced) == 1
    np.testing.assert_equal([vars(one) for one in again], [vars(one) for one in steps * 4])
