"""What a demonstration serves beside the rooms: its front page, the pictures of its dishes, and how its people sign in."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from goodtaste.kernel.web import NoSuchPage, anybody, context
from goodtaste.kernel.words import LANGUAGES, language_of
from goodtaste.twin import brand, data
from goodtaste.twin.brand import SignIn

PICTURES_S = 7 * 86_400  # how long a browser keeps a picture without asking
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".webp": "image/webp",
}

Asked = Request[Any, Any, Any]


class DemoMember(msgspec.Struct, frozen=True):
    """A member of the demo brand, who signs in by phone."""

    phone: str
    nickname: str


class Demo(msgspec.Struct, frozen=True):
    """How the people of the demo brand sign in."""

    sign_ins: list[SignIn]
    members: list[DemoMember]


@get("/v1/demo", opt=anybody(), sync_to_thread=False, tags=["demo"])
def read_demo(request: Asked) -> Demo:
    """Tell how staff and members of the demonstration sign in."""
    _is_demo(request)
    members = [DemoMember(each.phone, each.nickname) for each in data.brand().members]
    return Demo(brand.sign_ins(), members)


@get("/", opt=anybody(), sync_to_thread=False, include_in_schema=False)
def front_page(request: Asked) -> Response[bytes]:
    """Show the demo brand, in the language that the browser asks for."""
    language = language_of(request.headers.get("accept-language"))
    answer = _file(request, "site", f"index.html {language}", "no-cache")
    answer.headers["vary"] = "accept-language"
    return answer


@get("/site/{name:str}", opt=anybody(), sync_to_thread=False, include_in_schema=False)
def site_file(name: FromPath[str], request: Asked) -> Response[bytes]:
    """Return a file of the front page."""
    return _file(request, "site", name, "no-cache")


@get("/pictures/{name:str}", opt=anybody(), sync_to_thread=False, include_in_schema=False)
def picture(name: FromPath[str], request: Asked) -> Response[bytes]:
    """Return the picture of a dish."""
    return _file(request, "pictures", name, f"public, max-age={PICTURES_S}")


def _is_demo(request: Asked) -> None:
    """Refuse `NoSuchPage` in a house that is no demonstration: none of this exists there."""
    if not context(request).process.settings.demo:
        raise NoSuchPage


def _file(request: Asked, folder: str, name: str, caching: str) -> Response[bytes]:
    """Return a file of this package; a browser that has it is told so."""
    _is_demo(request)
    found = _files(folder).get(name)
    if found is None:
        raise NoSuchPage
    body, etag = found
    headers = {"cache-control": caching, "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type=TYPES[Path(name.partition(" ")[0]).suffix], headers=headers)


@cache
def _files(folder: str) -> dict[str, tuple[bytes, str]]:
    """Read a folder of this package whole, with the tag of each file: what is not in it cannot be asked for."""
    found = {}
    for each in (files("goodtaste.twin") / folder).iterdir():
        if Path(each.name).suffix in TYPES:
            body = each.read_bytes()
            found[each.name] = _tagged(body)
        if each.name == "index.html":
            for language in LANGUAGES:
                found[f"{each.name} {language}"] = _tagged(
                    body.replace(b'lang="zh-CN"', f'lang="{language}"'.encode(), 1)
                )
    return found


def _tagged(body: bytes) -> tuple[bytes, str]:
    return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


ROUTES: list[Any] = [read_demo, front_page, site_file, picture]
