"""Other answers to a fill, offered by the page where the server knows them."""

import numpy as np
import pytest
from PIL import Image

from tests import web_page
from tests.test_web_page import browser, note, page, photo, server, stub
from tests.web_page import mark, open_photo, run, save, small_photo

BUTTON = "[data-action=others]"


@pytest.fixture
def filled(page, stub, photo):
    mark(page, 60, 50, 90, 70)
    run(page)
    return page


def ask(page, button=BUTTON):
    page.click(button)
    page.wait_for_selector("#others .strip:visible")


def answers(page):
    return page.locator(".answers button")


def chosen(page):
    return [one.get_attribute("aria-pressed") == "true" for one in answers(page).all()]


def result(page, tmp_path):
    return np.array(Image.open(web_page.download(page, "savePng", tmp_path)).convert("RGB"))


def test_other_answers_to_the_very_same_photo(filled, stub, photo, tmp_path):
    page = filled
    assert page.is_hidden("#others .strip")
    ask(page)
    assert stub.seeds == [None, 1, 2, 3]
    for sent, mask, _ in stub.sent[1:]:
        np.testing.assert_array_equal(sent, photo)  # not the filled one
        np.testing.assert_array_equal(mask, stub.sent[0][1])
    assert chosen(page) == [True, False, False, False]
    answers(page).nth(2).click()
    assert chosen(page) == [False, False, True, False]
    hole = stub.sent[0][1]
    expected = photo.copy()
    expected[hole] = web_page.mean_colour(photo, hole) + 2
    np.testing.assert_array_equal(result(page, tmp_path), expected)
    page.keyboard.press("Control+z")  # one step: the first fill
    expected[hole] = web_page.mean_colour(photo, hole)
    np.testing.assert_array_equal(result(page, tmp_path), expected)
    page.keyboard.press("Control+z")  # and the photo with its mark
    np.testing.assert_array_equal(result(page, tmp_path), photo)


def test_the_strip_shows_what_would_be_chosen(filled):
    page = filled
    ask(page)
    middles = page.evaluate(
        """() => [...document.querySelectorAll(".answers canvas")].map((canvas) => {
            const [x, y] = [canvas.width >> 1, canvas.height >> 1];
            return canvas.getContext("2d").getImageData(x, y, 1, 1).data[0];
        })"""
    )
    assert [value - middles[0] for value in middles] == [0, 1, 2, 3]


def test_by_keyboard(filled, stub):
    page = filled
    page.keyboard.press("o")
    page.wait_for_selector("#others .strip:visible")
    assert page.evaluate("document.activeElement.ariaLabel") == "Answer 2"  # the first new one
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert chosen(page) == [False, False, True, False]
    page.keyboard.press("Escape")
    assert page.is_hidden("#others .strip")
    assert page.evaluate("document.activeElement.dataset.action") == "others"
    page.keyboard.press("Enter")  # what has come is kept
    page.wait_for_selector("#others .strip:visible")
    assert stub.seeds == [None, 1, 2, 3] and len(chosen(page)) == 4
    page.click("[data-action=moreOthers]")
    page.wait_for_function("() => document.querySelectorAll('.answers button').length === 7")
    page.wait_for_selector("#others .strip:visible")
    assert stub.seeds[4:] == [4, 5, 6]


@pytest.mark.parametrize("change", ["paint", "undo", "open"])
def test_whatever_else_changes_the_picture_ends_it(filled, tmp_path, change):
    page = filled
    ask(page)
    if change == "paint":
        mark(page, 20, 20, 30, 30)
    elif change == "undo":
        page.keyboard.press("Control+z")
    else:
        open_photo(page, save(small_photo(1), tmp_path / "other.png"))
    page.wait_for_selector("#others", state="hidden")
    page.keyboard.press("o")
    assert page.is_hidden("#others")


def test_cancel(filled, stub):
    page = filled
    stub.free.clear()
    page.click(BUTTON)
    page.wait_for_selector("text=Filling 1 of 3")
    page.keyboard.press("Escape")
    page.wait_for_selector("#busy", state="hidden")
    assert page.is_hidden("#others .strip") and page.locator(".note.alert").count() == 0
    stub.free.set()
    ask(page)
    assert len(chosen(page)) == 4


def test_a_model_without_the_signature(page, stub, photo):
    stub.signatures = ["bytes"]
    mark(page, 60, 50, 90, 70)
    run(page)
    assert page.is_hidden("#others")
    stub.signatures = ["bytes", "variants"]
    mark(page, 20, 20, 40, 40)
    run(page)
    said = 'Serving signature name: "variants" not found in signature def'
    stub.refusal = (400, said)  # another version by now
    page.click(BUTTON)
    page.wait_for_selector(".note.alert")
    assert note(page) == "The server's model knows no other answers. A new export of it does."
    assert page.locator(".note.alert button").count() == 1  # Dismiss
    assert "400" in page.problems.pop()


def test_a_server_that_is_busy_is_asked_again(filled, stub):
    page = filled
    stub.refusal = (429, "too many")
    page.click(BUTTON)
    page.wait_for_selector(".note.alert")
    assert "429" in page.problems.pop()
    stub.refusal = None
    page.click(".note button >> text=Try again")
    page.wait_for_selector("#others .strip:visible")
    assert stub.seeds[1:] == [1, 2, 3]


def test_not_offered_on_this_device(browser, stub, tmp_path):
    with web_page.visit(browser, stub.url) as page:
        engine = """export async function inpaint({ width, height }) {
            const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
            return { patches: [{ x: 0, y: 0, width, height, pixels }], others: null };
        }"""
        kind = "text/javascript"
        page.route("**/browser.js", lambda route: route.fulfill(body=engine, content_type=kind))
        assets = '{"model": {"bytes": 1, "scales": [128]}}'
        page.route("**/assets.json", lambda route: route.fulfill(body=assets))
        page.goto(stub.url)
        open_photo(page, save(small_photo(), tmp_path / "photo.png"))
        page.click("[popovertarget=engines]")
        page.check("[value=browser]")
        page.keyboard.press("Escape")
        mark(page, 60, 50, 90, 70)
        run(page)
        page.wait_for_selector("[data-action=compare]:enabled")
        assert page.is_hidden("#others")


def test_phone(browser, stub, tmp_path):
    phone = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
    with web_page.visit(browser, stub.url, **phone) as page:
        open_photo(page, save(small_photo(), tmp_path / "photo.png"))
        mark(page, 90, 70, 110, 90)
        run(page)
        for button in (BUTTON, "[data-action=moreOthers]"):
            ask(page, button)
            for one in page.locator("#others button:visible, #zooms button:visible").all():
                if one.locator("xpath=ancestor::*[@class='answers']").count() == 0:
                    box = one.bounding_box()
                    assert box["x"] >= 0 and box["x"] + box["width"] <= 375
        assert page.evaluate("document.documentElement.scrollWidth") == 375
