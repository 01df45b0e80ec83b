"""Screens that listen: a stream is read as a server would send it, event by event, and hung up when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

from goodtaste.app.web import asgi_app
from goodtaste.floor.live.hub import Hub
from tests.shop import Shop

WAIT_S = 5.0


class Screen:
    """A screen that listens to a stream: what it was sent, and what it shows by that."""

    def __init__(self) -> None:
        self.status = 0
        self.shows: dict[str, Any] = {}
        self.events: list[tuple[str, int | None]] = []
        self.heard_at: list[float] = []
        self.last_id = ""
        self.over = asyncio.Event()
        self._news = asyncio.Event()
        self._text = ""

    def take(self, body: bytes) -> None:
        """Take what came down the line."""
        self._text += body.decode()
        while "\n\n" in self._text:
            event, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
            if "event" in fields:
                self._event(fields)
        self._news.set()

    def _event(self, fields: dict[str, str]) -> None:
        kind, data = fields["event"], json.loads(fields["data"])
        self.events.append((kind, int(fields["id"]) if "id" in fields else None))
        self.heard_at.append(perf_counter())
        self.last_id = fields.get("id", self.last_id)
        if kind == "state":
            self.shows = {}
        self.shows |= data.get("set", {})
        for name in data.get("gone", []):
            self.shows.pop(name, None)

    async def until(self, seen: Any) -> None:
        """Wait until what it shows is as `seen` says."""
        async with asyncio.timeout(WAIT_S):
            while not seen(self):
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def listening(shop: Shop, path: str, headers: dict[str, str], *, last_id: str = "") -> AsyncIterator[Screen]:
    """Give a screen that listens to a stream, and hang up."""
    screen, gone = Screen(), asyncio.Event()
    given = headers | ({"last-event-id": last_id} if last_id else {})
    route, _, query = path.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": route, "raw_path": route.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()], "scheme": "http",
        "http_version": "1.1", "server": ("shop", 80), "client": ("127.0.0.1", 1), "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            screen.status = message["status"]
            screen.take(b"")
        else:
            screen.take(message["body"])
            if not message.get("more_body"):
                screen.over.set()

    serving = asyncio.create_task(asgi_app(shop.process)(scope, receive, send))
    try:
        await screen.until(lambda it: it.status)
        yield screen
    finally:
        gone.set()
        async with asyncio.timeout(WAIT_S):
            await serving


@contextlib.asynccontextmanager
async def kept_live(shop: Shop) -> AsyncIterator[None]:
    """Keep the streams of a house fresh, as its background does."""
    running = asyncio.create_task(shop.process.part(Hub).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
