"""Paying a bill by its signed text, and the receipt of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec

from goodtaste.kernel.auth import Actor, Grant
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import Fen, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.ordering import orders, pay, wallet
from goodtaste.ordering.courier import texts
from goodtaste.ordering.courier.texts import SignedBill, SignedReceipt, Text, TextRefused
from goodtaste.ordering.orders import OrderRow, OrderUnknown
from goodtaste.ordering.where import where
from goodtaste.org.api import Directory
from goodtaste.payment import api as payments

BILL_FOR = timedelta(hours=24)  # as long as a signed bill can be paid


class PayText(Input, frozen=True):
    """What is sent to pay a signed bill by a wallet: in full, in an app by the `way` there, or with the code that a phone shows."""

    text: Text
    payment_id: IdText
    method: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,23}" + END)]
    auth_code: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{16,24})?" + END)] = ""


class PayTextCash(Input, frozen=True):
    """What is sent when cash is taken for a signed bill, at whatever till of the brand."""

    text: Text
    id: IdText
    tendered_fen: Fen


class ShowText(Input, frozen=True):
    """A signed text."""

    text: Text


class BillText(msgspec.Struct, frozen=True):
    """A bill as a signed text, and what it says."""

    text: str
    bill: SignedBill


class Carried(msgspec.Struct, frozen=True):
    """How the payment of a signed bill stands, what the payer's app needs to go on, and, once it is paid, the receipt to carry back."""

    order_id: str
    state: str
    due_fen: int
    action: dict[str, str] = {}
    receipt: str | None = None


async def bill_text(ctx: Ctx, order_id: str) -> BillText:
    """Return the bill of an order as a signed text, good for `BILL_FOR`; a bill that changes meanwhile is not paid by it."""
    found = await ctx.query(orders.one(order_id, actor=ctx.actor))
    until = int((ctx.now + BILL_FOR).timestamp())
    said = SignedBill(found.store_id, found.id, found.due_fen, found.version, until)
    return BillText(texts.signed(said, key=texts.key_of(ctx.process.keyring, found.store_id)), said)


def read_bill(ctx: Ctx, text: str) -> SignedBill:
    """Return what a signed bill says, by its signature alone.  Refuses `TextRefused`."""
    public = texts.public_key(ctx.process.keyring, texts.store_of(text))
    return texts.in_time(texts.verified(text, SignedBill, public=public), at=ctx.now)


async def pay_by_wallet(ctx: Ctx, asked: PayText) -> Carried:
    """Pay a signed bill by a wallet, whoever carries it; once, however many carry it.

    Refuses `TextRefused`, for a bill that has changed too, and what paying by a wallet refuses.
    """
    said = read_bill(ctx, asked.text)
    found = await _of(ctx, said)
    bearer = Ctx(ctx.process, _bearer(ctx, said), ctx.now, ctx.language)
    if found.pay_state in ("unpaid", "paying"):
        _same(found, said)
    known = await ctx.db.first(payments.one(asked.payment_id))
    if known is None and found.pay_state not in ("unpaid", "paying"):
        return await receipt(ctx, said)
    wanted = payments.Pay(
        payment_id=asked.payment_id, method=asked.method, amount_fen=said.due_fen, auth_code=asked.auth_code
    )
    paying = await wallet.pay(bearer, said.order_id, wanted, place=where(bearer, said.store_id))
    shown = await receipt(ctx, said)
    return msgspec.structs.replace(shown, action=paying.action)


async def pay_by_cash(ctx: Ctx, asked: PayTextCash) -> Carried:
    """Take cash for a signed bill at whatever till of the brand; it lies in the drawer of that till.

    Refuses `TextRefused`, for a bill that has changed too, and what paying in cash refuses.
    """
    said = read_bill(ctx, asked.text)
    found = await _of(ctx, said)
    if found.pay_state == "unpaid":
        _same(found, said)
    wanted = pay.PayCash(id=asked.id, tendered_fen=asked.tendered_fen, seen_due_fen=said.due_fen)
    await ctx.run(pay.pay_cash(said.order_id, wanted, actor=_bearer(ctx, said), where=where(ctx, said.store_id)))
    return await receipt(ctx, said)


async def receipt(ctx: Ctx, said: SignedBill) -> Carried:
    """Tell how a signed bill stands, with the receipt where it is paid."""
    found = await _of(ctx, said)
    if found.pay_state not in ("paid", "partly_refunded", "refunded") or found.paid_at is None:
        return Carried(said.order_id, found.pay_state, found.due_fen)
    payers = await ctx.db.rows(payments.payers_of(said.order_id))
    payment_id = payers[0].id if payers else ""
    paid = SignedReceipt(found.store_id, found.id, found.due_fen, payment_id, int(found.paid_at.timestamp()))
    text = texts.signed(paid, key=texts.key_of(ctx.process.keyring, found.store_id))
    return Carried(said.order_id, found.pay_state, found.due_fen, receipt=text)


def read_receipt(ctx: Ctx, text: str) -> SignedReceipt:
    """Return what a signed receipt says, by its signature alone.  Refuses `TextRefused`."""
    public = texts.public_key(ctx.process.keyring, texts.store_of(text))
    return texts.verified(text, SignedReceipt, public=public)


def _same(found: OrderRow, said: SignedBill) -> None:
    if (found.due_fen, found.version) != (said.due_fen, said.version) or found.state == "cancelled":
        raise TextRefused(why="changed")


async def _of(ctx: Ctx, said: SignedBill) -> OrderRow:
    ctx.see(Directory).store(said.store_id)
    found = await ctx.db.first(orders.ORDER(order_id=said.order_id))
    if found is None or found.store_id != said.store_id:
        raise OrderUnknown(order_id=said.order_id)
    return found


def _bearer(ctx: Ctx, said: SignedBill) -> Actor:
    """Return who pays, with the one right that the signature gives: to pay a bill of its store."""
    right = (Grant(frozenset({"payment.take", "order.read"}), said.store_id),)
    who = ctx.actor
    if who.kind == "staff":
        return Actor("staff", who.id, who.session_id, who.store_id, right, who.terminal_id)
    return Actor("service", who.id or "courier", who.session_id, said.store_id, right)
