"""What a command has at hand: the process's parts, who asks, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from goodtaste.kernel.auth import SYSTEM, Actor, NotSignedIn
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Database, Script
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.sessions import Claims, Tokens
from goodtaste.kernel.snapshot import Snapshot, Snapshots
from goodtaste.kernel.source import network_of

T = TypeVar("T")


class Process:
    """The parts of a running process, put together once by `app`: what rooms brought, by its type, and the snapshots they show."""

    def __init__(self, *, settings: Settings, db: Database, keyring: Keyring, clock: Clock) -> None:
        self.settings, self.db, self.keyring, self.clock = settings, db, keyring, clock
        self.tokens = Tokens(keyring)
        self.snapshots = Snapshots(db)
        self._parts: dict[type[Any], Any] = {}
        self._shown: dict[type[Any], Snapshot[Any]] = {}
        self.resolve_actor: Callable[[Claims], Actor] = lambda claims: Actor(kind=claims.kind, id=claims.sub)
        self.zone_of: Callable[[Actor], str] = lambda actor: "UTC"
        self.ended_sessions: Snapshot[frozenset[str]] | None = None

    def bring(self, part: Any) -> None:
        """Add a part that a context needs at run time."""
        self._parts[type(part)] = part

    def part(self, kind: type[T]) -> T:
        """Return the part of this type."""
        return self._parts[kind]  # type: ignore[no-any-return]

    def show(self, kind: type[T], snapshot: Snapshot[T]) -> None:
        """Keep a snapshot fresh and show its value to every context."""
        self._shown[kind] = self.snapshots.add(snapshot)

    def see(self, kind: type[T]) -> T:
        """Return the present value of the snapshot of this type."""
        return self._shown[kind].value  # type: ignore[no-any-return]

    async def actor_of(self, claims: Claims) -> Actor:
        """Return who an access token speaks for; refuses `NotSignedIn` for who has left.

        Whom this process does not know may have come a moment ago, through another process: it looks before it refuses.
        """
        try:
            return self.resolve_actor(claims)
        except NotSignedIn:
            await self.snapshots.refresh()
            return self.resolve_actor(claims)

    def context(self, actor: Actor = SYSTEM) -> Ctx:
        """Return a context for something that `actor` does now."""
        return Ctx(self, actor, self.clock(), "zh-CN")


class Ctx:
    """One request or job: who, when, in which language, from which network address (empty: none); runs scripts."""

    __slots__ = ("actor", "address", "language", "now", "process")

    def __init__(self, process: Process, actor: Actor, now: datetime, language: str, address: str = "") -> None:
        self.process, self.actor, self.now, self.language, self.address = process, actor, now, language, address

    @property
    def source(self) -> str:
        """Where the request came from, as tries are counted by it: a keyed hash of its address (of IPv6: of its network)."""
        return self.process.keyring.blind_index(network_of(self.address), purpose="request-source")

    async def run(self, script: Script[T]) -> T:
        """Run a script in a transaction."""
        return await self.process.db.run(script)

    async def query(self, script: Script[T]) -> T:
        """Run a script that only reads."""
        return await self.process.db.query(script)

    def part(self, kind: type[T]) -> T:
        """Return a part of the process."""
        return self.process.part(kind)

    def see(self, kind: type[T]) -> T:
        """Return the present value of the snapshot of this type."""
        return self.process.see(kind)

    @property
    def db(self) -> Database:
        """The database."""
        return self.process.db

    async def refresh(self) -> None:
        """Let this process show what was just changed."""
        await self.process.snapshots.refresh()
