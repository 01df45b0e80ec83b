"""Routes of receipts and invoices: for whoever holds a receipt, and for the staff."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.floor.invoice import asking, issuing, receipt_view
from goodtaste.floor.invoice.asking import PAGE_MAX, Invoice, NewInvoice, Page
from goodtaste.floor.invoice.receipt_view import ReceiptView
from goodtaste.floor.printing import compose
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id, new_id
from goodtaste.kernel.web import anybody, context, staff
from goodtaste.kernel.words import sentence
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
FORM_MAX = 2_000  # bytes
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


@get("/v1/receipts/{token:str}", opt=anybody(), tags=["receipts"])
async def read_receipt(token: FromPath[str], request: Asked) -> ReceiptView:
    """Show the receipt whose code this is, and its invoice."""
    return await receipt_view.receipt_view(context(request), token)


@post("/v1/receipts/{token:str}/invoice", opt=anybody(), tags=["receipts"])
async def ask_by_receipt(token: FromPath[str], data: JSONBody[NewInvoice], request: Asked) -> Invoice:
    """Ask for the invoice of a receipt."""
    ctx = context(request)
    return await asking.ask(ctx, await receipt_view.order_of(ctx, token), data)


@get("/r/{token:str}", opt=anybody(), include_in_schema=False)
async def receipt_page(token: FromPath[str], request: Asked) -> Response[str]:
    """Show a receipt to the phone that scanned its code."""
    return await _page(context(request), token, "")


@post("/r/{token:str}", opt=anybody(), include_in_schema=False, status_code=200)
async def ask_by_page(token: FromPath[str], request: Asked) -> Response[str]:
    """Ask for an invoice by the form of that page."""
    ctx = context(request)
    sent = dict(parse_qsl((await request.body())[:FORM_MAX].decode("utf-8", "replace")))
    kind = "company" if sent.get("tax_no") else "person"
    try:
        asked = msgspec.convert({"kind": kind, "tax_no": "", **sent}, NewInvoice)
        await asking.ask(ctx, await receipt_view.order_of(ctx, token), asked)
    except Refusal as refused:
        told = sentence(refused.code, ctx.language, refused.facts)
        return await _page(ctx, token, f"{told.say} {told.do}")
    except msgspec.ValidationError:
        return await _page(ctx, token, sentence("print.page.wrong", ctx.language, {}).say)
    return await _page(ctx, token, "")


async def _page(ctx: Ctx, token: FromPath[str], message: str) -> Response[str]:
    shown = await receipt_view.receipt_view(ctx, token)
    page = receipt_view.page(shown, message, new_id=new_id(), token=str(token))
    return Response(page, media_type=MediaType.HTML, headers=HEADERS)


@post("/v1/orders/{order_id:str}/invoice", opt=staff("invoice.ask"), tags=["receipts"])
async def ask_at_counter(order_id: Id, data: JSONBody[NewInvoice], request: Asked) -> Invoice:
    """Ask for the invoice of an order for a guest who stands at the counter."""
    ctx = context(request)
    order = await compose.order_of(ctx, order_id)
    ctx.actor.need("invoice.ask", store_id=order.store_id)
    return await asking.ask(ctx, order, data)


@get("/v1/stores/{store_id:str}/invoices", opt=staff("invoice.read"), tags=["receipts"])
async def list_invoices(
    store_id: Id,
    request: Asked,
    before: FromQuery[str] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> Page:
    """List the invoices of a store, newest first."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.query(
        asking.page(store_id, before=before, limit=limit, keyring=ctx.process.keyring, actor=ctx.actor)
    )


@post("/v1/invoices/{invoice_id:str}/ask", opt=staff("invoice.ask"), tags=["receipts"], status_code=200)
async def ask_issuer(invoice_id: Id, request: Asked) -> Invoice:
    """Ask the issuer now what became of an invoice."""
    ctx = context(request)
    found = await ctx.db.first(asking.ONE(id=invoice_id))
    if found is None:
        raise asking.InvoiceUnknown(invoice_id=invoice_id)
    ctx.actor.need("invoice.ask", store_id=found.store_id)
    return asking.view(await issuing.issue(ctx, invoice_id), ctx.process.keyring)


ROUTES: list[Any] = [
    read_receipt,
    ask_by_receipt,
    receipt_page,
    ask_by_page,
    ask_at_counter,
    list_invoices,
    ask_issuer,
]
