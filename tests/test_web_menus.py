"""The page widens masks, knows of edges that meet, copies pictures, and answers links in words."""

import numpy as np
import pytest

from tests.test_web_page import box_mask, browser, note, page, photo, pixel, server, stub
from tests.web_page import SIZE, at, mark, mean_colour, open_photo, run, save
from tfpaint.pictures.tight_masks import grow


def widen(page, by):
    slider = page.locator("#growth")
    slider.fill(str(by))  # as dragging does: input, then change
    assert page.inner_text("#growth-shown") == str(by)


def test_the_slider_widens_the_mask(page, stub, photo):
    mark(page, 60, 50, 90, 70)
    page.click("#mask-button")
    widen(page, 9)
    widen(page, 4)  # from the mask as it was, not from the wider one
    page.keyboard.press("Escape")
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], grow(box_mask(60, 50, 90, 70), 4))


def test_widening_can_be_undone_and_begins_anew(page, stub, photo):
    mark(page, 60, 50, 90, 70)
    page.click("#mask-button")
    widen(page, 5)
    page.keyboard.press("Escape")
    page.click("#mask-button")
    assert page.input_value("#growth") == "0"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    run(page)
    np.testing.assert_array_equal(stub.sent[0][1], box_mask(60, 50, 90, 70))


def test_edges_that_meet(page, stub, photo):
    """The photo is sent with its edges in the middle; the answer comes back to where it belongs."""
    mark(page, 0, 50, 12, 70)
    mark(page, SIZE[0] - 8, 50, SIZE[0], 70)
    mask = box_mask(0, 50, 12, 70) | box_mask(SIZE[0] - 8, 50, SIZE[0], 70)
    page.click("#mask-button")
    page.check("[name=wrap][value=x]")
    page.keyboard.press("Escape")
    run(page)
    sent, hole, _ = stub.sent[0]
    (shift,) = (by for by in range(SIZE[0]) if (np.roll(photo, by, 1) == sent).all())
    np.testing.assert_array_equal(hole, np.roll(mask, shift, 1))
    assert not hole[:, :60].any() and not hole[:, -60:].any()
    colour = mean_colour(photo, mask)
    for x in (4, SIZE[0] - 4):
        assert pixel(page, *at(page, x, 60)) == colour.tolist()
    page.click("[data-action=others]")
    page.wait_for_selector(".answers button:nth-child(4)")
    assert stub.seeds == [None, 1, 2, 3]
    page.click(".answers button:nth-child(2)")
    assert pixel(page, *at(page, 4, 60)) == (colour + 1).tolist()


def test_the_next_photo_has_no_edges_that_meet(page, photo, tmp_path):
    page.click("#mask-button")
    page.check("[name=wrap][value=both]")
    page.keyboard.press("Escape")
    open_photo(page, save(photo, tmp_path / "next.png"))
    page.wait_for_function("document.querySelector('[name=wrap][value=none]').checked")


def test_copying(page, photo):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Control+c")
    page.wait_for_selector("#notes .note")
    assert note(page) == "Copied."
    size = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const { width, height } = await createImageBitmap(await item.getType("image/png"));
        return [width, height];
    }""")
    assert tuple(size) == SIZE


def test_copying_that_is_not_allowed_is_told(page, photo):
    refusal = "() => { navigator.clipboard.write = () => Promise.reject(new DOMException('no')); }"
    page.evaluate(refusal)
    page.click("#save")
    page.click("[data-action=copy]")
    page.wait_for_selector("#notes .note")
    assert "Download it instead" in note(page)


def test_selected_text_is_copied_as_text(page, photo):
    page.evaluate("getSelection().selectAllChildren(document.querySelector('footer'))")
    page.keyboard.press("Control+c")
    page.wait_for_timeout(200)
    assert page.locator("#notes .note").count() == 0


@pytest.mark.parametrize("kind, said", [("drop", "is a link"), ("paste", "no picture")])
def test_links_are_answered_in_words(page, kind, said):
    page.evaluate(
        """(kind) => {
            const data = new DataTransfer();
            data.setData("text/uri-list", "https://example.com/cat.jpg");
            const make = kind === "drop" ? DragEvent : ClipboardEvent;
            const property = kind === "drop" ? "dataTransfer" : "clipboardData";
            document.body.dispatchEvent(new make(kind, { [property]: data, bubbles: true }));
        }""",
        kind,
    )
    assert said in note(page)
    assert page.get_attribute("body", "data-state") == "empty"
