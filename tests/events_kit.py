"""A house with nothing in it but events: what handlers do is written down in a table, in the order of its commits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, MetaData, Table, select

from goodtaste.kernel import clock
from goodtaste.kernel.bus import Subscriptions
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Change, Database, Int, Read, Steps, Str, insert
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.outbox import Event, tell
from goodtaste.kernel.relay import Handlers, Relay
from tests.shop import write

DEADLINE_S = 60.0

effect = Table(
    "test_effect",
    MetaData(),
    Column("seq", Integer, primary_key=True),
    Column("handler", Str, nullable=False),
    Column("key", Str, nullable=False),
    Column("n", Int, nullable=False),
)
TABLE = {
    "sqlite": "CREATE TABLE test_effect (seq INTEGER PRIMARY KEY, handler TEXT, key TEXT, n INTEGER) STRICT",
    "postgresql": "CREATE TABLE test_effect (seq bigserial PRIMARY KEY, handler text, key text, n bigint)",
}


class Effect(msgspec.Struct, frozen=True):
    """What a handler did."""

    handler: str
    key: str
    n: int


EFFECTS = Read(select(effect.c.handler, effect.c.key, effect.c.n).order_by(effect.c.seq), Effect)
DID = insert(effect, "handler", "key", "n")


class Rang(Event, frozen=True):
    """A bell rang for somebody for the n-th time."""

    topic = "test.rang.v1"
    key_field = "who"

    who: str
    n: int


class Bells:
    """A database with a bell in it, its handlers, and what they did."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.heard = Subscriptions()
        self.failing: set[tuple[str, str, int]] = set()
        self.tries: list[tuple[str, str, int]] = []

    def listen(self, *names: str) -> None:
        """Let handlers of these names hear the bell."""
        for name in names:
            self.heard.add(Rang, name, self._handler(name))

    def _handler(self, name: str) -> Callable[[Rang, datetime], Steps[list[Change]]]:
        def handle(event: Rang, at: datetime) -> Steps[list[Change]]:
            yield from ()
            self.tries.append((name, event.who, event.n))
            if (name, event.who, event.n) in self.failing:
                raise ValueError("the bell is out of tune")
            return [DID(handler=name, key=event.who, n=event.n)]

        return handle

    async def ring(self, *bells: tuple[str, int]) -> None:
        """Ring in one transaction."""
        await self.db.run(write(tell(*[Rang(who, n) for who, n in bells], at=clock.now())))

    async def effects(self, handler: str, key: str | None = None) -> list[int]:
        """Return what a handler did, in the order of its commits."""
        rows = await self.db.rows(EFFECTS())
        return [row.n for row in rows if row.handler == handler and key in (None, row.key)]

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        [(n,)] = await self.db.execute(f"SELECT count(*) FROM {table}")
        return int(n)

    @contextlib.asynccontextmanager
    async def relayed(self) -> AsyncIterator[Relay]:
        """Relay to the handlers for as long as the block runs."""
        relay = Relay(self.db, Handlers(self.db, self.heard).targets)
        await self.db.listen(relay.wake.ring)
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.db.resign()


async def until(seen: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Wait until `seen` gives what is wanted."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while (last := await seen()) != wanted:
        assert asyncio.get_running_loop().time() < deadline, f"{last} is not {wanted}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def open_bells(settings: Settings) -> AsyncIterator[Bells]:
    """Open a house of bells on a database with its tables and nothing in them."""
    db = await open_database(settings)
    await db.execute(TABLE[db.engine])
    try:
        yield Bells(db, settings)
    finally:
        await db.execute("DROP TABLE test_effect")
        await db.close()
