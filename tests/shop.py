"""The shop that tests talk to: a running house, and its commands in the shop's words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from goodtaste.app.process import background, running
from goodtaste.app.web import asgi_app
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Change, Database, Steps, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.sessions import Claims

T = TypeVar("T")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def at_once(n: int, act: Callable[[int], Awaitable[T]]) -> list[Any]:
    """Start `act` n times at the same moment; return results, and codes of refusals."""

    async def one(i: int) -> Any:
        try:
            return await act(i)
        except Refusal as refused:
            return refused.code

    return await asyncio.gather(*(one(i) for i in range(n)))


@script
def write(*changes: Change) -> Steps[None]:
    """Write changes as they are: for a test's own preparation only."""
    yield changes


async def those_that_find(db: Database, proofs: Mapping[str, str]) -> list[str]:
    """Return the names of the proofs that find something, in one question for all."""
    names = list(proofs)
    looks = [f"SELECT {i} FROM ({proofs[name]}) p{i}" for i, name in enumerate(names)]
    return [names[i] for (i,) in await db.execute(" UNION ".join(looks))]


class Shop:
    """A running house."""

    def __init__(self, process: Process, client: httpx.AsyncClient) -> None:
        self.process, self.client, self.db = process, client, process.db

    @property
    def now(self) -> datetime:
        """The present instant of the house."""
        return self.process.clock()

    def token(
        self, kind: Any, subject_id: str, *, store_id: str | None = None, terminal_id: str | None = None
    ) -> dict[str, str]:
        """Return the headers with which somebody is signed in."""
        claims = Claims(subject_id, kind, new_id(), store_id, terminal_id)
        return {"authorization": f"Bearer {self.process.tokens.access(claims, at=self.now, ttl=timedelta(hours=8))}"}

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a POST."""
        return await self.client.post(path, content=msgspec.json.encode(body), headers=_json(headers))

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a GET."""
        return await self.client.get(path, headers=headers)


def _json(headers: dict[str, str] | None) -> dict[str, str]:
    return {"content-type": "application/json", **(headers or {})}


@contextlib.asynccontextmanager
async def open_shop(settings: Settings) -> AsyncIterator[Shop]:
    """Open a house on `settings`."""
    async with running(settings) as process, background(process):
        transport = httpx.ASGITransport(asgi_app(process), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            yield Shop(process, client)
