"""Both sides of a day: what our books say of it, and the bills as they are kept."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import delete, func, or_, select

from goodtaste.kernel.db import (
    Database,
    Day,
    Id,
    Int,
    ListOf,
    Moment,
    Read,
    Steps,
    Str,
    change,
    first,
    in_list,
    insert,
    par,
    put,
    script,
)
from goodtaste.kernel.ids import is_id
from goodtaste.payment.gateway import Bill, BillLine
from goodtaste.payment.reconcile.rules import BEIJING, Direction, Ours, Theirs
from goodtaste.payment.reconcile.tables import bill, bill_line
from goodtaste.payment.tables import payment, refund

T = TypeVar("T")

LINES_AT_ONCE = 5_000  # rows written or read in one transaction
NUMBERS_AT_ONCE = 2_000

_PAID = [
    payment.c.id.label("number"),
    payment.c.method,
    payment.c.state,
    payment.c.amount_fen,
    payment.c.settled_at,
    payment.c.store_id,
    payment.c.order_id,
]
_BACK = [
    refund.c.id.label("number"),
    payment.c.method,
    refund.c.state,
    refund.c.amount_fen,
    refund.c.settled_at,
    payment.c.store_id,
    payment.c.order_id,
]
_JOINED = select(*_BACK).join_from(refund, payment, payment.c.id == refund.c.payment_id)
OURS_BY: dict[Direction, Read[Ours]] = {
    "paid": Read(select(*_PAID).where(in_list(payment.c.id, par("numbers", ListOf))), Ours),
    "refunded": Read(_JOINED.where(in_list(refund.c.id, par("numbers", ListOf))), Ours),
}
OURS_ON: dict[Direction, Read[Ours]] = {
    "paid": Read(
        select(*_PAID)
        .where(
            payment.c.close_at.is_not(None),
            payment.c.settled_at >= par("from_at", Moment),
            payment.c.settled_at < par("to_at", Moment),
            payment.c.method == par("method", Str),
            payment.c.state == "succeeded",
            or_(payment.c.settled_at > par("from_at", Moment), payment.c.id > par("after", Id)),
        )
        .order_by(payment.c.settled_at, payment.c.id)
        .limit(par("limit", Int)),
        Ours,
    ),
    "refunded": Read(
        _JOINED.where(
            refund.c.settled_at >= par("from_at", Moment),
            refund.c.settled_at < par("to_at", Moment),
            payment.c.method == par("method", Str),
            refund.c.state == "succeeded",
            refund.c.way == "same",  # what was made up for by hand is on no bill
            or_(refund.c.settled_at > par("from_at", Moment), refund.c.id > par("after", Id)),
        )
        .order_by(refund.c.settled_at, refund.c.id)
        .limit(par("limit", Int)),
        Ours,
    ),
}


class BillRow(msgspec.Struct, frozen=True):
    """A bill as it was read last: how many lines, what came, went back and was kept as fees, in fen."""

    method: str
    day: date
    digest: str
    source: str
    lines: int
    paid_fen: int
    refunded_fen: int
    fee_fen: int
    read_by: str
    read_at: datetime


class _Kept(msgspec.Struct, frozen=True):
    number: str
    day: date
    amount_fen: int
    gateway_ref: str


class _Reversal(msgspec.Struct, frozen=True):
    number: str
    fen: int


BILL = Read(select(*bill.c).where(bill.c.method == par("method", Str), bill.c.day == par("day", Day)), BillRow)
KEEP = put(bill, key=["method", "day"])
LINES_GONE = change(
    delete(bill_line).where(bill_line.c.method == par("method", Str), bill_line.c.day == par("day", Day))
)
NEW_LINES = insert(bill_line, conflict="skip")
THEIRS_BY = Read(
    select(bill_line.c.number, bill_line.c.day, bill_line.c.amount_fen, bill_line.c.gateway_ref)
    .where(
        in_list(bill_line.c.number, par("numbers", ListOf)),
        bill_line.c.kind.concat("") == par("kind", Str),
        bill_line.c.method.concat("") == par("method", Str),
    )
    .order_by(bill_line.c.day, bill_line.c.seq),
    _Kept,
)
REVERSED = Read(
    select(bill_line.c.payment_number.label("number"), func.sum(bill_line.c.amount_fen).label("fen"))
    .where(
        in_list(bill_line.c.number, par("numbers", ListOf)),
        bill_line.c.method.concat("") == par("method", Str),
    )
    .group_by(bill_line.c.payment_number),
    _Reversal,
)


"""The number finds lines, by the index, and the method only confirms it: as a column of an index it would find all of the gateway's."""


def batched(found: Iterable[T], most: int) -> Iterator[list[T]]:
    """Give all, so many at a time."""
    rest = iter(found)
    while part := list(islice(rest, most)):
        yield part


def reversal_of(payment_number: str) -> str:
    """Return under which number the refund is kept that a gateway made of a payment without a number of ours."""
    return f"reversal/{payment_number}"


def number_of(line: BillLine) -> str:
    """Return under which number a line is kept."""
    if line.kind == "paid":
        return line.payment_id
    return line.refund_id or reversal_of(line.payment_id)


def digest_of(lines: Sequence[BillLine]) -> str:
    """Return by what a bill is known to be the same again."""
    return hashlib.sha256(msgspec.json.encode(lines, order="deterministic")).hexdigest()


async def keep(db: Database, method: str, day: date, found: Bill, *, source: str, by: str, at: datetime) -> BillRow:
    """Keep the lines of a bill; the same bill again changes nothing, another one of the day takes its place.

    The bill itself is written last: one whose lines were not all written is read again.
    """
    digest, before = digest_of(found.lines), await db.first(BILL(method=method, day=day))
    if before and before.digest == digest:
        return before
    await db.run(_forget(method, day))
    for part in batched(enumerate(found.lines), LINES_AT_ONCE):
        rows = [
            {
                "method": method,
                "day": day,
                "seq": seq,
                "kind": line.kind,
                "number": number_of(line),
                "payment_number": line.payment_id,
                "gateway_ref": line.gateway_ref,
                "amount_fen": line.amount_fen,
                "fee_fen": line.fee_fen,
                "at": line.at,
            }
            for seq, line in part
        ]
        await db.run(_keep_lines(rows))
    sums = {kind: sum(each.amount_fen for each in found.lines if each.kind == kind) for kind in ("paid", "refunded")}
    fees = sum(each.fee_fen for each in found.lines)
    row = BillRow(method, day, digest, source, len(found.lines), sums["paid"], sums["refunded"], fees, by, at)
    await db.run(_keep_bill(row))
    return row


@script
def _forget(method: str, day: date) -> Steps[None]:
    before = yield from first(BILL(method=method, day=day))
    unread = [KEEP(**(msgspec.structs.asdict(before) | {"digest": ""}))] if before else []
    yield [LINES_GONE(method=method, day=day), *unread]


@script
def _keep_lines(rows: list[dict[str, Any]]) -> Steps[None]:
    yield [NEW_LINES.many(rows)]


@script
def _keep_bill(row: BillRow) -> Steps[None]:
    yield [KEEP(**msgspec.structs.asdict(row))]


async def ours_on(db: Database, method: str, day: date, direction: Direction) -> list[Ours]:
    """Return what our books say succeeded at a gateway on a day of its own."""
    begins_at = datetime.combine(day, time(), tzinfo=BEIJING)
    span = {"to_at": begins_at + timedelta(days=1), "method": method, "limit": LINES_AT_ONCE}
    edge: tuple[datetime, str] = (begins_at, "00000000-0000-0000-0000-000000000000")
    found: list[Ours] = []
    while True:
        page = await db.rows(OURS_ON[direction](**span, from_at=edge[0], after=edge[1]))
        found += page
        if len(page) < LINES_AT_ONCE:
            return found
        edge = (page[-1].settled_at or begins_at, page[-1].number)


async def ours_by(db: Database, numbers: Iterable[str], direction: Direction) -> dict[str, Ours]:
    """Return what our books say of numbers, by the number."""
    known: dict[str, Ours] = {}
    for part in batched(filter(is_id, numbers), NUMBERS_AT_ONCE):
        known |= {each.number: each for each in await db.rows(OURS_BY[direction](numbers=part))}
    return known


async def theirs_by(db: Database, method: str, numbers: Iterable[str], direction: Direction) -> dict[str, list[Theirs]]:
    """Return the lines that all bills of a gateway have for numbers, by the number."""
    known: dict[str, list[Theirs]] = defaultdict(list)
    for part in batched(numbers, NUMBERS_AT_ONCE):
        for each in await db.rows(THEIRS_BY(numbers=part, kind=direction, method=method)):
            known[each.number].append(Theirs(each.number, each.day, each.amount_fen, each.gateway_ref))
    return known


async def reversed_by(db: Database, method: str, numbers: Iterable[str]) -> dict[str, int]:
    """Return what bills say went back of payments without a number of ours, by the payment."""
    known: dict[str, int] = {}
    for part in batched(map(reversal_of, numbers), NUMBERS_AT_ONCE):
        known |= {each.number: each.fen for each in await db.rows(REVERSED(numbers=part, method=method))}
    return known
