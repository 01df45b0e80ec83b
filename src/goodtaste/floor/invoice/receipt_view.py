"""What the code of a receipt opens: the receipt, and its invoice."""

from __future__ import annotations

import html
from datetime import datetime

import msgspec

from goodtaste.floor.invoice.asking import OF_ORDER, Invoice, living, payable_fen, view
from goodtaste.floor.invoice.issuer import Invoices
from goodtaste.floor.printing import compose
from goodtaste.floor.printing.receipts import said
from goodtaste.floor.printing.tokens import order_of_token
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.money import yuan
from goodtaste.ordering.api import OrderView
from goodtaste.payment import api as payments


class Line(msgspec.Struct, frozen=True):
    """A line of a receipt; list_fen is for all its pieces."""

    name: str
    qty: int
    list_fen: int
    chosen: tuple[str, ...]


class ReceiptView(msgspec.Struct, frozen=True):
    """A receipt as whoever holds it sees it: no member, no phone.  `payable_fen`: what an invoice would be of, 0 where none is offered."""

    order_id: str
    brand: str
    store: str
    number: str
    at: str
    paid_at: datetime | None
    lines: list[Line]
    list_fen: int
    due_fen: int
    refunded_fen: int
    payable_fen: int
    invoice: Invoice | None


async def order_of(ctx: Ctx, token: str) -> OrderView:
    """Return the order of a receipt's code; refuses `ReceiptUnknown`."""
    return await compose.order_of(ctx, order_of_token(token, keyring=ctx.process.keyring, at=ctx.now))


async def receipt_view(ctx: Ctx, token: str) -> ReceiptView:
    """Return the receipt of a code; refuses `ReceiptUnknown`."""
    order = await order_of(ctx, token)
    sale = await compose.sale_of(ctx, order)
    english = ctx.language == "en"
    paid = await ctx.query(payments.of_order(order.id))
    found = living(await ctx.db.rows(OF_ORDER(order_id=order.id)))
    return ReceiptView(
        order_id=order.id,
        brand=(sale.brand.en if english else "") or sale.brand.zh,
        store=(sale.store.en if english else "") or sale.store.zh,
        number=sale.number,
        at=sale.at,
        paid_at=order.paid_at,
        lines=[Line(each.name, each.qty, each.list_fen, each.chosen) for each in sale.items],
        list_fen=order.list_fen,
        due_fen=order.due_fen,
        refunded_fen=order.refunded_fen,
        payable_fen=payable_fen(order, paid) if ctx.part(Invoices).issuer else 0,
        invoice=view(found, ctx.process.keyring) if found else None,
    )


def page(shown: ReceiptView, message: str, *, new_id: str, token: str) -> str:
    """Return a receipt as a plain page with a form for its invoice; `message` stands above it."""
    rows = "".join(
        f"<tr><td>{html.escape(each.name)}</td><td>x{each.qty}</td><td>{yuan(each.list_fen)}</td></tr>"
        for each in shown.lines
    )
    found = shown.invoice
    if found is not None:
        below = f"<p>{said('print.page.invoice', True)}: {html.escape(found.state)} {html.escape(found.number)}</p>"
    elif shown.payable_fen:
        below = _form(shown.payable_fen, new_id)
    else:
        below = ""
    note = f'<p role="alert">{html.escape(message)}</p>' if message else ""
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(shown.brand)}</title><body><h1>{html.escape(shown.brand)} {html.escape(shown.store)}</h1>"
        f"<p>{html.escape(shown.number)} · {html.escape(shown.at)}</p>{note}<table>{rows}</table>"
        f"<p><b>{said('print.due', True)} ￥{yuan(shown.due_fen)}</b></p>"
        f'<p><a href="/app/#/pay/feedback/index?token={html.escape(token)}">{said("print.page.rate", True)}</a></p>'
        f"{below}</body></html>"
    )


def _form(payable_fen: int, new_id: str) -> str:
    fields = "".join(
        f"<p><label>{said(f'print.page.{name}', True)}<br><input name={name} maxlength={most}></label></p>"
        for name, most in (("title", 100), ("tax_no", 18), ("email", 120))
    )
    send = f"<button>{said('print.page.send', True)}</button>"
    return (
        f"<h2>{said('print.page.ask', True)} ￥{yuan(payable_fen)}</h2>"
        f'<form method="post"><input type="hidden" name="id" value="{new_id}">{fields}{send}</form>'
    )
