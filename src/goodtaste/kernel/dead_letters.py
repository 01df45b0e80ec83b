"""Dead letters: events that a handler could not digest, kept with the last error until a person replays or discards them.

An event dies once for a handler: its letter is written together with the inbox row that makes the handler deaf to it.  A replay takes
both away and puts the event back into the outbox for that handler alone.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, Index, delete, func, select

from goodtaste.kernel.bus import HEARD, UNHEAR
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    first,
    id_column,
    insert,
    par,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import TELL, Envelope
from goodtaste.kernel.paging import older

ERROR_MAX = 2_000  # characters kept of an error
EVERY_HANDLER = "*"  # in a letter: whichever handlers have not heard the event

dead_letter = create_table(
    "kernel_dead_letter",
    id_column(),
    Column("event_id", Id, nullable=False),
    Column("topic", Str, nullable=False),
    Column("key", Str, nullable=False),
    Column("body", Str, nullable=False),
    Column("handler", Str, nullable=False),
    Column("error", Str, nullable=False),
    Column("tries", Int, nullable=False),
    Column("event_at", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Index("kernel_dead_letter_at_idx", "at", "id"),
)


class LetterUnknown(Refusal):
    """Raised for a dead letter that is not there, or was replayed or discarded before.  Facts: `letter_id`."""

    code = "kernel.letter_unknown"
    status = 404
    guards = ("kernel_dead_letter_gone",)


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a handler could not digest, with the last error.  `body` is JSON text, or what came instead of it."""

    id: str
    event_id: str
    topic: str
    key: str
    body: str
    handler: str
    error: str
    tries: int
    event_at: datetime
    at: datetime


class Count(msgspec.Struct, frozen=True):
    """How many there are."""

    n: int


COUNT = Read(select(func.count().label("n")).select_from(dead_letter), Count)
BURY = insert(dead_letter)
DEAD = Read(
    select(*dead_letter.c)
    .where(older(dead_letter.c.at, dead_letter.c.id))
    .order_by(dead_letter.c.at.desc(), dead_letter.c.id.desc())
    .limit(par("limit", Int)),
    DeadLetter,
)
DEAD_ONE = Read(select(*dead_letter.c).where(dead_letter.c.id == par("id", Id)), DeadLetter)
EXHUME = change(delete(dead_letter).where(dead_letter.c.id == par("id", Id)), guard="kernel_dead_letter_gone")


@script
def bury(letter: DeadLetter) -> Steps[None]:
    """Write a dead letter, once for its event and handler; a handler that heard the event meanwhile leaves nothing to bury."""
    heard = HEARD(handler=letter.handler, event_id=letter.event_id, at=letter.event_at)
    try:
        yield [BURY(**msgspec.structs.asdict(letter)), heard]
    except GuardBroken as broken:
        if broken.name != "kernel_inbox_pkey":
            raise


def letter_of(envelope: Envelope, *, handler: str, error: str, tries: int, at: datetime) -> DeadLetter:
    """Return the dead letter that an event becomes."""
    return DeadLetter(
        id=new_id(),
        event_id=envelope.id,
        topic=envelope.topic,
        key=envelope.key,
        body=envelope.body,
        handler=handler,
        error=error[:ERROR_MAX],
        tries=tries,
        event_at=envelope.at,
        at=at,
    )


def read_letter(letter_id: str) -> Steps[DeadLetter]:
    """Read a letter; refuses `LetterUnknown`."""
    letter = yield from first(DEAD_ONE(id=letter_id))
    if letter is None:
        raise LetterUnknown(letter_id=letter_id)
    return letter


def replay(letter: DeadLetter) -> list[Change]:
    """Put a dead event back into the outbox under its own id, for the handler that could not digest it."""
    return [
        EXHUME(id=letter.id),
        UNHEAR(handler=letter.handler, event_id=letter.event_id),
        TELL(
            id=letter.event_id,
            topic=letter.topic,
            key=letter.key,
            body=letter.body,
            at=letter.event_at,
            only=None if letter.handler == EVERY_HANDLER else letter.handler,
        ),
    ]


def discard(letter: DeadLetter) -> list[Change]:
    """Forget a dead event for good; its handler stays deaf to it."""
    return [EXHUME(id=letter.id)]
