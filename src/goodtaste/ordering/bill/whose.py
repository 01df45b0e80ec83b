"""Whose an unpaid bill is: a member who is present is put on it or taken off, and it costs what it would have cost them all along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.events.ordering import MemberChanged
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Query, Read, Steps, par, rows, script
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Fen
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.ordering import facts, held
from goodtaste.ordering.asked import PriceChanged
from goodtaste.ordering.bill.pieces import Seen
from goodtaste.ordering.bill_price import Anew, Coming, Repriced, read_at_hand, reprice
from goodtaste.ordering.open_bill import NONE, Changed, NotOpen, gifts_told
from goodtaste.ordering.orders import LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.pay import no_parts
from goodtaste.ordering.place import STALE
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import round_
from goodtaste.promo import api as promo


class Whose(Seen, frozen=True):
    """What is sent to say whose a bill is: a member who is present by their visit (`visit_id`) or by the `code` they show, or nobody."""

    member_id: IdText | None = None
    visit_id: IdText | None = None
    code: members.CodeText | None = None

    def __post_init__(self) -> None:
        if self.code and (self.member_id or self.visit_id):
            raise ValueError("code says who it is: send it without member_id and visit_id")


class PutMember(Whose, frozen=True, kw_only=True):
    """What is sent to put a member on a bill or take theirs off, at the price that was seen."""

    seen_due_fen: Fen


class _Round(msgspec.Struct, frozen=True):
    number: int
    at: datetime


ROUNDS = Read(select(round_.c.number, round_.c.at).where(round_.c.order_id == par("order_id", Id)), _Round)


@script
def preview(
    order_id: str, asked: Whose, *, shown: members.MemberCode | None, actor: Actor, where: Place
) -> Steps[OrderView]:
    """Return a bill as it would be for who is asked for; nothing is changed, and the `shown` code may still be used."""
    found, lines = yield from _read(order_id, asked, actor)
    member_id, _ = yield from _who(asked, shown, found, actor=actor, where=where)
    if member_id == found.member_id:
        return view(found, lines)
    return (yield from _priced(found, lines, asked, member_id, where)).view


@script
def put(
    order_id: str, asked: PutMember, *, shown: members.MemberCode | None, actor: Actor, where: Place
) -> Steps[OrderView]:
    """Make an unpaid bill a member's, or nobody's; its lines cost what they would have cost them as they were ordered.

    What the bill held of who leaves comes back to them.  Saying it again changes nothing.  Refuses `NotOpen` and `HasParts` for a bill
    that is paid or being paid, `NotPresent`, `VisitOver`, `PriceChanged`, and `Changed` where somebody else was quicker.
    """
    found, lines = yield from _read(order_id, asked, actor)
    member_id, arriving = yield from _who(asked, shown, found, actor=actor, where=where)
    if member_id == found.member_id:
        return view(found, lines)
    repriced = _agreed(asked, (yield from _priced(found, lines, asked, member_id, where)))
    freed = yield from held.free(found, actor=actor, where=where)
    try:
        yield [*arriving, *repriced.changes, *freed, *_noted(found, repriced, actor=actor, where=where)]
    except GuardBroken as broken:
        if broken.name in STALE:
            now = msgspec.structs.replace(where, offers=(yield from promo.read_live(at=where.at)))
            _agreed(asked, (yield from _priced(found, lines, asked, member_id, now)))
        raise
    return repriced.view


def _read(order_id: str, asked: Whose, actor: Actor) -> Steps[tuple[OrderRow, list[LineRow]]]:
    found, lines = yield from read(order_id)
    return may_see(actor, found, order_id, permission="order.place"), lines


def _who(
    asked: Whose, shown: members.MemberCode | None, found: OrderRow, *, actor: Actor, where: Place
) -> Steps[tuple[str | None, list[Change]]]:
    """Return whose the bill is to be, and the changes by which a code is used up; who is on it already need show nothing more."""
    if shown:
        row = yield from members.whose(shown)
        begun = members.begun(shown, row, visit_id=new_id(), store_id=found.store_id, actor=actor, at=where.at)
        return row.id, begun
    if asked.member_id and asked.member_id != found.member_id:
        visits = (yield from rows(members.visit_query(asked.visit_id))) if asked.visit_id else []
        members.present(visits, member_id=asked.member_id, store_id=found.store_id, at=where.at)
        query: Query[Any] = members.standing(asked.member_id)
        members.known((yield from rows(query)), asked.member_id, redeems=False)
    return asked.member_id, []


def _priced(
    found: OrderRow, lines: Sequence[LineRow], asked: Whose, member_id: str | None, where: Place
) -> Steps[Repriced]:
    """Return the bill as it is for another member, without the coupons and points of the one who leaves."""
    if found.version != asked.version:
        raise Changed(order_id=found.id, version=found.version)
    no_parts(found)
    if found.pay_state != "unpaid" or found.state == "cancelled":
        raise NotOpen(order_id=found.id)
    there = msgspec.structs.replace(found, member_id=member_id, stream_of=facts.stream(found))
    rounds = {each.number: each.at for each in (yield from rows(ROUNDS(order_id=found.id)))}
    at_hand = yield from read_at_hand(there, NONE, points=0, donation_fen=found.donation_fen, where=where)
    coming = Coming(anew=Anew(found.member_id, rounds))
    return reprice(there, lines, coming, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)


def _agreed(asked: PutMember, repriced: Repriced) -> Repriced:
    """Return the bill at its new price; refuses one other than the one that was seen."""
    due_fen = repriced.after.due_fen
    if due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=due_fen, priced=msgspec.to_builtins(repriced.priced))
    return repriced


def _noted(found: OrderRow, repriced: Repriced, *, actor: Actor, where: Place) -> list[Change]:
    after = repriced.after
    changed = MemberChanged(
        order_id=found.id,
        stream=facts.stream(after),
        store_id=found.store_id,
        member_id=after.member_id,
        was=found.member_id,
        due_fen=after.due_fen,
    )
    note = audit.note(
        actor,
        "ordering.member_changed",
        subject=f"order/{found.id}",
        store_id=found.store_id,
        at=where.at,
        before={"member_id": found.member_id, "due_fen": found.due_fen},
        after={"member_id": after.member_id, "due_fen": after.due_fen},
    )
    return [note, tell(changed, *gifts_told(repriced), at=where.at)]
