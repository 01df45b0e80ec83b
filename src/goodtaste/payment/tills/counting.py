"""Counting the drawer of a shift, blind: the count is written, and what must be there is not told.

Every count is kept; after the first, a further one needs a person who may sign.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Doc, Id, Int, Moment, Read, Steps, Str, change, first, insert, par, script
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.payment.tills import rules
from goodtaste.payment.tills.shifts import ClockBack, ShiftOver, ShiftView, may, read, view
from goodtaste.payment.tills.tables import count, shift


class CountDrawer(Input, frozen=True):
    """What is sent when a drawer was counted: how many pieces of each denomination."""

    id: IdText
    pieces: rules.Count


class _Known(msgspec.Struct, frozen=True):
    fingerprint: str


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
