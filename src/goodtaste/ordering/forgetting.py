"""What orders forget of a member who was erased: the words on their dishes.  What was sold, for how much, and every entry of it stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import or_, select, update

from goodtaste.events.member import MemberErased
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Change, Id, Int, Read, Steps, Str, change, par, rows, script
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.menu.api import Choice
from goodtaste.ordering.tables import line, order

FORGET = "ordering.forget_words"
PAGE = 500  # lines in one transaction


class _Said(msgspec.Struct, frozen=True):
    order_id: str
    line_no: int
    choice: str


SAID = Read(
    select(line.c.order_id, line.c.line_no, line.c.choice)
    .join_from(line, order, order.c.id == line.c.order_id)
    .where(order.c.member_id == par("member_id", Id))
    .where(or_(line.c.choice.like('%"note":%'), line.c.choice.like('%"guest":%')))
    .limit(PAGE),
    _Said,
)
SAY_NOTHING = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values(choice=par("choice", Str))
)


def on_erased(event: MemberErased, at: datetime) -> Steps[list[Change]]:
    """Have the words on the dishes of a member who was erased forgotten."""
    yield from ()
    return [schedule(FORGET, {"member_id": event.member_id}, due_at=at)]


@script
def forget(member_id: str) -> Steps[int]:
    """Forget what is said on at most `PAGE` lines of a member's orders; return how many those were.  Again, it finds none."""
    found = yield from rows(SAID(member_id=member_id))
    yield [
        SAY_NOTHING.many([{"order_id": o.order_id, "line_no": o.line_no, "choice": _silent(o.choice)} for o in found])
    ]
    return len(found)


def _silent(choice: str) -> str:
    said = msgspec.json.decode(choice, type=Choice)
    return msgspec.json.encode(msgspec.structs.replace(said, note="", guest="")).decode()


def forget_job(process: Process) -> JobFunction:
    """Return the job that forgets all that a member said on their dishes, page by page."""

    async def run(args: dict[str, Any]) -> None:
        while await process.db.run(forget(args["member_id"])):
            pass

    return run
