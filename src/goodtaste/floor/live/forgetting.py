"""Topics of seatings and orders are forgotten when nobody listens to them any more; those of a store stay.

Their ids begin with the time at which they were made, so old ones lie together in the key of the table.  An id that does not say when it
was made (no UUIDv7) may be that of a party that sits there now: its topic stays.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, func, select

from goodtaste.floor.live.tables import topic
from goodtaste.floor.live.topics import order_of, seating_of
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Read, Steps, Str, change, par, script
from goodtaste.kernel.ids import earliest_id
from goodtaste.kernel.jobs import Every, JobFunction

FORGET = Every("floor.forget_topics", timedelta(hours=1))
KEPT = timedelta(days=7)  # no party sits for so long, and no order is under way
PAGE = 1_000  # topics in one transaction
VERSION = 14  # where in an id, counted from 0, stands which kind of id it is


class _Old(msgspec.Struct, frozen=True):
    name: str


def _old(kind: str) -> Read[_Old]:
    made_by_time = func.substr(topic.c.name, len(kind) + VERSION + 1, 1) == "7"
    within = (topic.c.name >= kind, topic.c.name < par("before", Str), made_by_time)
    return Read(select(topic.c.name).where(*within).order_by(topic.c.name).limit(PAGE), _Old)


OLD = {seating_of: _old(seating_of("")), order_of: _old(order_of(""))}
GONE = change(delete(topic).where(topic.c.name == par("name", Str)))


@script
def _forget(names: list[str]) -> Steps[None]:
    yield [GONE.many([{"name": each} for each in names])]


def forget_job(process: Process) -> JobFunction:
    """Return the job that forgets, page by page."""

    async def run(_: dict[str, Any]) -> None:
        edge = earliest_id(process.clock() - KEPT)
        for topic_of, old in OLD.items():
            while found := await process.db.rows(old(before=topic_of(edge))):
                await process.db.run(_forget([each.name for each in found]))

    return run
