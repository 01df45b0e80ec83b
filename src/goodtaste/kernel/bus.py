"""The bus: which handlers hear which events, and how one is run: its writes share a transaction with the row that says it was.

A handler is a generator that reads and returns the changes it wants.  It is named, and hears each event once however often it is
delivered; a second delivery is stopped by the inbox row and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column, PrimaryKeyConstraint, delete, literal, select

from goodtaste.kernel.db import (
    Change,
    Database,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    first,
    insert,
    par,
    script,
)
from goodtaste.kernel.outbox import Envelope, Event

E = TypeVar("E", bound=Event)
Handler = Callable[[Any, datetime], Steps[list[Change]]]

inbox = create_table(
    "kernel_inbox",
    Column("handler", Str, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("handler", "event_id"),
    narrow=True,
)


class _Seen(msgspec.Struct, frozen=True):
    seen: int


SEEN = Read(
    select(literal(1).label("seen")).where(
        inbox.c.handler == par("handler", Str), inbox.c.event_id == par("event_id", Id)
    ),
    _Seen,
)
HEARD = insert(inbox)
UNHEAR = change(delete(inbox).where(inbox.c.handler == par("handler", Str), inbox.c.event_id == par("event_id", Id)))


class Subscriptions:
    """Handlers by topic, filled by the contexts and complete before the first event is delivered."""

    def __init__(self) -> None:
        self._by_topic: dict[str, dict[str, Handler]] = {}

    def add(self, event: type[E], name: str, handler: Callable[[E, datetime], Steps[list[Change]]]) -> None:
        """Let `handler`, known for ever as `name`, hear events of the type `event`."""
        handlers = self._by_topic.setdefault(event.topic, {})
        if name in handlers:
            raise ValueError(f"two handlers of {event.topic} are called {name}")
        handlers[name] = handler

    def of(self, topic: str) -> dict[str, Handler]:
        """Return the handlers of a topic by name."""
        return self._by_topic.get(topic, {})

    def topics(self) -> list[str]:
        """Return the topics that somebody hears, sorted."""
        return sorted(self._by_topic)


@script
def _hear(name: str, handler: Handler, event: Event, event_id: str, at: datetime) -> Steps[None]:
    """Run a handler, and look whether it heard the event before only where something stops it: a look beforehand would be a trip."""
    try:
        changes = yield from handler(event, at)
        yield [*changes, HEARD(handler=name, event_id=event_id, at=at)]
    except Exception:
        if not (yield from first(SEEN(handler=name, event_id=event_id))):
            raise


async def hear(db: Database, envelope: Envelope, name: str, handler: Handler) -> None:
    """Let one handler hear one event, exactly once in effect."""
    await db.run(_hear(name, handler, envelope.event(), envelope.id, envelope.at))
