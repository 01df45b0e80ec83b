"""Invoices as they are asked for and shown: one of an order at a time, of what was paid less what went back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select

from goodtaste.floor.invoice import rules
from goodtaste.floor.invoice.issuer import Invoices
from goodtaste.floor.invoice.rules import TRIES_MAX, State
from goodtaste.floor.invoice.tables import invoice
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Int, Read, Steps, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, fingerprint
from goodtaste.kernel.input import PRINTABLE, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.kernel.secrets import Keyring
from goodtaste.ordering.api import OrderView
from goodtaste.payment import api as payments
from goodtaste.payment.api import PaymentView

ISSUE = "floor.issue_invoice"
BUYER = "floor.invoice-buyer"  # what the buyer's part is sealed for
PAGE_MAX = 100


class NotOffered(Refusal):
    """Raised where no electronic invoices are issued."""

    code = "floor.invoice_not_offered"


class BadBuyer(Refusal):
    """Raised for a buyer to whom no invoice can be made out.  Facts: `why` (`no_tax_number`, `tax_number`)."""

    code = "floor.invoice_bad_buyer"
    status = 422


class NothingToInvoice(Refusal):
    """Raised for an order of which nothing is to be invoiced: not paid, given back, or paid in a way that is invoiced elsewhere."""

    code = "floor.invoice_nothing"


class InvoiceThere(Refusal):
    """Raised when an invoice of the order is on its way or issued.  Facts: `invoice_id`, `state`."""

    code = "floor.invoice_there"
    guards = ("floor_invoice_one_of_an_order",)


class TooManyInvoices(Refusal):
    """Raised when invoices of an order were asked for as often as they may be.  Facts: `most`."""

    code = "floor.invoice_too_many"


class InvoiceUnknown(Refusal):
    """Raised for an invoice that does not exist.  Facts: `invoice_id`."""

    code = "floor.invoice_unknown"
    status = 404


class Buyer(Input, frozen=True, kw_only=True):
    """To whom an invoice is made out, and where it is sent; a company has a tax number, which is checked by its last symbol."""

    kind: Literal["person", "company"]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=PRINTABLE)]
    tax_no: Annotated[str, msgspec.Meta(max_length=18, pattern=r"^[0-9A-Z]*" + END)] = ""
    email: Annotated[
        str, msgspec.Meta(max_length=120, pattern=r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+\.[A-Za-z0-9]{2,}" + END)
    ]


class NewInvoice(Buyer, frozen=True, kw_only=True):
    """What is sent to ask for an invoice."""

    id: IdText


class Row(msgspec.Struct, frozen=True):
    """An invoice as its row says; `buyer` is sealed."""

    id: str
    order_id: str
    store_id: str
    red_of: str | None
    amount_fen: int
    reversed_fen: int
    buyer: str
    state: State
    number: str
    url: str
    why: str
    asked_by: str
    asked_at: datetime
    settled_at: datetime | None


class Invoice(msgspec.Struct, frozen=True):
    """An invoice as it is shown.  `reversed_fen` of it was taken back, or is being; `red_of` is the one that this takes back."""

    id: str
    order_id: str
    red_of: str | None
    amount_fen: int
    reversed_fen: int
    title: str
    tax_no: str
    state: State
    number: str
    url: str
    why: str
    asked_at: datetime
    settled_at: datetime | None


class Page(msgspec.Struct, frozen=True):
    """A page of invoices, newest first; `next` asks for the one after it, null at the end."""

    invoices: list[Invoice]
    next: str | None


COLUMNS = [invoice.c[name] for name in Row.__struct_fields__]
NEW = insert(invoice)
ONE = Read(select(*COLUMNS).where(invoice.c.id == par("id", Id)), Row)
OF_ORDER = Read(
    select(*COLUMNS)
    .where(invoice.c.order_id == par("order_id", Id))
    .order_by(invoice.c.asked_at, invoice.c.id)
    .limit(200),
    Row,
)
OF_STORE = Read(
    select(*COLUMNS)
    .where(invoice.c.store_id == par("store_id", Id), older(invoice.c.asked_at, invoice.c.id))
    .order_by(invoice.c.asked_at.desc(), invoice.c.id.desc())
    .limit(par("limit", Int)),
    Row,
)


def payable_fen(order: OrderView, paid: Sequence[PaymentView]) -> int:
    """Return how much of an order is ours to invoice: what was paid less what went back and what was given to others."""
    came = sum(
        each.amount_fen - each.refunded_fen for each in paid if each.pays_order and each.method not in rules.NOT_OURS
    )
    return max(came - order.donation_fen, 0) if order.paid_at else 0


def living(found: Sequence[Row]) -> Row | None:
    """Return the invoice of an order that is on its way or issued, and not taken back whole."""
    return next(
        (each for each in found if not each.red_of and each.state != "failed" and each.reversed_fen < each.amount_fen),
        None,
    )


async def ask(ctx: Ctx, order: OrderView, asked: NewInvoice) -> Invoice:
    """Ask for the invoice of an order, once per `asked.id`.

    Refuses `NotOffered`, `BadBuyer`, `NothingToInvoice`, `InvoiceThere`, `TooManyInvoices` and `IdTaken`.
    """
    if ctx.part(Invoices).issuer is None:
        raise NotOffered
    check(asked)
    paid = await ctx.query(payments.of_order(order.id))
    payable = payable_fen(order, paid)
    made = await ctx.run(_ask(order, asked, payable, keyring=ctx.process.keyring, actor=ctx.actor, at=ctx.now))
    return view(made, ctx.process.keyring)


def check(buyer: Buyer) -> None:
    """Refuse `BadBuyer` for one to whom nothing can be made out."""
    if buyer.kind == "company" and not buyer.tax_no:
        raise BadBuyer(why="no_tax_number")
    if buyer.tax_no and not rules.is_tax_number(buyer.tax_no):
        raise BadBuyer(why="tax_number")


@script
def _ask(
    order: OrderView, asked: NewInvoice, payable: int, *, keyring: Keyring, actor: Actor, at: datetime
) -> Steps[Row]:
    mark = fingerprint([order.id, asked])
    before, made, there = yield from together(made_before(asked.id), ONE(id=asked.id), OF_ORDER(order_id=order.id))
    if is_same(before, mark):
        return made[0]
    if found := living(there):
        raise InvoiceThere(invoice_id=found.id, state=found.state)
    if payable <= 0:
        raise NothingToInvoice
    if len([each for each in there if not each.red_of]) >= TRIES_MAX:
        raise TooManyInvoices(most=TRIES_MAX)
    buyer = msgspec.json.encode(
        {"kind": asked.kind, "title": asked.title, "tax_no": asked.tax_no, "email": asked.email}
    )
    row = Row(
        id=asked.id,
        order_id=order.id,
        store_id=order.store_id,
        red_of=None,
        amount_fen=payable,
        reversed_fen=0,
        buyer=keyring.seal(buyer.decode(), purpose=BUYER),
        state="requested",
        number="",
        url="",
        why="",
        asked_by=f"{actor.kind}/{actor.id}",
        asked_at=at,
        settled_at=None,
    )
    yield [
        NEW(**msgspec.structs.asdict(row), holds_order_id=order.id),
        remember(asked.id, mark),
        schedule(ISSUE, {"invoice_id": row.id}, due_at=at, once=f"{ISSUE}:{row.id}"),
        audit.note(
            actor,
            "floor.invoice_asked",
            subject=f"invoice/{row.id}",
            store_id=order.store_id,
            at=at,
            order_id=order.id,
            amount_fen=payable,
        ),
    ]
    return row


@script
def page(store_id: str, *, before: str, limit: int, keyring: Keyring, actor: Actor) -> Steps[Page]:
    """Return a page of the invoices of a store.  Refuses `BadCursor` and `NotAllowed`."""
    actor.need("invoice.read", store_id=store_id)
    edge = start(before)
    found = yield from rows(OF_STORE(store_id=store_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return Page([view(each, keyring) for each in found], next_of(found, limit, lambda each: each.asked_at))


def buyer_of(found: Row, keyring: Keyring) -> Buyer:
    """Return to whom an invoice is made out."""
    return msgspec.json.decode(keyring.unseal(found.buyer, purpose=BUYER), type=Buyer)


def view(found: Row, keyring: Keyring) -> Invoice:
    """Return an invoice as it is shown."""
    buyer = buyer_of(found, keyring)
    own = {name: getattr(found, name) for name in Invoice.__struct_fields__ if hasattr(found, name)}
    return Invoice(**own, title=buyer.title, tax_no=buyer.tax_no)
