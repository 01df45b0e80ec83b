"""Routes of courier pay."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import anybody, context, member_or_staff, staff
from goodtaste.ordering.courier import carried, texts
from goodtaste.ordering.courier.carried import BillText, Carried, PayText, PayTextCash, ShowText
from goodtaste.ordering.courier.texts import SignedReceipt
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]


class BillKey(msgspec.Struct, frozen=True):
    """The public key of a store, in base64 (Ed25519), with which its signed texts are verified."""

    store_id: str
    key: str


@get("/v1/stores/{store_id:str}/bill-key", opt=anybody(), tags=["signed bills"])
async def bill_key(store_id: Id, request: Asked) -> BillKey:
    """Show the public key with which the signed bills and receipts of a store are verified, offline too."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return BillKey(store_id, texts.public_key(ctx.process.keyring, store_id))


@get("/v1/orders/{order_id:str}/signed-bill", opt=member_or_staff("order.read"), tags=["signed bills"])
async def signed_bill(order_id: Id, request: Asked) -> BillText:
    """Show the bill of an order as a signed text, which whoever carries it may pay."""
    return await carried.bill_text(context(request), order_id)


@post("/v1/signed-bills/pay", opt=anybody(), tags=["signed bills"])
async def pay_signed_bill(data: JSONBody[PayText], request: Asked) -> Carried:
    """Pay a signed bill by a wallet; who may is decided by the signature."""
    return await carried.pay_by_wallet(context(request), data)


@post("/v1/signed-bills/cash", opt=staff("payment.take"), tags=["signed bills"])
async def take_cash_for_signed_bill(data: JSONBody[PayTextCash], request: Asked) -> Carried:
    """Take cash for a signed bill, at whatever till of the brand."""
    return await carried.pay_by_cash(context(request), data)


@post("/v1/signed-bills/receipt", opt=anybody(), tags=["signed bills"], status_code=200)
async def receipt_of_signed_bill(data: JSONBody[ShowText], request: Asked) -> Carried:
    """Tell how a signed bill stands, with the signed receipt once it is paid."""
    ctx = context(request)
    return await carried.receipt(ctx, carried.read_bill(ctx, data.text))


@post("/v1/signed-receipts/read", opt=staff("payment.take"), tags=["signed bills"], status_code=200)
async def read_signed_receipt(data: JSONBody[ShowText], request: Asked) -> SignedReceipt:
    """Read a signed receipt, by its signature alone."""
    return carried.read_receipt(context(request), data.text)


ROUTES: list[Any] = [
    bill_key,
    signed_bill,
    pay_signed_bill,
    take_cash_for_signed_bill,
    receipt_of_signed_bill,
    read_signed_receipt,
]
