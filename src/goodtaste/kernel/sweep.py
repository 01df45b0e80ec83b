"""The sweep of the inbox: what was heard longer ago than an event can still be under way is forgotten.

The ids of events begin with their time, so old rows of a handler lie together in the key of the inbox: no other index is needed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select

from goodtaste.kernel.bus import inbox
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.db import Database, Id, Read, Steps, Str, change, par, script
from goodtaste.kernel.ids import earliest_id
from goodtaste.kernel.jobs import Every, JobFunction

SWEEP = Every("kernel.sweep_inbox", timedelta(hours=1))
KEPT = timedelta(days=7)  # an event is delivered again within seconds of a fault, or when a stopped broker comes back
PAGE = 1_000  # rows deleted in one transaction


class _Handler(msgspec.Struct, frozen=True):
    handler: str


class _Row(msgspec.Struct, frozen=True):
    event_id: str


NEXT_HANDLER = Read(
    select(inbox.c.handler).where(inbox.c.handler > par("after", Str)).order_by(inbox.c.handler).limit(1), _Handler
)
OLD = Read(
    select(inbox.c.event_id)
    .where(inbox.c.handler == par("handler", Str), inbox.c.event_id < par("before", Id))
    .order_by(inbox.c.event_id)
    .limit(PAGE),
    _Row,
)
FORGET = change(
    delete(inbox).where(inbox.c.handler == par("handler", Str), inbox.c.event_id <= par("last", Id)),
)


@script
def _forget(handler: str, last: str) -> Steps[None]:
    yield [FORGET(handler=handler, last=last)]


async def forget(db: Database, *, at: datetime) -> int:
    """Forget what was heard more than `KEPT` before `at`, page by page; return how many rows went."""
    gone, handler, before = 0, "", earliest_id(at - KEPT)
    while found := await db.first(NEXT_HANDLER(after=handler)):
        handler = found.handler
        while rows := await db.rows(OLD(handler=handler, before=before)):
            await db.run(_forget(handler, rows[-1].event_id))
            gone += len(rows)
    return gone


def sweep(db: Database, clock: Clock) -> JobFunction:
    """Return the job that sweeps."""

    async def run(_: dict[str, Any]) -> None:
        await forget(db, at=clock())

    return run
