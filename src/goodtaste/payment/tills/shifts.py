"""Shifts: what one is, as a row and as it is shown, and who may see to it.

The one who counts is not told what must be there: that is reckoned when the shift is closed, of what came and went while it was open,
from its opening to its count.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import Id, Int, Read, Steps, change, first, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.tills import rules
from goodtaste.payment.tills.tables import shift

PAGE_MAX = 200


class ShiftUnknown(Refusal):
    """Raised for a shift that does not exist.  Facts: `shift_id`."""

    code = "payment.shift_unknown"
    status = 404


class ShiftOver(Refusal):
    """Raised when something is to be done in a shift that is counted or closed already.  Facts: `shift_id`, `state`."""

    code = "payment.shift_over"
    guards = ("payment_shift_state_seen",)


class ClockBack(Refusal):
    """Raised when the clock shows an earlier time than what was written last of this drawer.  Facts: `last_at`, `at`."""

    code = "payment.clock_back"
    guards = ("payment_shift_forward",)


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


COLUMNS = [shift.c[name] for name in Shift.__struct_fields__]
ONE = Read(select(*COLUMNS).where(shift.c.id == par("id", Id)), Shift)
OPEN_ON = Read(select(*COLUMNS).where(shift.c.open_drawer_id == par("drawer_id", Id)), Shift)
PAGE = Read(
    select(*COLUMNS)
    .where(shift.c.store_id == par("store_id", Id), older(shift.c.opened_at, shift.c.id))
    .order_by(shift.c.opened_at.desc(), shift.c.id.desc())
    .limit(par("limit", Int)),
    Shift,
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


def may(actor: Actor, found: Shift) -> None:
    """Refuse `NotAllowed` unless the actor is the cashier of a shift, or may sign for it."""
    own = actor.id == found.cashier_id and actor.can("shift.run", store_id=found.store_id)
    if not own and not actor.can("shift.sign", store_id=found.store_id):
        raise NotAllowed(permission="shift.sign")


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
