"""Closing a shift that was counted: two persons have signed, what must be there is reckoned, and its report gets its number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Moment, Steps, Str, change, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.tills import figures, z
from goodtaste.payment.tills.shifts import ClockBack, Shift, ShiftView, read, view
from goodtaste.payment.tills.tables import shift


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


class Signed(msgspec.Struct, frozen=True):
    """Who signed for a shift with their PIN: its cashier or who stands in for them, and a second person."""

    by: str
    by_may_sign: bool
    witness: str
    reason: str


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
    after, changes = yield from _closing(found, signed, actor=actor, books=books, today=today, at=at)
    yield changes
    return view(after)


def _closing(
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
