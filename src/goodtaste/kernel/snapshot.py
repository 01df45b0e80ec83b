"""Snapshots: what every request reads and few requests change (menu, stores, staff), held in memory and kept fresh.

A change to the underlying tables adds to the counter of the snapshot's name in the same transaction; each process looks at the
counters a few times a second and loads anew what has moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec
import structlog
from sqlalchemy import Column, select

from goodtaste.kernel.db import Change, Database, Int, Read, Str, add, create_table

T = TypeVar("T")

CHECK_S = 0.25  # a change is seen by every process within this time and the load

log = structlog.get_logger()

version = create_table(
    "kernel_version",
    Column("name", Str, primary_key=True),
    Column("n", Int, nullable=False),
    narrow=True,
)


class _Version(msgspec.Struct, frozen=True):
    name: str
    n: int


MOVED = add(version, key=["name"], counters=["n"], create=True)
VERSIONS = Read(select(version.c.name, version.c.n), _Version)


def moved(name: str) -> Change:
    """Write that what the snapshot `name` shows has changed."""
    return MOVED(name=name, n=1)


class Snapshot(Generic[T]):
    """A value loaded from the database, with the version it shows."""

    def __init__(self, name: str, load: Callable[[Database], Awaitable[T]]) -> None:
        self.name, self._load = name, load
        self._value: T | None = None
        self.version = -1

    @property
    def value(self) -> T:
        """The value; it never changes in place, so hold it for as long as one answer needs it."""
        if self._value is None:
            raise RuntimeError(f"the snapshot {self.name} has not been loaded")
        return self._value

    async def load(self, db: Database, version: int) -> None:
        """Load the value that `version` stands for."""
        self._value = await self._load(db)
        self.version = version


class Snapshots:
    """All snapshots of a process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._all: list[Snapshot[Any]] = []
        self._lock = asyncio.Lock()

    def add(self, snapshot: Snapshot[T]) -> Snapshot[T]:
        """Take `snapshot` under care."""
        self._all.append(snapshot)
        return snapshot

    async def refresh(self) -> None:
        """Load what has moved.  After it, this process shows every change made before it was called."""
        async with self._lock:
            now = {row.name: row.n for row in await self._db.rows(VERSIONS())}
            for snapshot in self._all:
                if snapshot.version != now.get(snapshot.name, 0):
                    await snapshot.load(self._db, now.get(snapshot.name, 0))

    async def keep_fresh(self) -> None:
        """Refresh until cancelled; a database that does not answer leaves the values as they are."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - the next turn tries again
                log.warning("snapshots_not_refreshed", error=repr(error))
