"""The documentation as a site: whole, every link good, nothing from elsewhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import tfpaint

pytest.importorskip("mkdocs", reason="needs mkdocs: make setup")


class Links(HTMLParser):
    """What a page leads to and loads, and the anchors that it has."""

    def __init__(self, path):
        super().__init__()
        self.leads_to, self.loads, self.anchors = [], [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.add(found.get("id"))
        where = self.leads_to if tag == "a" else self.loads
        where += [found[name] for name in ("href", "src") if found.get(name)]


@pytest.fixture(scope="module")
def pages(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path: Links(path) for path in folder.glob("*.html") if path.name != "404.html"}


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(pages):
    assert len(pages) > 10
    wrong = []
    for path, page in pages.items():
        outside = [link for link in page.leads_to if link.startswith("http")]
        for link in {*page.leads_to, *page.loads} - {*outside}:
            where, _, anchor = link.partition("#")
            target = (path.parent / where).resolve() if where else path
            if not link.startswith("data:") and not (
                target.is_file() and (not anchor or anchor in pages[target].anchors)
            ):
                wrong.append(f"{path.name}: {link[:80]}")
    assert wrong == []


def test_every_picture_and_every_page_is_there(root, pages):
    loaded = {link for page in pages.values() for link in page.loads}
    pictures = {path.name for path in (root / "docs").iterdir() if path.suffix in (".jpg", ".png")}
    assert len(pictures) > 10 and pictures <= loaded
    written = {path.stem for path in (root / "docs").iterdir() if path.suffix in (".md", ".ipynb")}
    assert written <= {path.stem for path in pages}


def test_every_public_name_is_explained(pages):
    (api,) = (page for path, page in pages.items() if path.name == "api.html")
    assert {f"tfpaint.{name}" for name in tfpaint.__all__} <= api.anchors
    assert "tfpaint.Inpainter.from_preset" in api.anchors
