"""The built pages of the screens: the store's at `/staff/`, the diner's at `/app/`, served from this process.

`python -m tools.web` puts them into `goodtaste/_web`, each text also packed by brotli and gzip; a wheel carries them.  A file under
`assets/` bears its content's hash in its name and is kept for ever; any other is asked for each time.  An address that is no file is one of
the screen's own, and gets its page; the diner's comes with its first screen (`app/first`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import asgi
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from goodtaste.app.first.markup import Look
from goodtaste.app.first.page import FirstPages
from goodtaste.kernel.context import Process
from goodtaste.kernel.web import MethodUnknown, NoSuchPage, anybody
from goodtaste.kernel.words import language_of

FOLDER = Path(str(files("goodtaste"))) / "_web"
DINER = "diner"
SCREENS = {"/staff": "staff", "/app": DINER}
PAGE = "index.html"
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
FIRST = "first.json"  # what the build of the diner's app says of its looks
VARY = "accept-encoding, accept-language, cookie"
PACKED = {"br": ".br", "gzip": ".gz"}  # the better one first
TYPES = {
    ".css": "text/css",
    ".glb": "model/gltf-binary",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
NOT_BUILT = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>好味 goodtaste</title>
<link rel="stylesheet" href="/docs/assets/plain.css"></head>
<body>{said}</body>
</html>
"""
SAID = {
    "zh-CN": "<h1>界面还没有构建</h1><p>在源码目录运行 <code>make pages</code>（需要 Node 20.19 或更新，没有时会自动取得），然后刷新本页。"
    '接口照常可用：<a href="/docs">/docs</a>。</p>',
    "en": "<h1>The screens are not built</h1><p>Run <code>make pages</code> in the checkout (it needs Node 20.19 or newer and fetches one"
    ' where there is none), then load this page again. The API is served all the same: <a href="/docs">/docs</a>.</p>',
}


class Page(msgspec.Struct, frozen=True):
    """A file of a screen: its body as it is and packed, by coding."""

    kind: str
    etag: str
    kept: str
    bodies: Mapping[str, bytes]
    vary: str = "accept-encoding"

    def coding(self, accepted: str) -> str:
        """Return the best coding of this file that a browser takes; empty for none."""
        taken = set()
        for each in accepted.replace(" ", "").lower().split(","):
            name, _, weight = each.partition(";q=")
            if weight.strip("0.") or not weight:
                taken.add(name)
        return next((each for each in PACKED if each in self.bodies and each in taken), "")


@lru_cache(maxsize=2 * len(SCREENS))
def _pages(folder: Path, _built: int) -> dict[str, Page]:
    """Read a screen's folder whole, once for each time it is built: what is not in it cannot be asked for."""
    found = {}
    for path in folder.rglob("*"):
        if path.suffix in TYPES and path.is_file():
            body, name = path.read_bytes(), path.relative_to(folder).as_posix()
            packed = {coding: path.with_name(path.name + end) for coding, end in PACKED.items()}
            bodies = {"": body} | {coding: each.read_bytes() for coding, each in packed.items() if each.exists()}
            etag = hashlib.blake2b(body, digest_size=12).hexdigest()
            found[name] = Page(TYPES[path.suffix], etag, FOREVER if name.startswith("assets/") else ASK_AGAIN, bodies)
    return found


def _built(screen: str) -> dict[str, Page] | None:
    folder = FOLDER / screen
    try:
        return _pages(folder, (folder / PAGE).stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def page_of(screen: str, path: str) -> Page | None:
    """Return the file at `path` of a screen, or its page where the path is none of a file; None where the screen is not built.

    Refuses `NoSuchPage` for a file that it does not have.
    """
    pages = _built(screen)
    if pages is None:
        return None
    name = path.strip("/") or PAGE
    if name not in pages and "." in name.rpartition("/")[2]:
        raise NoSuchPage
    return pages.get(name, pages[PAGE])


@lru_cache(maxsize=2)
def _look(built: bytes) -> Look:
    return msgspec.json.decode(built, type=Look)


def _with_first_screen(page: Page, first: FirstPages, headers: Mapping[bytes, bytes]) -> Page:
    """Return the diner's page with its first screen in it; a build that says nothing of its looks gets none."""
    said = (_built(DINER) or {}).get(FIRST)
    if said is None:
        return page
    drawn = first.page(page.bodies[""], look=_look(said.bodies[""]), headers=headers)
    return page if drawn is None else Page(page.kind, drawn.etag, ASK_AGAIN, drawn.bodies, VARY)


def _answer(page: Page, headers: Mapping[bytes, bytes]) -> ASGIResponse:
    coding = page.coding(headers.get(b"accept-encoding", b"").decode("latin-1"))
    etag = f'"{page.etag}{coding}"'
    told = [("cache-control", page.kept), ("etag", etag), ("vary", page.vary)]
    if headers.get(b"if-none-match", b"").decode("latin-1") == etag:
        return ASGIResponse(body=b"", status_code=304, headers=told)
    if coding:
        told.append(("content-encoding", coding))
    return ASGIResponse(body=page.bodies[coding], media_type=page.kind, headers=told)


def _mount(place: str, screen: str, first: FirstPages) -> Any:
    @asgi(place, is_mount=True, copy_scope=True, opt=anybody())
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "GET":
            raise MethodUnknown(allowed=["GET", "HEAD"])
        headers = dict(scope["headers"])
        page = page_of(screen, scope["path"].removeprefix(place))
        if page is None:
            language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
            body = NOT_BUILT.format(language=language, said=SAID[language]).encode()
            answer = ASGIResponse(body=body, status_code=503, media_type="text/html")
        else:
            if screen == DINER and page.kind == TYPES[".html"] and not scope["path"].rstrip("/").endswith(PAGE):
                page = _with_first_screen(page, first, headers)
            answer = _answer(page, headers)
        await answer(scope, receive, send)

    return serve


def routes(process: Process) -> list[Any]:
    """Return the routes of the screens."""
    first = FirstPages(process)
    return [_mount(place, screen, first) for place, screen in SCREENS.items()]
