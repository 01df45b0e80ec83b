"""Cash that comes into a drawer or leaves it without a sale, and drawers that are opened without one: each with a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select

from goodtaste.events.payment import DrawerOpened
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Day, Id, Int, Read, Steps, first, insert, par, rows, script
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.money import FEN_MAX
from goodtaste.kernel.outbox import tell
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.tills.shifts import OPEN_ON, STILL_OPEN, Shift, ShiftOver, may, read
from goodtaste.payment.tills.tables import cash_move

PAGE_MAX = 200


class MoveCash(Input, frozen=True):
    """What is sent when cash is put into the drawer of a shift, or taken out: change from the bank, a courier, an errand."""

    id: IdText
    kind: Literal["in", "out"]
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX, description="Whole fen")]
    reason: Reason


class OpenDrawer(Input, frozen=True):
    """What is sent to open a drawer without a sale."""

    id: IdText
    store_id: IdText
    reason: Reason


class CashMove(msgspec.Struct, frozen=True):
    """Cash that moved without a sale, or a drawer that was opened without one (`opened`)."""

    id: str
    store_id: str
    drawer_id: str
    shift_id: str | None
    kind: str
    amount_fen: int
    reason: str
    actor: str
    business_date: date
    at: datetime


class _Known(CashMove, frozen=True):
    fingerprint: str


class MovePage(msgspec.Struct, frozen=True):
    """A page of what moved without a sale, newest first; `next` asks for the one after it, null at the end."""

    moves: list[CashMove]
    next: str | None


NEW = insert(cash_move)
ONE = Read(
    select(*[cash_move.c[name] for name in _Known.__struct_fields__]).where(cash_move.c.id == par("id", Id)), _Known
)
PAGE = Read(
    select(*[cash_move.c[name] for name in CashMove.__struct_fields__])
    .where(
        cash_move.c.store_id == par("store_id", Id),
        cash_move.c.business_date == par("business_date", Day),
        older(cash_move.c.at, cash_move.c.id),
    )
    .order_by(cash_move.c.at.desc(), cash_move.c.id.desc())
    .limit(par("limit", Int)),
    CashMove,
)


@script
def move_cash(
    shift_id: str, asked: MoveCash, *, actor: Actor, approved_by: str | None, today: date, at: datetime
) -> Steps[CashMove]:
    """Write that cash was put into the drawer of an open shift or taken out, once per `asked.id`; `approved_by` is who let a person without
    the permission take it out.  Refuses `ShiftOver`."""
    mark = fingerprint([shift_id, asked])
    found = yield from read(shift_id)
    may(actor, found)
    known = yield from first(ONE(id=asked.id))
    if known:
        return _again(known, mark)
    if found.state != "open":
        raise ShiftOver(shift_id=shift_id, state=found.state)
    made = _of(asked.id, found, asked.kind, asked.amount_fen, asked.reason, actor=actor, today=today, at=at)
    yield [STILL_OPEN(id=shift_id), *_written(made, mark, actor, approved_by)]
    return made


@script
def open_drawer(asked: OpenDrawer, *, actor: Actor, drawer_id: str, today: date, at: datetime) -> Steps[CashMove]:
    """Write that a drawer is opened without a sale, once per `asked.id`, whether a shift is open on it or not, and tell it."""
    mark = fingerprint([asked, drawer_id])
    known = yield from first(ONE(id=asked.id))
    if known:
        return _again(known, mark)
    found = yield from first(OPEN_ON(drawer_id=drawer_id))
    made = CashMove(
        asked.id,
        asked.store_id,
        drawer_id,
        found.id if found else None,
        "opened",
        0,
        asked.reason,
        actor.id,
        found.business_date if found else today,
        at,
    )
    opened = DrawerOpened(move_id=made.id, store_id=made.store_id, drawer_id=drawer_id)
    yield [*_written(made, mark, actor, None), tell(opened, at=at)]
    return made


@script
def of_day(store_id: str, *, business_date: date, before: str, limit: int) -> Steps[MovePage]:
    """Return a page of what moved without a sale on a trading day of a store, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(
        PAGE(store_id=store_id, business_date=business_date, before_at=edge.at, before_id=edge.id, limit=limit)
    )
    return MovePage(found, next_of(found, limit, lambda each: each.at))


def _again(known: _Known, mark: str) -> CashMove:
    same_or_taken(known.fingerprint, mark, id_=known.id)
    return CashMove(**{name: getattr(known, name) for name in CashMove.__struct_fields__})


def _of(
    id_: str, found: Shift, kind: str, amount_fen: int, reason: str, *, actor: Actor, today: date, at: datetime
) -> CashMove:
    return CashMove(id_, found.store_id, found.drawer_id, found.id, kind, amount_fen, reason, actor.id, today, at)


def _written(made: CashMove, mark: str, actor: Actor, approved_by: str | None) -> list[Change]:
    action = {"in": "payment.cash_in", "out": "payment.cash_out", "opened": "payment.drawer_opened"}[made.kind]
    written = audit.note(
        actor,
        action,
        subject=f"drawer/{made.drawer_id}",
        store_id=made.store_id,
        reason=made.reason,
        at=made.at,
        amount_fen=made.amount_fen,
        shift_id=made.shift_id,
        approved_by=approved_by,
    )
    return [NEW(**msgspec.structs.asdict(made), fingerprint=mark), written]
