"""What the sandboxes of third parties share: a few routes as a plain ASGI application, so that they can stand in for a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

BODY_MAX = 65_536
Answer = tuple[int, Any]


class Call(msgspec.Struct, frozen=True):
    """A request to a sandbox: its query and, from a form, its fields; the raw body; the path."""

    method: str
    query: dict[str, str]
    body: bytes
    path: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The fields of the query and of a form in the body."""
        return {**self.query, **dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))}


Route = Callable[[Call], Awaitable[Answer]]


class Sandbox:
    """An ASGI application of `routes` by method and path; the last part of a path may be `*`."""

    def __init__(self, routes: Mapping[tuple[str, str], Route]) -> None:
        self._routes = routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        path = f"/{scope['path'].strip('/')}"
        above = path.rpartition("/")[0]
        route = self._routes.get((scope["method"], path)) or self._routes.get((scope["method"], f"{above}/*"))
        if route is None:
            await _send(send, 404, {"error": f"no {scope['method']} {path} here"})
            return
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        await _send(send, *await route(Call(scope["method"], query, await _body(receive), path)))


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more and len(body) <= BODY_MAX:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body[:BODY_MAX]


async def _send(send: Any, status: int, body: Any) -> None:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(raw)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
