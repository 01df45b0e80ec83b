"""Paying an order by a wallet, whose answer may come at once, later, late or twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import msgspec

from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Steps, first, script
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.ordering import facts
from goodtaste.ordering.orders import LineRow, OrderRow, OrderView, may_see, one, read, read_row
from goodtaste.ordering.pay import NOT_PARTED, NOT_PAYING, PAYING, mark_paid, payable
from goodtaste.ordering.spot import Place
from goodtaste.ordering.where import where
from goodtaste.payment import api as payments


class Paying(msgspec.Struct, frozen=True):
    """An order and the attempt to pay it, with what the diner's app needs to go on where the wallet waits for it."""

    order: OrderView
    payment: payments.PaymentView
    action: dict[str, str] = {}


@script
def _start(
    order_id: str, asked: payments.Pay, *, actor: Actor, gateways: payments.Gateways, place: Place
) -> Steps[payments.Started]:
    found = yield from read_row(order_id)
    found = may_see(actor, found, order_id, permission="payment.take")
    started = yield from payments.start(
        asked,
        order_id=order_id,
        due_fen=found.due_fen,
        store_id=found.store_id,
        stream=facts.stream(found),
        gateways=gateways,
        actor=actor.id,
        today=place.today,
        at=place.at,
    )
    if started.fresh:
        payable(found)
        yield [*started.changes, PAYING(order_id=order_id, seen=found.version)]
    return started


async def pay(ctx: Ctx, order_id: str, asked: payments.Pay, *, place: Place, client_ip: str = "") -> Paying:
    """Pay an order by a wallet, once per `asked.payment_id`: written, asked for, settled.

    What is not known at the end of the call is asked for by a job until it is.  Refuses `NotPayable`, `AmountDiffers`, `UnderWay`,
    `AlreadyPaid`, `CodeOfAnother`, and for a mini-program what signing in by its code refuses.
    """
    gateways = ctx.part(payments.Gateways)
    payer = "" if asked.auth_code else await payer_of(ctx, asked.method, way=asked.way, login_code=asked.login_code)
    started = await ctx.run(_start(order_id, asked, actor=ctx.actor, gateways=gateways, place=place))
    charged = await payments.charge(
        ctx, started, asked, description=f"order {order_id}", client_ip=client_ip or payments.NOWHERE, payer=payer
    )
    shown = await ctx.query(one(order_id, actor=ctx.actor))
    return Paying(shown, payments.shown(charged.payment), dict(charged.action))


async def payer_of(ctx: Ctx, method: str, *, way: payments.Way, login_code: str) -> str:
    """Return who a diner is at the gateway, where they pay in a mini-program; refuses what signing in by its code refuses."""
    if way != "mini_program":
        return ""
    if ctx.part(payments.Gateways).of(method).knows_diners:
        return login_code
    return (await ctx.part(members.Wechat).person_of(login_code)).openid


def settlements(process: Process) -> payments.Settlements:
    """Return what ordering does, in the settling transaction, when it is known what became of a payment."""
    return payments.Settlements(on_success=_on_success(process), on_failure=_on_failure)


def _on_success(process: Process) -> Callable[..., Steps[payments.Settled]]:
    def on_success(
        found: payments.Payment, *, outcome: payments.Outcome, today: date, at: datetime
    ) -> Steps[payments.Settled]:
        """The order is paid, if it still waits for the money; else the money goes back."""
        order, lines = yield from read(found.order_id)
        if found.part_of and order is not None:
            return (yield from _part_brought(process, found, order, lines, outcome=outcome, today=today, at=at))
        back = _goes_back(order, found)
        if order is None or back:
            return payments.settle_changes(found, outcome, today=today, at=at, back=back or "late")
        place = where(process.context(), order.store_id)
        place = msgspec.structs.replace(place, at=at, today=today)
        _, paid = yield from mark_paid(order, lines, actor=SYSTEM, where=place)
        after, settled = payments.settle_changes(found, outcome, today=today, at=at)
        return after, [*settled, *paid]

    return on_success


def _part_brought(
    process: Process,
    found: payments.Payment,
    order: OrderRow,
    lines: list[LineRow],
    *,
    outcome: payments.Outcome,
    today: date,
    at: datetime,
) -> Steps[payments.Settled]:
    """A part has come; with the last of them the order is paid."""
    split = yield from first(payments.split_of(order.id))
    after, settled = payments.settle_changes(found, outcome, today=today, at=at)
    sums, counted = payments.settle_sums(found, split, paid=True)
    settled = [*settled, counted, tell(facts.parts_changed(found, sums), at=at)]
    if not sums.is_paid:
        return after, settled
    place = msgspec.structs.replace(where(process.context(), order.store_id), at=at, today=today)
    _, paid = yield from mark_paid(order, lines, actor=SYSTEM, where=place)
    return after, [*settled, *paid]


def _goes_back(order: OrderRow | None, found: payments.Payment) -> payments.Back | None:
    """Say why money does not pay its order: it is gone, has grown or shrunk since (an open bill goes on), or is paid."""
    if order is None or order.state == "cancelled":
        return "late"
    if order.pay_state == "part_paid":
        return "late"
    if order.pay_state not in ("unpaid", "paying"):
        return "twice"
    return None if order.due_fen == found.amount_fen else "late"


def _on_failure(
    found: payments.Payment, *, outcome: payments.Outcome, today: date, at: datetime
) -> Steps[payments.Settled]:
    """An order whose wallet did not pay may be paid another way."""
    after, changes = payments.settle_changes(found, outcome, today=today, at=at)
    if found.part_of is None:
        return after, [*changes, NOT_PAYING(order_id=found.order_id)]
    split = yield from first(payments.split_of(found.order_id))
    sums, counted = payments.settle_sums(found, split, paid=False)
    changes = [*changes, counted, tell(facts.parts_changed(found, sums), at=at)]
    return after, [*changes, *([NOT_PARTED(order_id=found.order_id)] if sums.is_empty else [])]


@script
def payments_of(order_id: str, *, actor: Actor) -> Steps[list[payments.PaymentView]]:
    """Return the attempts to pay an order, oldest first, to whom it belongs."""
    found = yield from read_row(order_id)
    may_see(actor, found, order_id, permission="payment.read")
    return (yield from payments.of_order(order_id))
