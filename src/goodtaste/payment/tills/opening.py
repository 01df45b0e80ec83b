"""Opening a shift on a drawer, with what lies in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Read, Steps, insert, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.payment.tills import rules
from goodtaste.payment.tills.shifts import COLUMNS, ONE, ClockBack, Shift, ShiftView, view
from goodtaste.payment.tills.tables import shift


class ShiftOpen(Refusal):
    """Raised when a shift is to be opened on a drawer that has one.  Facts: `shift_id`, `cashier_id`."""

    code = "payment.shift_open"
    guards = ("payment_shift_drawer",)


class OpenShift(Input, frozen=True):
    """What is sent to open a shift on the drawer of the terminal, or without one on that of the store: what lies in it, by piece."""

    id: IdText
    store_id: IdText
    float_pieces: rules.Count = ()


LATEST = Read(
    select(*COLUMNS)
    .where(shift.c.drawer_id == par("drawer_id", Id))
    .order_by(shift.c.opened_at.desc(), shift.c.id.desc())
    .limit(1),
    Shift,
)
NEW = insert(shift)


@script
def open_shift(asked: OpenShift, *, actor: Actor, drawer_id: str, today: date, at: datetime) -> Steps[ShiftView]:
    """Open a shift on a drawer, once per `asked.id`.  Refuses `ShiftOpen`, and `ClockBack` before the end of the one before it."""
    mark = fingerprint([asked, drawer_id, actor.id])
    known, latest = yield from together(ONE(id=asked.id), LATEST(drawer_id=drawer_id))
    if known:
        same_or_taken(known[0].fingerprint, mark, id_=asked.id)
        return view(known[0])
    made, changes = _opened(
        asked, latest[0] if latest else None, cashier_id=actor.id, drawer_id=drawer_id, mark=mark, today=today, at=at
    )
    facts: dict[str, Any] = {"drawer_id": drawer_id, "float_fen": made.float_fen}
    subject = f"shift/{asked.id}"
    written = audit.note(actor, "payment.shift_opened", subject=subject, store_id=asked.store_id, at=at, **facts)
    yield [*changes, written]
    return view(made)


def _opened(
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
