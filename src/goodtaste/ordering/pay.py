"""Paying an order that was placed before: in cash at once, or by a wallet whose answer may come later, late, or twice."""

from __future__ import annotations

from typing import Protocol

import msgspec
from sqlalchemy import update

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Int, Moment, Query, Steps, Str, change, first, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.ordering import facts, held
from goodtaste.ordering.asked import PriceChanged
from goodtaste.ordering.orders import LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import order
from goodtaste.payment import api as payments


class NotPayable(Refusal):
    """Raised when an order is cancelled, or paid already.  Facts: `order_id`, `state`, `pay_state`."""

    code = "ordering.not_payable"
    guards = ("ordering_order_payable",)


class HasParts(Refusal):
    """Raised when a bill that is paid in part is to be changed, cancelled, or paid as a whole.  Facts: `order_id`."""

    code = "ordering.has_parts"


class PayCash(Input, frozen=True):
    """Cash put down for an order that was placed before."""

    id: IdText
    tendered_fen: Fen
    seen_due_fen: Fen


PAID = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state == par("from_state", Str),
        order.c.state != "cancelled",
    )
    .values(
        pay_state="paid",
        paid_at=par("at", Moment),
        points_earned=par("points_earned", Int),
        version=order.c.version + 1,
    ),
    guard="ordering_order_payable",
)
PAYING = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),  # what is due is what was seen: a round may come at the same moment
        order.c.pay_state == "unpaid",
        order.c.state != "cancelled",
    )
    .values(pay_state="paying"),
    guard="ordering_order_payable",
)
PARTED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state == "unpaid",
        order.c.state != "cancelled",
    )
    .values(pay_state="part_paid"),
    guard="ordering_order_payable",
)
NOT_PARTED = change(
    update(order).where(order.c.id == par("order_id", Id), order.c.pay_state == "part_paid").values(pay_state="unpaid"),
    guard="ordering_order_payable",
)
NOT_PAYING = change(
    update(order).where(order.c.id == par("order_id", Id), order.c.pay_state == "paying").values(pay_state="unpaid")
)


def no_parts(found: OrderRow) -> None:
    """Refuse `HasParts` for a bill that is paid in part: its parts must be taken back before anything about it is another."""
    if found.pay_state == "part_paid":
        raise HasParts(order_id=found.id)


class Owing(Protocol):
    """A bill as far as it says what it owes."""

    @property
    def state(self) -> str:
        """How far it is."""

    @property
    def pay_state(self) -> str:
        """How it stands with its money."""

    @property
    def due_fen(self) -> int:
        """What it comes to."""


def left_of(found: Owing, split: payments.Split | None) -> int:
    """Return what may still be paid of an order, in fen: what no part has brought and none that is open may bring."""
    if found.pay_state not in ("unpaid", "part_paid") or found.state == "cancelled":
        return 0
    if split is None or split.is_empty:
        return found.due_fen
    return split.due_fen - split.captured_fen - split.pending_fen


def payable(found: OrderRow) -> None:
    """Refuse `NotPayable` unless the order waits for money, and `HasParts` where some of it has come."""
    no_parts(found)
    if found.pay_state not in ("unpaid", "paying") or found.state == "cancelled":
        raise NotPayable(order_id=found.id, state=found.state, pay_state=found.pay_state)


def mark_paid(
    found: OrderRow, lines: list[LineRow], *, actor: Actor, where: Place
) -> Steps[tuple[OrderRow, list[Change]]]:
    """Return an order as it is once paid, and the changes that make it so: held things are used, points are earned."""
    changes = yield from held.use(found, actor=actor, where=where)
    earned = 0
    if found.member_id:
        standings: list[members.Standing]
        query: Query[members.Standing] = members.standing(found.member_id)
        [standings] = yield [query]
        level = members.known(standings, found.member_id, redeems=False).level
        earned = where.earns(found.due_fen, level, store_id=found.store_id, channel=found.channel)
        cause = ledger.Cause(found.id, found.member_id, actor.id, where.today, where.at, found.id)
        changes += ledger.earn(cause, earned)
    changes.append(
        PAID(order_id=found.id, seen=found.version, from_state=found.pay_state, at=where.at, points_earned=earned)
    )
    changes.append(tell(facts.paid(found, lines, points_earned=earned), at=where.at))
    after = msgspec.structs.replace(
        found, pay_state="paid", paid_at=where.at, points_earned=earned, version=found.version + 1
    )
    return after, changes


@script
def close(order_id: str, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Close a bill on which nothing is due, without any payment; closing it again changes nothing.

    Refuses `NotPayable`, and `PriceChanged` where something is due.
    """
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="payment.take")
    if found.due_fen:
        raise PriceChanged(seen_fen=0, due_fen=found.due_fen, priced=None)
    if found.pay_state == "paid":
        return view(found, lines)
    payable(found)
    after, changes = yield from mark_paid(found, lines, actor=actor, where=where)
    yield changes
    return view(after, lines)


@script
def pay_cash(order_id: str, asked: PayCash, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Take cash for an order; once per `asked.id`.  Refuses `NotPayable`, `PriceChanged` and too little cash."""
    mark = fingerprint([order_id, asked])
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="payment.take")
    known = yield from first(payments.one(asked.id))
    if known is not None:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return view(found, lines)
    payable(found)
    if found.due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=found.due_fen, priced=None)
    after, changes = yield from mark_paid(found, lines, actor=actor, where=where)
    taken = payments.take(
        payment_id=asked.id,
        order_id=order_id,
        store_id=found.store_id,
        stream=facts.stream(found),
        due_fen=found.due_fen,
        tendered_fen=asked.tendered_fen,
        actor=actor.id,
        fingerprint=mark,
        business_date=where.today,
        at=where.at,
        drawer_id=actor.terminal_id or found.store_id,
    )
    try:
        yield [taken, *changes]
    except GuardBroken as broken:
        if broken.name == "payment_payment_pkey":
            raise IdTaken(id=asked.id) from broken
        if broken.name == "payment_order_held" and (holder := (yield from first(payments.holder_of(order_id)))):
            raise payments.UnderWay(payment_id=holder.id, state=holder.state) from broken
        raise
    return view(after, lines)
