"""What the page does when the server, a file or the user says no."""

import pytest
from PIL import Image

from tests import web_page
from tests.test_web_page import browser, note, page, photo, server, stub
from tests.web_page import mark, run, save, small_photo


def test_server_that_is_down(page, stub, photo):
    mark(page, 60, 50, 90, 70)
    page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
    page.click("[data-action=run]")
    page.wait_for_selector(".note.alert")
    assert note(page) == "The server does not answer. Nothing of your work is lost."
    page.unroute("**/v1/**")
    page.click("text=Try again")
    page.wait_for_selector("[data-action=compare]:enabled")
    assert len(stub.sent) == 1 and page.locator(".note.alert").count() == 0
    assert page.problems.pop().startswith("Failed to load resource")


@pytest.mark.parametrize(
    "status, said, shown",
    [
        (429, "too many", "The server is busy with other pictures. Try again in a moment."),
        (413, "over 64 MiB", "The picture is too large for the server: over 64 MiB."),
        (400, "no mask.", "The server cannot fill this: no mask."),
        (404, "Servable not found", "There is no tfpaint model behind this page."),
        (500, "", "The server failed (500)."),
    ],
)
def test_refusals(page, stub, photo, status, said, shown):
    stub.refusal = (status, said)
    mark(page, 60, 50, 90, 70)
    page.click("[data-action=run]")
    page.wait_for_selector(".note.alert")
    assert note(page) == shown
    assert page.is_disabled("[data-action=compare]")  # nothing has changed
    assert str(status) in page.problems.pop()


def test_a_page_instead_of_an_answer(page, stub, photo):
    stub.refusal = (200, b"<title>sign in</title>")
    mark(page, 60, 50, 90, 70)
    page.click("[data-action=run]")
    page.wait_for_selector(".note.alert")
    assert note(page) == "There is no tfpaint model behind this page."
    stub.refusal = None
    run(page)
    assert page.is_enabled("[data-action=compare]")


def test_without_a_server_this_device_is_chosen(page, stub):
    script = """async ([url, status, kept]) => {
        const { EngineSwitch } = await import(url + "js/engine_switch.js");
        kept ? localStorage.setItem("tfpaint-engine", kept) : localStorage.clear();
        window.fetch = async () => new Response("", { status });
        const menu = document.querySelector("#engines").cloneNode(true);
        menu.querySelector("[value=server]").checked = true;
        const label = document.querySelector("#engine-label");
        const engines = new EngineSwitch(menu, label, { model: { bytes: 1e6, scales: [128] } });
        await engines.choose();
        return label.textContent;
    }"""
    for status, kept, chosen in (
        (404, None, "On this device"),
        (200, None, "On the server"),
        (404, "server", "On the server"),
        (200, "browser", "On this device"),
    ):
        assert page.evaluate(script, [stub.url, status, kept]) == chosen


def test_a_damaged_file_leaves_what_runs(page, stub, photo, tmp_path):
    stub.free.clear()
    mark(page, 60, 50, 90, 70)
    page.click("[data-action=run]")
    page.wait_for_selector("text=Filling")
    (tmp_path / "notes.txt").write_text("hello")
    page.set_input_files("#photo-file", tmp_path / "notes.txt")
    page.wait_for_selector(".note.alert")
    stub.free.set()
    page.wait_for_selector("[data-action=compare]:enabled")


def test_cancel(page, stub, photo):
    stub.free.clear()
    mark(page, 60, 50, 90, 70)
    page.click("[data-action=run]")
    page.wait_for_selector("text=Filling")
    assert page.is_disabled("#save") and page.is_disabled("[name=tool] >> nth=0")
    page.click("text=Cancel")
    page.wait_for_selector("#busy", state="hidden")
    assert page.locator(".note").count() == 0
    stub.free.set()
    run(page)
    assert page.is_enabled("[data-action=compare]")


def test_a_file_that_is_no_picture(page, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    page.set_input_files("#photo-file", tmp_path / "notes.txt")
    page.wait_for_selector(".note.alert")
    assert note(page).startswith("notes.txt is not a picture that this browser can read.")
    page.set_input_files("#photo-file", save(small_photo()[:9], tmp_path / "thin.png"))
    page.wait_for_selector(".note >> text=thin.png is 200 × 9 pixels")


def test_a_photo_opened_while_the_server_is_looked_for_stays(browser, stub, tmp_path):
    """The check of the page whether there is a server may hang for as long as a proxy lets it."""
    with web_page.visit(browser, stub.url) as page:
        assets = '{"model": {"bytes": 1, "scales": [128]}}'
        page.route("**/assets.json", lambda route: route.fulfill(body=assets))
        waiting = []
        page.route("**/v1/models/tfpaint", lambda route: waiting.append(route))
        page.goto(stub.url)
        web_page.open_photo(page, save(small_photo(), tmp_path / "photo.png"))
        assert len(waiting) == 1
        waiting[0].fulfill(status=200)
        page.wait_for_timeout(200)
        assert page.locator("body").get_attribute("data-state") == "open"
        assert page.inner_text("#engine-label") == "On the server"


def test_of_two_photos_the_last_one_opened_stays(page, tmp_path):
    page.evaluate("""() => {
        const decode = createImageBitmap;
        window.createImageBitmap = async (file) => {
            if (file.name === "slow.png") await new Promise((free) => (window.free = free));
            return decode(file);
        };
    }""")
    page.set_input_files("#photo-file", save(small_photo(), tmp_path / "slow.png"))
    page.wait_for_function("() => window.free !== undefined")
    web_page.open_photo(page, save(small_photo()[:90, :120], tmp_path / "quick.png"))
    page.evaluate("() => window.free()")
    page.wait_for_timeout(200)
    assert web_page.download(page, "savePng", tmp_path).name == "quick-filled.png"


def test_the_keyboard_keeps_its_place(page, stub, photo):
    focused = "document.activeElement.id || document.activeElement.dataset.action"
    mark(page, 60, 50, 90, 70)
    page.focus("[data-action=run]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-action=compare]:enabled")
    assert page.evaluate(focused) == "canvas"
    page.focus("text=Dismiss")
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "canvas"


def test_a_mask_is_not_changed_while_it_is_filled(page, stub, photo, tmp_path):
    stub.free.clear()
    mark(page, 60, 50, 90, 70)
    page.click("[data-action=run]")
    page.wait_for_selector("text=Filling")
    mask = Image.new("L", web_page.SIZE, 255)
    mask.save(tmp_path / "mask.png")
    page.set_input_files("#mask-file", tmp_path / "mask.png")
    page.wait_for_selector(".note >> text=Wait until the hole is filled")
    stub.free.set()
    page.wait_for_selector("[data-action=compare]:enabled")
