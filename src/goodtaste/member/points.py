"""A member's points and level as they and the staff see them, and corrections by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import COUNT_MAX, Id, Input, Reason
from goodtaste.kernel.paging import Cursor, cursor_text, read_cursor
from goodtaste.kernel.words import sentence
from goodtaste.ledger import api as ledger
from goodtaste.member import rules
from goodtaste.member.record import MEMBER, one, save
from goodtaste.member.rules import Program, Progress
from goodtaste.org.api import ApprovalAsked

EXPIRING_SHOWN = 6  # days on which points run out that are shown
ALONE_MAX = 500  # points one person may give or take without a second
PAGE = 30


class NothingToAdjust(Refusal):
    """Raised for a correction of no points."""

    code = "member.nothing_to_adjust"
    status = 422


class ApprovalNeeded(Refusal):
    """Raised when a correction is too large for one person.  Facts: `limit_points`."""

    code = "member.approval_needed"
    status = 403


class Adjustment(Input, frozen=True):
    """What is sent to correct a member's points by hand: so many given (> 0) or taken (< 0), and why.

    `store_id`: at which store, where the right to do so is for one store only.  `approval`: of a second person with the same right.
    """

    id: Id
    points: Annotated[int, msgspec.Meta(ge=-COUNT_MAX, le=COUNT_MAX)]
    reason: Reason
    store_id: Id | None = None
    approval: ApprovalAsked | None = None


class Adjusted(msgspec.Struct, frozen=True):
    """A correction that was made."""

    id: str
    member_id: str
    points: int


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
        order_id=each.order_id,
        source_id=each.source_id,
    )


@script
def level_of(member_id: str, *, program: Program) -> Steps[Progress]:
    """Return a member's level, the next one, and how far it is."""
    found, balances = yield from together(MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id))
    growth = ledger.as_balances(balances)[ledger.GROWTH].available
    current = program.level(one(found, member_id).level)
    return rules.progress(growth, current=current, levels=program.levels)


@script
def adjust(
    asked: Adjustment,
    *,
    member_id: str,
    actor: Actor,
    approved_by: str | None,
    program: Program,
    today: date,
    at: datetime,
) -> Steps[Adjusted]:
    """Correct points by hand, once per `asked.id`.

    `approved_by` is the person who approved it, verified, or None.  Refuses `ApprovalNeeded` above `ALONE_MAX` without a second person,
    and `NotEnough` where more would be taken than there is.
    """
    if asked.points == 0:
        raise NothingToAdjust
    if abs(asked.points) > ALONE_MAX and approved_by in (None, actor.id):
        raise ApprovalNeeded(limit_points=ALONE_MAX)
    made = yield from ledger.read_movement("adjust", source_id=asked.id, owner_id=member_id)
    if made:
        return _same(made, asked, member_id)
    found, balances = yield from together(MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id))
    row, now = one(found, member_id), ledger.as_balances(balances)
    points, taken = now[ledger.POINTS], max(-asked.points, 0)
    uses = (yield from ledger.find_lots(member_id, taken, today=today)) if taken else []
    until = rules.expiry(today, valid_days=program.points_valid_days)
    cause = ledger.Cause(asked.id, member_id, actor.id, today, at, note=asked.reason)
    yield [
        *ledger.adjust(cause, asked.points, balances=points, uses=uses, expires_on=until),
        *save(row, balances=now | {ledger.POINTS: ledger.credited(points, asked.points)}, at=at),
        audit.note(
            actor,
            "member.points_adjusted",
            subject=f"member/{member_id}",
            store_id=asked.store_id,
            reason=asked.reason,
            at=at,
            points=asked.points,
            approved_by=approved_by,
            adjustment_id=asked.id,
        ),
    ]
    return Adjusted(asked.id, member_id, asked.points)


def _same(made: ledger.Movement, asked: Adjustment, member_id: str) -> Adjusted:
    moved = made.available + made.debt
    if (made.owner_id, moved, made.note) != (member_id, asked.points, asked.reason):
        raise IdTaken(id=asked.id)
    return Adjusted(asked.id, member_id, asked.points)
