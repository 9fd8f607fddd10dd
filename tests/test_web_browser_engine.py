"""The page's engine inside the browser: TensorFlow.js on WASM, against the library."""

import json

import numpy as np
import pytest
from PIL import Image

from tests import web_page


@pytest.fixture(scope="module")
def site(root):
    """The page with the model for browsers, as the export programs write it."""
    folder = root / "out" / "web"
    file = folder / "assets.json"
    assets = json.loads(file.read_text()) if file.is_file() else {}
    if "model" not in assets:
        pytest.skip(
            "needs out/web with a model: python -m export tfjs --out out/web/model, then"
            " python -m export web --out out/web"
        )
    return folder, assets


@pytest.mark.slow
def test_fills_in_the_browser_as_in_python(site, tmp_path):
    """The same picture, nothing sent, a page that stays responsive, and a run that can be ended."""
    data = pytest.importorskip("skimage.data", reason="needs scikit-image: make setup")
    from tfpaint import Inpainter

    folder, assets = site
    photo = data.rocket()
    mask = np.zeros(photo.shape[:2], bool)
    mask[120:160, 300:340] = True
    files = web_page.save(photo, tmp_path / "a.png"), web_page.save(mask, tmp_path / "mask.png")
    with (
        web_page.chromium() as browser,
        web_page.serve(folder) as stub,
        web_page.visit(browser, stub.url + "?backend=wasm") as page,
    ):
        page.set_default_timeout(120_000)
        web_page.open_photo(page, files[0])
        page.set_input_files("#mask-file", files[1])
        page.wait_for_selector("[data-action=undo]:enabled")
        page.click("[popovertarget=engines]")
        page.click("[value=browser]")
        page.keyboard.press("Escape")
        web_page.run(page)
        result = web_page.download(page, "savePng", tmp_path)

        page.keyboard.press("Control+z")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(
            """() => {
                window.frames = [];
                const tick = (now) => { window.frames.push(now); requestAnimationFrame(tick); };
                requestAnimationFrame(tick);
            }"""
        )
        web_page.run(page)
        assert np.median(np.diff(page.evaluate("window.frames"))) < 100  # milliseconds
        assert not [url for url in asked if url.startswith("http")]

        page.keyboard.press("Control+z")
        page.click("[data-action=run]")
        page.click("text=Cancel")
        page.wait_for_selector("[data-action=run]:enabled", timeout=3000)
        assert not stub.sent
    result = np.array(Image.open(result).convert("RGB"))
    np.testing.assert_array_equal(result[~mask], photo[~mask])
    inpainter = Inpainter.from_preset("photo", scales=assets["model"]["scales"])
    difference = np.abs(result.astype(int) - inpainter(photo, mask))[mask]
    assert difference.mean() <= 2
