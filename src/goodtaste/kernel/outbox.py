"""The outbox: what a script tells the world is a row of its own transaction, delivered afterwards, never before and never lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from sqlalchemy import BigInteger, Column, Integer, Select, delete, func, literal_column, select

from goodtaste.kernel.db import Id, Int, Moment, Read, Str, change, create_table, insert, par
from goodtaste.kernel.db.statements import Change
from goodtaste.kernel.ids import new_id

BATCH_MAX = 256  # events taken from the outbox at a time

EVENTS: dict[str, type[Event]] = {}

outbox = create_table(
    "kernel_outbox",
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False),
    Column("topic", Str, nullable=False),
    Column("key", Str, nullable=False),
    Column("body", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Column("only", Str),
    numbered=True,
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, told to whoever cares.  Only ids, amounts and states: no phone, no name, no openid.

    `topic` names the kind, `key_field` the field whose events must be handled in their order.
    """

    topic: ClassVar[str] = ""
    key_field: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.topic and EVENTS.setdefault(cls.topic, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"two events have the topic {cls.topic}")


class Envelope(msgspec.Struct, frozen=True):
    """An event on its way: its place in the outbox (0 once it has left it), its own id, and its body as JSON text.

    `only` names the one handler that is to hear it, where the others have heard it before.
    """

    seq: int
    id: str
    topic: str
    key: str
    body: str
    at: datetime
    only: str | None = None

    def event(self) -> Event:
        """Return the event itself."""
        return msgspec.json.decode(self.body, type=EVENTS[self.topic])


class Waiting(msgspec.Struct, frozen=True):
    """How many events wait to be delivered, and since when the oldest does."""

    n: int
    since: datetime | None


_EACH: Select[Any] = select(literal_column("count(*)", Int()).label("n"))
WAITING = Read(_EACH.add_columns(func.min(outbox.c.at, type_=Moment()).label("since")).select_from(outbox), Waiting)
TELL = insert(outbox, "id", "topic", "key", "body", "at", "only")
UNDELIVERED = Read(
    select(outbox.c.seq, outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.body, outbox.c.at, outbox.c.only)
    .where(outbox.c.seq > par("after", Int))
    .order_by(outbox.c.seq)
    .limit(BATCH_MAX),
    Envelope,
)
DELIVERED = change(delete(outbox).where(outbox.c.seq == par("seq", Int)))

_encode = msgspec.json.Encoder().encode


def untold(changes: Iterable[Change]) -> list[Change]:
    """Return `changes` without the events among them: for history, which everybody who cares reads as a whole."""
    return [each for each in changes if each.statement is not TELL]


def tell(*events: Event, at: datetime) -> Change:
    """Write that `events` happened at `at`.  They are delivered in this order to each handler, for each key."""
    return TELL.many(
        [
            {
                "id": new_id(),
                "topic": event.topic,
                "key": str(getattr(event, event.key_field)),
                "body": _encode(event).decode(),
                "at": at,
                "only": None,
            }
            for event in events
        ]
    )
