"""The files of the page."""

import mimetypes
from pathlib import Path

from aiohttp import web

from serving.status import Code, ServingError

PAGE = Path(__file__).resolve().parent.parent / "export" / "web"

# Some systems' tables lack these, and browsers refuse modules and WASM of another type.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".bin": "application/octet-stream",
}

# The page talks to this server only. It is cross-origin isolated, so that WASM may use threads.
HEADERS = {
    "Cache-Control": "no-cache",  # ask again, and get "not modified"
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:;"
        " connect-src 'self' blob: data:; img-src 'self' blob: data:; object-src 'none';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_NO_PAGE = "tfpaint serves here; its page, the folder export/web, is not installed.\n"


class _File(web.FileResponse):
    """A file that, like other responses, may be prepared twice: by our middleware and aiohttp."""

    async def prepare(self, request):
        return None if self.prepared else await super().prepare(request)


class Page:
    """Serves the files in a folder, and nothing outside it.

    Args:
        folder: It has an `index.html`. If None, a line says that the page is not installed.
    """

    def __init__(self, folder: Path | None):
        self._folder = folder.resolve() if folder else None

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The file at a path; for a folder its `index.html`.

        Raises:
            ServingError: NOT_FOUND.
        """
        path = request.match_info["path"]
        if self._folder is None and not path:
            return web.Response(text=_NO_PAGE, headers=HEADERS)
        file = self._find(path)
        if file is None:
            raise ServingError(Code.NOT_FOUND, "no such file")
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        kind = kind or "application/octet-stream"
        return _File(file, headers=HEADERS | {"Content-Type": kind})

    def _find(self, path: str) -> Path | None:
        """The file at a path, if it is one that may be served."""
        parts = path.split("/")
        if self._folder is None or "\\" in path or any(part.startswith(".") for part in parts):
            return None
        try:
            file = self._folder.joinpath(*parts).resolve()
            if file.is_dir():
                file /= "index.html"
            inside = file.resolve().is_relative_to(self._folder)
            return file if inside and file.is_file() else None
        except (OSError, ValueError):  # too long, or with null characters
            return None
