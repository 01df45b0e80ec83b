"""Matching: a day of a gateway is judged, and what differs becomes work for somebody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import select, update

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import (
    Change,
    Database,
    Id,
    ListOf,
    Moment,
    Read,
    Steps,
    Str,
    change,
    in_list,
    insert,
    par,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.payment.gateway import Bill, BillLine, Gateways, NotYet, Unknown
from goodtaste.payment.reconcile import books, rules
from goodtaste.payment.reconcile.books import BillRow, batched, number_of, reversal_of
from goodtaste.payment.reconcile.file import BadBill, read
from goodtaste.payment.reconcile.rules import Direction, Found, Ours
from goodtaste.payment.reconcile.tables import difference

OPEN_MAX = 20_000  # differences that wait; with more than that somebody has to look first
AT_ONCE = 2_000
OWNER = "finance"  # the role that looks at what nobody has taken
DIRECTIONS: tuple[Direction, Direction] = ("paid", "refunded")

log = structlog.get_logger()


class NoBill(Refusal):
    """Raised when a gateway has no bill of a day yet, or none that can be read.  Facts: `method`, `day`, `why`."""

    code = "payment.no_bill"


class DayNotOver(Refusal):
    """Raised for the bill of a day that is not over in China.  Facts: `day`."""

    code = "payment.bill_day_not_over"
    status = 422


class Reconciled(msgspec.Struct, frozen=True):
    """What came of matching a day: its bill, how many numbers agree, and how many differences were opened, explained, and wait now."""

    bill: BillRow
    agree: int
    opened: int
    explained: int
    waiting: int


class Row(msgspec.Struct, frozen=True):
    """A difference as a row."""

    id: str
    method: str
    direction: str
    number: str
    kind: str
    day: date
    store_id: str | None
    order_id: str | None
    ours_fen: int | None
    theirs_fen: int | None
    ours_state: str
    detail: str
    state: str
    owner: str
    reason: str
    ended_by: str | None
    opened_at: datetime
    ended_at: datetime | None


COLUMNS = [difference.c[name] for name in Row.__struct_fields__]
WAITING = Read(
    select(*COLUMNS)
    .where(difference.c.state == "open", difference.c.method == par("method", Str))
    .order_by(difference.c.opened_at, difference.c.id)
    .limit(OPEN_MAX),
    Row,
)
OF_NUMBERS = Read(
    select(*COLUMNS).where(
        in_list(difference.c.number, par("numbers", ListOf)),
        difference.c.method == par("method", Str),
        difference.c.direction == par("direction", Str),
    ),
    Row,
)
NEW = insert(difference, conflict="skip")
EXPLAINED = change(
    update(difference)
    .where(difference.c.id == par("id", Id), difference.c.state == "open")
    .values(state="explained", reason=par("reason", Str), ended_at=par("at", Moment), ended_by=None)
)
AGAIN = change(
    update(difference)
    .where(difference.c.id == par("id", Id), difference.c.state == "explained")
    .values(state="open", reason="", ended_at=None)
)


async def fetch(ctx: Ctx, method: str, day: date) -> Reconciled:
    """Have a gateway make its bill of a day, and match it.  Refuses `MethodUnknown`, `DayNotOver`, `NoBill`."""
    gateway = ctx.part(Gateways).of(method)
    over(day, at=ctx.now)
    found = await gateway.bill(day)
    if isinstance(found, NotYet):
        raise NoBill(method=method, day=str(day), why="not_yet")
    if isinstance(found, Unknown):
        raise NoBill(method=method, day=str(day), why=found.why[:200])
    return await reconcile(ctx.db, method, day, found, source="gateway", by=ctx.actor.id, at=ctx.now)


def over(day: date, *, at: datetime) -> None:
    """Refuse `DayNotOver` for a day that is not over in China."""
    if day >= rules.day_of(at):
        raise DayNotOver(day=str(day))


async def reconcile(
    db: Database, method: str, day: date, found: Bill, *, source: str, by: str, at: datetime
) -> Reconciled:
    """Keep a bill and match it with our books, line by line; as often as anybody likes."""
    kept = await books.keep(db, method, day, found, source=source, by=by, at=at)
    waiting = await db.rows(WAITING(method=method))
    agree = opened = explained = 0
    for direction in DIRECTIONS:
        numbers = _in_bill(found.lines, direction)
        ours = {each.number: each for each in await books.ours_on(db, method, day, direction)}
        numbers |= dict.fromkeys(ours)
        numbers |= dict.fromkeys(each.number for each in waiting if each.direction == direction)
        for part in batched(numbers, AT_ONCE):
            judged = await _judged(db, method, part, direction)
            new, done = await _write(db, method, day, direction, judged, at=at)
            agree += sum(each is None for _, each in judged.values())
            opened, explained = opened + new, explained + done
    left = len(await db.rows(WAITING(method=method)))
    log.info(
        "bill_matched", method=method, day=str(day), lines=kept.lines, opened=opened, explained=explained, left=left
    )
    return Reconciled(kept, agree, opened, explained, left)


def _in_bill(lines: Iterable[BillLine], direction: Direction) -> dict[str, None]:
    """Return the numbers of a bill in its order; a payment that was reversed is judged with what came for it."""
    found: dict[str, None] = {}
    for line in lines:
        number = number_of(line)
        if number == reversal_of(line.payment_id):
            number, line_direction = line.payment_id, "paid"
        else:
            line_direction = line.kind
        if line_direction == direction:
            found[number] = None
    return found


Judged = dict[str, tuple[Ours | None, Found | None]]


async def _judged(db: Database, method: str, numbers: list[str], direction: Direction) -> Judged:
    known = await books.ours_by(db, numbers, direction)
    theirs = await books.theirs_by(db, method, numbers, direction)
    back = await books.reversed_by(db, method, numbers) if direction == "paid" else {}
    said: Judged = {}
    for number in numbers:
        ours = known.get(number)
        own = ours if ours is not None and ours.method == method else None
        said[number] = own, rules.judged(own, theirs.get(number, []), reversed_fen=back.get(number, 0))
    return said


async def _write(
    db: Database, method: str, day: date, direction: Direction, judged: Judged, *, at: datetime
) -> tuple[int, int]:
    """Write what differs now, and end what does no more; return how many of each."""
    rows = await db.rows(OF_NUMBERS(numbers=list(judged), method=method, direction=direction))
    before = {(each.number, each.kind): each for each in rows}
    new: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for number, (ours, found) in judged.items():
        if found is None:
            continue
        row = before.get((number, found.kind))
        if row is None:
            new.append(_row(method, day, direction, number, ours, found, at=at))
        elif row.state == "explained":
            again.append({"id": row.id})
    ended = [
        {"id": each.id, "reason": f"bill {day}", "at": at}
        for each in rows
        if each.state == "open" and _kind(judged, each.number) != each.kind
    ]
    changes = [statement.many(rows_) for statement, rows_ in ((NEW, new), (AGAIN, again), (EXPLAINED, ended)) if rows_]
    if changes:
        await db.run(_written(changes))
    return len(new) + len(again), len(ended)


def _kind(judged: Judged, number: str) -> str | None:
    found = judged[number][1]
    return found.kind if found else None


def _row(
    method: str, day: date, direction: Direction, number: str, ours: Ours | None, found: Found, *, at: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "method": method,
        "direction": direction,
        "number": number,
        "kind": found.kind,
        "day": day,
        "store_id": ours.store_id if ours else None,
        "order_id": ours.order_id if ours else None,
        "ours_fen": ours.amount_fen if ours else None,
        "theirs_fen": found.theirs_fen,
        "ours_state": ours.state if ours else "",
        "detail": found.detail,
        "state": "open",
        "owner": OWNER,
        "reason": "",
        "ended_by": None,
        "opened_at": at,
        "ended_at": None,
    }


@script
def _written(changes: list[Change]) -> Steps[None]:
    yield changes


async def match_file(ctx: Ctx, file: bytes, method: str, day: date) -> Reconciled:
    """Match the bill that a file holds.  Refuses `MethodUnknown`, `DayNotOver`, `BadBill`, and `BadBill` for lines of another day."""
    ctx.part(Gateways).of(method)
    over(day, at=ctx.now)
    found = read(file, merchant=ctx.process.settings.wechat_pay_merchant)
    for place, line in enumerate(found.lines, 1):
        if rules.day_of(line.at) != day:
            raise BadBill(line=place, why=f"a line of {rules.day_of(line.at)}")
    return await reconcile(ctx.db, method, day, found, source="file", by=ctx.actor.id, at=ctx.now)
