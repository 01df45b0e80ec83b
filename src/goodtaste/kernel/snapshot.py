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
from sqlalchemy import Column, select, update

from goodtaste.kernel.db import Change, Database, Int, Query, Read, Str, add, change, create_table, insert, par

T = TypeVar("T")

CHECK_S = 0.25  # a change is seen by every process within this time and the load

log = structlog.get_logger()

version = create_table(
    "kernel_version",
    Column("name", Str, primary_key=True),
    Column("n", Int, nullable=False),
    narrow=True,
)


class Version(msgspec.Struct, frozen=True):
    """How often what a snapshot shows has changed."""

    name: str
    n: int


MOVED = add(version, key=["name"], counters=["n"], create=True)
MOVED_FIRST = insert(version)
MOVED_FROM = change(
    update(version)
    .where(version.c.name == par("name", Str), version.c.n == par("seen", Int))
    .values(n=version.c.n + 1),
    guard="kernel_version_stale",
)
VERSIONS = Read(select(version.c.name, version.c.n), Version)
VERSION = Read(select(version.c.name, version.c.n).where(version.c.name == par("name", Str)), Version)


def moved(name: str) -> Change:
    """Write that what the snapshot `name` shows has changed."""
    return MOVED(name=name, n=1)


def version_of(name: str) -> Query[Version]:
    """Return the query of the version of a snapshot, for `moved_from`; it belongs into a script's first batch of reads."""
    return VERSION(name=name)


def moved_from(name: str, seen: list[Version]) -> Change:
    """Write that what the snapshot `name` shows has changed, provided that nobody changed it since its version was `seen`.

    A script that reads the version first and writes this last may rely on everything it read of what the snapshot shows: two such
    scripts never both write on what the other changed; the later one is run again.  For what is changed by people, now and then.
    """
    return MOVED_FROM(name=name, seen=seen[0].n) if seen else MOVED_FIRST(name=name, n=1)


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
