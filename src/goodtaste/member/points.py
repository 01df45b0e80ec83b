"""A member's points and level as they and the staff see them, and corrections by hand."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from goodtaste.kernel.db import Database, Steps, rows, script, together
from goodtaste.kernel.paging import Cursor, cursor_text, read_cursor
from goodtaste.kernel.words import sentence
from goodtaste.ledger import api as ledger
from goodtaste.member import rules
from goodtaste.member.rules import Program

EXPIRING_SHOWN = 6  # days on which points run out that are shown
PAGE = 30
SHOP = ("redeem", "unredeem")  # kinds of movements whose source is something of the points shop, not an order


class PointsView(msgspec.Struct, frozen=True):
    """A member's points: to spend now (and what that pays for), on their way, owed after refunds, and when some run out next."""

    available: int
    pending: int
    debt: int
    worth_fen: int
    expiring: list[ledger.Expiring]


class Entry(msgspec.Struct, frozen=True):
    """One movement of points: in words, as numbers, for which order or other source, and what was available after it."""

    id: str
    at: datetime
    kind: str
    words: str
    available: int
    pending: int
    debt: int
    available_after: int
    order_id: str | None
    source_id: str


class HistoryPage(msgspec.Struct, frozen=True):
    """A page of the history, newest first; `next` asks for the one after it, null at the end."""

    entries: list[Entry]
    next: str | None


class MonthDue(msgspec.Struct, frozen=True):
    """Points that run out in a month (2026-11), and what they pay for."""

    month: str
    points: int
    worth_fen: int


class Liability(msgspec.Struct, frozen=True):
    """What the brand owes its members in points as of now, with its worth at the program's rate.

    `holds`: whether the members' side and the brand's side of the journal say the same.
    """

    fen_per_100_points: int
    available: int
    held: int
    pending: int
    debt: int
    total: int
    worth_fen: int
    holds: bool
    by_month: list[MonthDue]
    cohorts: list[ledger.Cohort]


class _Place(Cursor, frozen=True):
    """Where a page of the history begins, with the points available there."""

    available: int


def _points(points: ledger.Balances, expiring: list[ledger.Expiring], program: Program) -> PointsView:
    return PointsView(
        points.available, points.pending, -points.debt, rules.worth_fen(points.available, program), expiring
    )


@script
def of(member_id: str, *, program: Program, today: date) -> Steps[PointsView]:
    """Return a member's points."""
    balances, expiring = yield from together(
        ledger.READ_BALANCES(owner_id=member_id), ledger.expiring(member_id, today=today, days=EXPIRING_SHOWN)
    )
    return _points(ledger.as_balances(balances)[ledger.POINTS], expiring, program)


@script
def history(member_id: str, *, before: str, limit: int, language: str) -> Steps[HistoryPage]:
    """Return a page of what moved a member's points.  Refuses `BadCursor`."""
    if not before:
        balances, found = yield from together(
            ledger.READ_BALANCES(owner_id=member_id), ledger.movements(member_id, limit=limit)
        )
        after = ledger.as_balances(balances)[ledger.POINTS].available
    else:
        place = read_cursor(before, _Place)
        after = place.available
        found = yield from rows(ledger.movements(member_id, before=place, limit=limit))
    entries = []
    for each in found:
        entries.append(_entry(each, after, language))
        after -= each.available
    more = cursor_text(_Place(found[-1].at, found[-1].id, after)) if len(found) == limit else None
    return HistoryPage(entries, more)


def _entry(each: ledger.Movement, after: int, language: str) -> Entry:
    return Entry(
        id=each.id,
        at=each.at,
        kind=each.kind,
        words=sentence(f"member.points.{each.kind}", language, {}).say,
        available=each.available,
        pending=each.pending,
        debt=-each.debt,
        available_after=after,
        order_id=each.order_id if each.kind not in SHOP else None,
        source_id=each.source_id,
    )


async def liability(db: Database, *, program: Program) -> Liability:
    """Return what the brand owes its members in points."""
    found = await ledger.read_outstanding(db)
    return Liability(
        fen_per_100_points=program.fen_per_100_points,
        available=found.available,
        held=found.held,
        pending=found.pending,
        debt=-found.debt,
        total=found.total,
        worth_fen=rules.worth_fen(found.total, program),
        holds=found.total == found.journal_points,
        by_month=[MonthDue(each.month, each.points, rules.worth_fen(each.points, program)) for each in found.by_month],
        cohorts=found.cohorts,
    )
