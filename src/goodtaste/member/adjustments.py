"""Corrections of points by hand: small ones by one person, larger ones asked for by one and approved by another."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Day,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import COUNT_MAX, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.ledger import api as ledger
from goodtaste.member import rules
from goodtaste.member.record import MEMBER, one, save
from goodtaste.member.rules import Program
from goodtaste.member.tables import adjustment
from goodtaste.org.api import ApprovalAsked

RIGHT = "points.adjust"
PAGE_MAX = 100

State = Literal["alone", "requested", "approved", "refused", "expired"]


class NothingToAdjust(Refusal):
    """Raised for a correction of no points."""

    code = "member.nothing_to_adjust"
    status = 422


class ApprovalNeeded(Refusal):
    """Raised when a correction, or all that a person made alone today, is too large for one.  Facts: `limit_points`, `day_limit_points`."""

    code = "member.approval_needed"
    status = 403


class AdjustmentUnknown(Refusal):
    """Raised for a correction that nobody asked for.  Facts: `adjustment_id`."""

    code = "member.adjustment_unknown"
    status = 404


class AdjustmentDecided(Refusal):
    """Raised when a correction was decided before, or its time is over.  Facts: `adjustment_id`, `state`."""

    code = "member.adjustment_decided"


class OwnRequest(Refusal):
    """Raised when a person would decide on the correction that they asked for themselves.  Facts: `adjustment_id`."""

    code = "member.own_request"
    status = 403


class Adjustment(Input, frozen=True):
    """What is sent to correct a member's points by hand: so many given (> 0) or taken (< 0), and why.

    `store_id`: at which store, where the right to do so is for one store only.  `approval`: of a second person with the same right.
    """

    id: IdText
    points: Annotated[int, msgspec.Meta(ge=-COUNT_MAX, le=COUNT_MAX)]
    reason: Reason
    store_id: IdText | None = None
    approval: ApprovalAsked | None = None


class AdjustmentAsked(Input, frozen=True):
    """What is sent to ask for a correction that a second person decides on later."""

    id: IdText
    member_id: IdText
    points: Annotated[int, msgspec.Meta(ge=-COUNT_MAX, le=COUNT_MAX)]
    reason: Reason
    store_id: IdText | None = None


class Answer(Input, frozen=True):
    """What is sent to refuse a correction: why."""

    reason: Reason


class Adjusted(msgspec.Struct, frozen=True):
    """A correction that was made."""

    id: str
    member_id: str
    points: int


class AdjustmentView(msgspec.Struct, frozen=True):
    """A correction as the staff see it: what, why, who asked for it until when, and who decided what about it."""

    id: str
    member_id: str
    points: int
    reason: str
    store_id: str | None
    state: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str
    fingerprint: str


class _Day(msgspec.Struct, frozen=True):
    nth: int
    alone_points: int


_COLUMNS = [adjustment.c[name] for name in AdjustmentView.__struct_fields__]
NEW = insert(adjustment)
ONE = Read(select(*_COLUMNS).where(adjustment.c.id == par("id", Id)), AdjustmentView)
IN_STATE = Read(
    select(*_COLUMNS)
    .where(adjustment.c.state == par("state", Str))
    .order_by(adjustment.c.asked_at.desc(), adjustment.c.id)
    .limit(PAGE_MAX),
    AdjustmentView,
)
DAY = Read(
    select(
        func.coalesce(func.max(adjustment.c.nth), 0).label("nth"),
        func.coalesce(func.max(adjustment.c.alone_points), 0).label("alone_points"),
    ).where(adjustment.c.asked_by == par("asked_by", Str), adjustment.c.business_date == par("today", Day)),
    _Day,
)
DECIDE = change(
    update(adjustment)
    .where(
        adjustment.c.id == par("id", Id),
        adjustment.c.state == "requested",
        adjustment.c.expires_at > par("at", Moment),
    )
    .values(
        state=par("state", Str),
        decided_by=par("decided_by", Str),
        decided_at=par("at", Moment),
        answer=par("answer", Str),
    ),
    guard="member_adjustment_open",
)
LAPSE = change(
    update(adjustment)
    .where(adjustment.c.state == "requested", adjustment.c.expires_at <= par("at", Moment))
    .values(state="expired"),
)


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

    `approved_by` is the person who approved it, verified, or None.  Refuses `ApprovalNeeded` above the limits of one person (which the
    system itself does not have), and `NotEnough` where more would be taken than there is.
    """
    if asked.points == 0:
        raise NothingToAdjust
    second = approved_by if approved_by != actor.id else None
    mark = fingerprint([member_id, asked.points, asked.reason, asked.store_id])
    known, [day] = yield from together(ONE(id=asked.id), DAY(asked_by=actor.id, today=today))
    if known:
        return Adjusted(asked.id, member_id, _same(known[0], mark).points)
    alone = day.alone_points + (0 if second else abs(asked.points))
    if second is None:
        _may_alone(asked.points, alone, actor=actor, limits=program.points)
    row = AdjustmentView(
        id=asked.id,
        member_id=member_id,
        points=asked.points,
        reason=asked.reason,
        store_id=asked.store_id,
        state="approved" if second else "alone",
        asked_by=actor.id,
        asked_at=at,
        expires_at=at,
        decided_by=second,
        decided_at=at if second else None,
        answer="",
        fingerprint=mark,
    )
    changes = yield from _made(row, actor=actor, approved_by=second, program=program, today=today, at=at)
    kept = _kept(row, _Day(day.nth + 1, alone), today=today)
    yield [kept, *changes]
    return Adjusted(asked.id, member_id, asked.points)


@script
def ask(asked: AdjustmentAsked, *, actor: Actor, program: Program, today: date, at: datetime) -> Steps[AdjustmentView]:
    """Ask for a correction, once per `asked.id`; nothing moves before a second person has approved it.  Refuses `MemberUnknown`."""
    if asked.points == 0:
        raise NothingToAdjust
    mark = fingerprint([asked.member_id, asked.points, asked.reason, asked.store_id])
    known, [day], found = yield from together(
        ONE(id=asked.id), DAY(asked_by=actor.id, today=today), MEMBER(id=asked.member_id)
    )
    if known:
        return _seen(_same(known[0], mark), at)
    one(found, asked.member_id)
    row = AdjustmentView(
        id=asked.id,
        member_id=asked.member_id,
        points=asked.points,
        reason=asked.reason,
        store_id=asked.store_id,
        state="requested",
        asked_by=actor.id,
        asked_at=at,
        expires_at=at + timedelta(hours=program.points.approval_hours),
        decided_by=None,
        decided_at=None,
        answer="",
        fingerprint=mark,
    )
    note = audit.note(
        actor,
        "member.adjustment_asked",
        subject=f"member/{asked.member_id}",
        store_id=asked.store_id,
        reason=asked.reason,
        at=at,
        points=asked.points,
        adjustment_id=asked.id,
    )
    kept = _kept(row, _Day(day.nth + 1, day.alone_points), today=today)
    yield [kept, note]
    return row


@script
def approve(adjustment_id: str, *, actor: Actor, program: Program, today: date, at: datetime) -> Steps[AdjustmentView]:
    """Approve a correction that somebody else asked for, which makes it; the same person twice does it once.

    Refuses `AdjustmentUnknown`, `OwnRequest`, `AdjustmentDecided`, and `NotEnough` where more would be taken than there is.
    """
    row = yield from _open(adjustment_id, actor=actor, state="approved", at=at)
    if row.state == "approved":
        return row
    changes = yield from _made(row, actor=actor, approved_by=actor.id, program=program, today=today, at=at)
    return (yield from _decided(row, "approved", "", changes, actor=actor, at=at))


@script
def refuse(adjustment_id: str, *, answer: str, actor: Actor, at: datetime) -> Steps[AdjustmentView]:
    """Refuse a correction that somebody else asked for.  Refuses what `approve` refuses."""
    row = yield from _open(adjustment_id, actor=actor, state="refused", at=at)
    if row.state == "refused":
        return row
    note = audit.note(
        actor,
        "member.adjustment_refused",
        subject=f"member/{row.member_id}",
        store_id=row.store_id,
        reason=answer,
        at=at,
        points=row.points,
        asked_by=row.asked_by,
        adjustment_id=row.id,
    )
    return (yield from _decided(row, "refused", answer, [note], actor=actor, at=at))


@script
def in_state(state: State, *, actor: Actor, at: datetime) -> Steps[list[AdjustmentView]]:
    """Return the newest corrections in a state that the actor has the right to make, at most `PAGE_MAX` looked at."""
    found = yield from rows(IN_STATE(state=state))
    return [_seen(each, at) for each in found if actor.can(RIGHT, store_id=each.store_id)]


@script
def lapse(at: datetime) -> Steps[None]:
    """Let corrections lapse on which nobody decided in time."""
    yield [LAPSE(at=at)]


def _may_alone(points: int, day_points: int, *, actor: Actor, limits: rules.PointsRules) -> None:
    if actor.kind == "system":
        return
    if abs(points) > limits.adjust_alone_max or day_points > limits.adjust_alone_day_max:
        raise ApprovalNeeded(limit_points=limits.adjust_alone_max, day_limit_points=limits.adjust_alone_day_max)


def _kept(row: AdjustmentView, day: _Day, *, today: date) -> Change:
    return NEW(**msgspec.structs.asdict(row), business_date=today, nth=day.nth, alone_points=day.alone_points)


def _same(known: AdjustmentView, mark: str) -> AdjustmentView:
    same_or_taken(known.fingerprint, mark, id_=known.id)
    return known


def _seen(row: AdjustmentView, at: datetime) -> AdjustmentView:
    """Return a correction as it is at `at`: one that nobody decided on in time has expired, also before the job has said so."""
    over = row.state == "requested" and row.expires_at <= at
    return msgspec.structs.replace(row, state="expired") if over else row


def _open(adjustment_id: str, *, actor: Actor, state: str, at: datetime) -> Steps[AdjustmentView]:
    """Return a correction that is open, or that this person has brought into `state` before; refuses what else it may be."""
    found = yield from first(ONE(id=adjustment_id))
    if found is None or not actor.can(RIGHT, store_id=found.store_id):
        raise AdjustmentUnknown(adjustment_id=adjustment_id)
    if found.asked_by == actor.id:
        raise OwnRequest(adjustment_id=adjustment_id)
    row = _seen(found, at)
    if row.state == "requested" or (row.state, row.decided_by) == (state, actor.id):
        return row
    raise AdjustmentDecided(adjustment_id=adjustment_id, state=row.state)


def _decided(
    row: AdjustmentView, state: str, answer: str, changes: list[Change], *, actor: Actor, at: datetime
) -> Steps[AdjustmentView]:
    yield [DECIDE(id=row.id, state=state, decided_by=actor.id, answer=answer, at=at), *changes]
    return msgspec.structs.replace(row, state=state, decided_by=actor.id, decided_at=at, answer=answer)


def _made(
    row: AdjustmentView, *, actor: Actor, approved_by: str | None, program: Program, today: date, at: datetime
) -> Steps[list[Change]]:
    """Return the changes that make a correction: the points, the member's row, the audit."""
    found, balances = yield from together(MEMBER(id=row.member_id), ledger.READ_BALANCES(owner_id=row.member_id))
    member, now = one(found, row.member_id), ledger.as_balances(balances)
    points, taken = now[ledger.POINTS], max(-row.points, 0)
    uses = (yield from ledger.find_lots(row.member_id, taken, today=today)) if taken else []
    until = rules.expiry(today, valid_days=program.points_valid_days)
    cause = ledger.Cause(row.id, row.member_id, actor.id, today, at, note=row.reason)
    note = audit.note(
        actor,
        "member.points_adjusted",
        subject=f"member/{row.member_id}",
        store_id=row.store_id,
        reason=row.reason,
        at=at,
        points=row.points,
        asked_by=row.asked_by,
        approved_by=approved_by,
        adjustment_id=row.id,
    )
    return [
        *ledger.adjust(cause, row.points, balances=points, uses=uses, expires_on=until),
        *save(member, balances=now | {ledger.POINTS: ledger.credited(points, row.points)}, at=at),
        note,
    ]
