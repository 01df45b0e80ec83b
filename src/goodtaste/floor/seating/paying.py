"""Paying at the table: any phone of the party pays a bill of its seating, or a part of what is left of it, by a wallet."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.floor.seating.cart import on_behalf
from goodtaste.floor.seating.rows import GUEST, ORDERS, AtTable, SeatingOver, at_table, stays
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Steps, beside, first, rows, script
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.kernel.money import FEN_MAX
from goodtaste.ordering import api as ordering
from goodtaste.payment import api as payments

Money = Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]


class PayBill(Input, frozen=True):
    """What a phone sends to pay `amount_fen` of a bill of its table, which it saw coming to `seen_due_fen`."""

    payment_id: IdText
    method: payments.Method
    amount_fen: Money
    seen_due_fen: Money
    way: payments.Way = "qr"
    login_code: payments.LoginCode = ""

    @property
    def part(self) -> payments.PayPart:
        """It as a part of the bill."""
        tender = payments.ByWallet(method=self.method, way=self.way)
        return payments.PayPart(
            id=self.payment_id, amount_fen=self.amount_fen, seen_due_fen=self.seen_due_fen, tender=tender
        )


class PaidAtTable(msgspec.Struct, frozen=True):
    """A bill of the table and the attempt to pay of it, with what the phone needs to go on where its wallet waits for it."""

    bill: ordering.TableBill
    payment: payments.PaymentView
    action: dict[str, str] = {}


class _Known(msgspec.Struct, frozen=True):
    """Where a bill is, and who sits there; None for what this phone began before, which it may ask about when its seating is over."""

    store_id: str
    who: AtTable | None


async def pay(ctx: Ctx, order_id: str, asked: PayBill, *, guest_id: str, epoch: int, client_ip: str) -> PaidAtTable:
    """Pay of a bill of the table, once per `asked.payment_id`; with the last part it is paid.

    What each phone has begun is nobody else's to pay, so that they never bring more than is due.  Refuses `SeatingOver`, `OrderUnknown`
    for a bill of others, `PriceChanged`, `NotPayable`, `PartTooLarge` beyond what is left, and what the wallet refuses.
    """
    known = await ctx.query(_known(order_id, asked, guest_id=guest_id, epoch=epoch))
    payer = await ordering.payer_of(ctx, asked.method, way=asked.way, login_code=asked.login_code)
    place = ordering.where(ctx, known.store_id)
    begun = await ctx.run(
        _begin(
            order_id,
            asked,
            known.who,
            guest_id=guest_id,
            gateways=ctx.part(payments.Gateways),
            counter=ordering.counter(ctx, known.store_id, place=place),
            place=place,
        )
    )
    charged = await payments.charge(
        ctx,
        payments.Started(begun.payment, begun.changes),
        payments.as_pay(asked.part),
        description=f"order {order_id}",
        client_ip=client_ip,
        payer=payer,
    )
    [bill] = await ctx.query(_bill(order_id))
    return PaidAtTable(bill, payments.shown(charged.payment), dict(charged.action))


@script
def _known(order_id: str, asked: PayBill, *, guest_id: str, epoch: int) -> Steps[_Known]:
    before = yield from first(payments.one(asked.payment_id))
    if before and (before.order_id, before.actor) == (order_id, guest_id):
        guest = yield from first(GUEST(id=guest_id))
        if guest is None or guest.epoch != epoch:
            raise SeatingOver
        return _Known(before.store_id, None)
    who = yield from at_table(guest_id, epoch)
    if order_id not in {each.order_id for each in (yield from rows(ORDERS(seating_id=who.seating.id)))}:
        raise ordering.OrderUnknown(order_id=order_id)
    return _Known(who.seating.store_id, who)


@script
def _begin(
    order_id: str,
    asked: PayBill,
    who: AtTable | None,
    *,
    guest_id: str,
    gateways: payments.Gateways,
    counter: payments.Counter,
    place: ordering.Place,
) -> Steps[payments.PartBegun]:
    begun = ordering.begin_part(
        order_id, asked.part, actor=on_behalf(guest_id), gateways=gateways, counter=counter, place=place
    )
    return (yield from beside(begun, stays(who) if who else []))


@script
def _bill(order_id: str) -> Steps[list[ordering.TableBill]]:
    return (yield from ordering.bills([order_id]))
