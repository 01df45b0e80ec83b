"""Shifts: opened with a float, counted blind, closed by two persons, handed over to the next.

The one who counts is not told what must be there: that is reckoned when the shift is closed, of what came and went while it was open,
from its opening to its count.  Every count is kept; after the first, a further one needs a person who may sign.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import (
    Change,
    Doc,
    Id,
    Int,
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
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.tills import figures, rules, z
from goodtaste.payment.tills.tables import count, shift

PAGE_MAX = 200


class ShiftUnknown(Refusal):
    """Raised for a shift that does not exist.  Facts: `shift_id`."""

    code = "payment.shift_unknown"
    status = 404


class ShiftOpen(Refusal):
    """Raised when a shift is to be opened on a drawer that has one.  Facts: `shift_id`, `cashier_id`."""

    code = "payment.shift_open"
    guards = ("payment_shift_drawer",)


class ShiftOver(Refusal):
    """Raised when something is to be done in a shift that is counted or closed already.  Facts: `shift_id`, `state`."""

    code = "payment.shift_over"
    guards = ("payment_shift_state_seen",)


class NotCounted(Refusal):
    """Raised when a shift is to be closed whose drawer nobody has counted.  Facts: `shift_id`."""

    code = "payment.not_counted"


class Unexplained(Refusal):
    """Raised when a drawer does not hold what it must, and nobody says why.  Facts: `difference_fen`, `expected_fen`, `counted_fen`."""

    code = "payment.difference_unexplained"


class SamePerson(Refusal):
    """Raised when one person would sign for both.  Facts: `staff_id`."""

    code = "payment.same_person"
    status = 422
    guards = ("payment_shift_two_persons",)


class NotTheCashier(Refusal):
    """Raised when somebody else would sign for the cashier of a shift, without a reason or the permission.  Facts: `cashier_id`."""

    code = "payment.not_the_cashier"
    status = 403


class ClockBack(Refusal):
    """Raised when the clock shows an earlier time than what was written last of this drawer.  Facts: `last_at`, `at`."""

    code = "payment.clock_back"
    guards = ("payment_shift_forward",)


class OpenShift(Input, frozen=True):
    """What is sent to open a shift on the drawer of the terminal, or without one on that of the store: what lies in it, by piece."""

    id: IdText
    store_id: IdText
    float_pieces: rules.Count = ()


class CountDrawer(Input, frozen=True):
    """What is sent when a drawer was counted: how many pieces of each denomination."""

    id: IdText
    pieces: rules.Count


class Signed(msgspec.Struct, frozen=True):
    """Who signed for a shift with their PIN: its cashier or who stands in for them, and a second person."""

    by: str
    by_may_sign: bool
    witness: str
    reason: str


class ShiftView(msgspec.Struct, frozen=True):
    """A shift.  What was expected, and by how much the count differs, is told once it is closed; `changed` is by how many pieces of each
    denomination the drawer has changed since it was opened."""

    id: str
    store_id: str
    drawer_id: str
    cashier_id: str
    state: str
    business_date: date
    float_fen: int
    float_pieces: dict[str, int]
    opened_at: datetime
    counted_at: datetime | None
    counted_fen: int | None
    counted_pieces: dict[str, int] | None
    changed: dict[str, int]
    closed_at: datetime | None
    expected_fen: int | None
    difference_fen: int | None
    signed_by: str | None
    witness: str | None
    reason: str
    z_number: int | None


class ShiftPage(msgspec.Struct, frozen=True):
    """A page of shifts, newest first; `next` asks for the one after it, null at the end."""

    shifts: list[ShiftView]
    next: str | None


class Shift(msgspec.Struct, frozen=True):
    """A shift as a row."""

    id: str
    store_id: str
    drawer_id: str
    cashier_id: str
    state: str
    business_date: date
    float_fen: int
    float_pieces: dict[str, int]
    opened_at: datetime
    counted_at: datetime | None
    counted_fen: int | None
    counted_pieces: dict[str, int] | None
    closed_at: datetime | None
    expected_fen: int | None
    signed_by: str | None
    witness: str | None
    reason: str
    z_number: int | None
    fingerprint: str
    open_drawer_id: str | None


class _Known(msgspec.Struct, frozen=True):
    fingerprint: str


COLUMNS = [shift.c[name] for name in Shift.__struct_fields__]
ONE = Read(select(*COLUMNS).where(shift.c.id == par("id", Id)), Shift)
LATEST = Read(
    select(*COLUMNS)
    .where(shift.c.drawer_id == par("drawer_id", Id))
    .order_by(shift.c.opened_at.desc(), shift.c.id.desc())
    .limit(1),
    Shift,
)
OPEN_ON = Read(select(*COLUMNS).where(shift.c.open_drawer_id == par("drawer_id", Id)), Shift)
PAGE = Read(
    select(*COLUMNS)
    .where(shift.c.store_id == par("store_id", Id), older(shift.c.opened_at, shift.c.id))
    .order_by(shift.c.opened_at.desc(), shift.c.id.desc())
    .limit(par("limit", Int)),
    Shift,
)
NEW = insert(shift)
NEW_COUNT = insert(count)
COUNTED_BEFORE = Read(select(count.c.fingerprint).where(count.c.id == par("id", Id)), _Known)
COUNTED = change(
    update(shift)
    .where(shift.c.id == par("id", Id), shift.c.state == par("from_state", Str))
    .values(
        state="counted",
        counted_at=par("counted_at", Moment),
        counted_fen=par("counted_fen", Int),
        counted_pieces=par("counted_pieces", Doc),
    ),
    guard="payment_shift_state_seen",
)
CLOSED = change(
    update(shift)
    .where(shift.c.id == par("id", Id), shift.c.state == "counted", shift.c.counted_fen == par("counted_fen", Int))
    .values(
        state="closed",
        closed_at=par("closed_at", Moment),
        expected_fen=par("expected_fen", Int),
        signed_by=par("signed_by", Str),
        witness=par("witness", Str),
        reason=par("reason", Str),
        z_number=par("z_number", Int),
        open_drawer_id=None,
    ),
    guard="payment_shift_state_seen",
)
STILL_OPEN = change(
    update(shift).where(shift.c.id == par("id", Id), shift.c.state == "open").values(state="open"),
    guard="payment_shift_state_seen",
)
"""This changes nothing: it is a guard, that a shift is still open."""


def view(row: Shift) -> ShiftView:
    """Return a shift as it is shown."""
    same = {name: getattr(row, name) for name in ShiftView.__struct_fields__ if hasattr(row, name)}
    known = row.expected_fen is not None and row.counted_fen is not None
    changed = rules.differences(row.float_pieces, row.counted_pieces) if row.counted_pieces is not None else {}
    return ShiftView(
        **same,
        changed=changed,
        difference_fen=row.counted_fen - row.expected_fen if known else None,  # type: ignore[operator]
    )


def read(shift_id: str) -> Steps[Shift]:
    """Read a shift; refuses `ShiftUnknown`."""
    found = yield from first(ONE(id=shift_id))
    if found is None:
        raise ShiftUnknown(shift_id=shift_id)
    return found


@script
def open_shift(asked: OpenShift, *, actor: Actor, drawer_id: str, today: date, at: datetime) -> Steps[ShiftView]:
    """Open a shift on a drawer, once per `asked.id`.  Refuses `ShiftOpen`, and `ClockBack` before the end of the one before it."""
    mark = fingerprint([asked, drawer_id, actor.id])
    known, latest = yield from together(ONE(id=asked.id), LATEST(drawer_id=drawer_id))
    if known:
        same_or_taken(known[0].fingerprint, mark, id_=asked.id)
        return view(known[0])
    made, changes = opened(
        asked, latest[0] if latest else None, cashier_id=actor.id, drawer_id=drawer_id, mark=mark, today=today, at=at
    )
    facts: dict[str, Any] = {"drawer_id": drawer_id, "float_fen": made.float_fen}
    subject = f"shift/{asked.id}"
    written = audit.note(actor, "payment.shift_opened", subject=subject, store_id=asked.store_id, at=at, **facts)
    yield [*changes, written]
    return view(made)


def opened(
    asked: OpenShift, latest: Shift | None, *, cashier_id: str, drawer_id: str, mark: str, today: date, at: datetime
) -> tuple[Shift, list[Change]]:
    """Return a shift that begins after `latest` on a drawer, and the change that writes it."""
    if latest and latest.state != "closed":
        raise ShiftOpen(shift_id=latest.id, cashier_id=latest.cashier_id)
    last_at = latest.closed_at if latest else None
    if last_at and at < last_at:
        raise ClockBack(last_at=last_at, at=at)
    made = Shift(
        id=asked.id,
        store_id=asked.store_id,
        drawer_id=drawer_id,
        cashier_id=cashier_id,
        state="open",
        business_date=today,
        float_fen=rules.worth(asked.float_pieces),
        float_pieces=rules.tidy(asked.float_pieces),
        opened_at=at,
        counted_at=None,
        counted_fen=None,
        counted_pieces=None,
        closed_at=None,
        expected_fen=None,
        signed_by=None,
        witness=None,
        reason="",
        z_number=None,
        fingerprint=mark,
        open_drawer_id=drawer_id,
    )
    return made, [NEW(**msgspec.structs.asdict(made))]


@script
def count_drawer(
    shift_id: str, asked: CountDrawer, *, actor: Actor, approved_by: str | None, at: datetime
) -> Steps[ShiftView]:
    """Write what was counted in the drawer of a shift, once per `asked.id`; the shift answers for no cash that comes after the first count.

    It may be counted again with somebody who may sign (`approved_by`, or the caller).  Refuses `ShiftOver`, `ClockBack`.
    """
    mark = fingerprint([shift_id, asked])
    found = yield from read(shift_id)
    may(actor, found)
    known = yield from first(COUNTED_BEFORE(id=asked.id))
    if known:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return view(found)
    if found.state == "closed":
        raise ShiftOver(shift_id=shift_id, state=found.state)
    if found.state == "counted" and not approved_by and not actor.can("shift.sign", store_id=found.store_id):
        raise ShiftOver(shift_id=shift_id, state=found.state)
    if at < found.opened_at:
        raise ClockBack(last_at=found.opened_at, at=at)
    pieces, fen, counted_at = rules.tidy(asked.pieces), rules.worth(asked.pieces), found.counted_at or at
    own = {"counted_fen": fen, "fingerprint": mark, "actor": actor.id, "approved_by": approved_by, "at": at}
    written = audit.note(
        actor,
        "payment.drawer_counted",
        subject=f"shift/{shift_id}",
        store_id=found.store_id,
        at=at,
        counted_fen=fen,
        approved_by=approved_by,
    )
    yield [
        NEW_COUNT(id=asked.id, shift_id=shift_id, pieces=pieces, **own),
        COUNTED(id=shift_id, from_state=found.state, counted_at=counted_at, counted_fen=fen, counted_pieces=pieces),
        written,
    ]
    return view(
        msgspec.structs.replace(found, state="counted", counted_at=counted_at, counted_fen=fen, counted_pieces=pieces)
    )


def may(actor: Actor, found: Shift) -> None:
    """Refuse `NotAllowed` unless the actor is the cashier of a shift, or may sign for it."""
    own = actor.id == found.cashier_id and actor.can("shift.run", store_id=found.store_id)
    if not own and not actor.can("shift.sign", store_id=found.store_id):
        raise NotAllowed(permission="shift.sign")


@script
def close_shift(
    shift_id: str, signed: Signed, *, actor: Actor, books: figures.DayBooks, today: date, at: datetime
) -> Steps[ShiftView]:
    """Close a shift that was counted: two persons have signed, what must be there is reckoned, and its report gets its number.

    Closing it again gives what it was closed with.  Refuses `NotCounted`, `Unexplained`, `SamePerson`, `NotTheCashier`, `ClockBack`.
    """
    found = yield from read(shift_id)
    if found.state == "closed":
        return view(found)
    after, changes = yield from closing(found, signed, actor=actor, books=books, today=today, at=at)
    yield changes
    return view(after)


def closing(
    found: Shift, signed: Signed, *, actor: Actor, books: figures.DayBooks, today: date, at: datetime
) -> Steps[tuple[Shift, list[Change]]]:
    """Return a shift as it is once closed, and the changes that close it."""
    if found.state != "counted" or found.counted_at is None or found.counted_fen is None:
        raise NotCounted(shift_id=found.id)
    if signed.by == signed.witness:
        raise SamePerson(staff_id=signed.by)
    if signed.by != found.cashier_id and not (signed.by_may_sign and signed.reason):
        raise NotTheCashier(cashier_id=found.cashier_id)
    if at < found.counted_at:
        raise ClockBack(last_at=found.counted_at, at=at)
    span = figures.span(
        store_id=found.store_id,
        from_date=found.business_date,
        to_date=max(today, found.business_date),
        from_at=found.opened_at,
        to_at=found.counted_at,
    )
    drawers, paid = yield from together(
        figures.DRAWER(**span, drawer_id=found.drawer_id, shift_id=found.id),
        figures.PAID_BY(**span, actor=found.cashier_id),
    )
    drawer = drawers[0]
    sales = yield from books.of_person(
        store_id=found.store_id, actor_id=found.cashier_id, from_at=found.opened_at, to_at=found.counted_at
    )
    expected = drawer.expected_fen(found.float_fen)
    difference = found.counted_fen - expected
    if difference and not signed.reason:
        raise Unexplained(difference_fen=difference, expected_fen=expected, counted_fen=found.counted_fen)
    cash = z.Cash(
        float_fen=found.float_fen,
        expected_fen=expected,
        counted_fen=found.counted_fen,
        difference_fen=difference,
        **msgspec.structs.asdict(drawer),
    )
    said = z.Z(tenders=figures.taken(paid, []), sales=sales, cash=cash)
    report, made = yield from z.numbered(
        found.store_id,
        said,
        kind="shift",
        shift_id=found.id,
        business_date=found.business_date,
        made_by=actor.id,
        at=at,
    )
    ended: dict[str, Any] = {
        "expected_fen": expected,
        "signed_by": signed.by,
        "witness": signed.witness,
        "reason": signed.reason,
        "z_number": report.number,
    }
    written = audit.note(
        actor,
        "payment.shift_closed",
        subject=f"shift/{found.id}",
        store_id=found.store_id,
        reason=signed.reason,
        at=at,
        difference_fen=difference,
        signed_by=signed.by,
        witness=signed.witness,
        z_number=report.number,
        digest=report.digest,
    )
    closed = CLOSED(id=found.id, counted_fen=found.counted_fen, closed_at=at, **ended)
    after = msgspec.structs.replace(found, state="closed", closed_at=at, open_drawer_id=None, **ended)
    return after, [closed, made, written]


@script
def one(shift_id: str, *, actor: Actor) -> Steps[ShiftView]:
    """Return a shift to its cashier, and to who may see those of its store.  Refuses `ShiftUnknown`, `NotAllowed`."""
    found = yield from read(shift_id)
    if actor.id != found.cashier_id:
        actor.need("shift.read", store_id=found.store_id)
    return view(found)


@script
def of_drawer(drawer_id: str) -> Steps[ShiftView | None]:
    """Return the shift that is open on a drawer, or None."""
    found = yield from first(OPEN_ON(drawer_id=drawer_id))
    return view(found) if found else None


@script
def of_store(store_id: str, *, before: str, limit: int) -> Steps[ShiftPage]:
    """Return a page of the shifts of a store, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(PAGE(store_id=store_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return ShiftPage([view(each) for each in found], next_of(found, limit, lambda each: each.opened_at))
