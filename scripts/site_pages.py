"""MkDocs hooks: pages of the site that lie outside docs/, and links that lead out of docs/.

Files keep links that work where they lie in the repository. On the site, a link to a file that is a
page leads to that page, and one to any other file becomes plain text.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PAGES = {  # on the site: in the repository
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "configs.md": "train/configs/README.md",
    "model_card.md": "tfpaint/presets/photo/README.md",
}
_ON_SITE = {path: page for page, path in PAGES.items()}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^():#\s]+)(#[^()\s]*)?\)")
_PICTURE = re.compile(r"(!\[[^\]]*\])\(([^():\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    for page, path in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns the links of the repository into links of the site."""
    source = PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def target(link: str) -> str | None:
        """The link's target on the site; None if it is a file that is not there."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
        on_site = _ON_SITE.get(path, path.removeprefix("docs/"))
        return None if (ROOT / path).exists() and not files.get_file_from_path(on_site) else on_site

    def link(found: re.Match) -> str:
        text, where, anchor = found.groups(default="")
        on_site = target(where)
        return text if on_site is None else f"[{text}]({on_site}{anchor})"

    def picture(found: re.Match) -> str:
        return f"{found[1]}({target(found[2])})"

    return _PICTURE.sub(picture, _LINK.sub(link, markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns the links of notebooks, which are no Markdown to MkDocs, into links of the site."""
    return re.sub(r'href="([\w-]+)\.md(["#])', r'href="\1.html\2', html)
