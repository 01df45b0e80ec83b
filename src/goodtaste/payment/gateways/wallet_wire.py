"""How the sandbox wallet and its merchants speak: JSON over HTTP, each message signed with a key they share.

HMAC-SHA256 over kind, method, path, timestamp, nonce and the exact bytes of the body, one a line, the body last.  The kind (`request`,
`reply <status>`, `notice`) keeps a message of one sort from passing for another; a reply bears the nonce of its request.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from goodtaste.payment.gateway import BillLine
from goodtaste.payment.gateways.genuine import WINDOW_S, Forged, Nonces, new_nonce

TIMESTAMP = "wallet-timestamp"
NONCE = "wallet-nonce"
SIGNATURE = "wallet-signature"

_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")

Word = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.:-]*$(?!\n)", max_length=64)]
PayState = Literal["NOTPAY", "USERPAYING", "SUCCESS", "PAYERROR", "CLOSED"]
RefundState = Literal["PROCESSING", "SUCCESS", "ABNORMAL"]


class Charge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant asks for money.  Without `auth_code` the diner pays on the wallet's own page."""

    merchant: str
    number: str
    amount_fen: int
    currency: str
    description: str
    auth_code: str
    notify_url: str


class WalletPayment(msgspec.Struct, frozen=True):
    """A payment as the wallet tells of it."""

    merchant: str
    number: str
    state: PayState
    amount_fen: int
    currency: str = "CNY"
    transaction_id: Word = ""
    code: Word = ""
    pay_url: str = ""


class AskRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant gives money back."""

    merchant: str
    number: str
    payment: str
    amount_fen: int
    reason: str
    notify_url: str


class WalletRefund(msgspec.Struct, frozen=True):
    """A refund as the wallet tells of it."""

    merchant: str
    number: str
    payment: str
    state: RefundState
    amount_fen: int
    refund_id: Word = ""
    code: Word = ""


class WalletError(msgspec.Struct, frozen=True):
    """Why the wallet does not do it."""

    code: Word
    message: str = ""


class WalletNotice(msgspec.Struct, frozen=True):
    """What the wallet tells by itself; `id` stays the same when it repeats it."""

    id: Annotated[Word, msgspec.Meta(min_length=1)]
    type: Literal["PAYMENT", "REFUND"]
    resource: msgspec.Raw


class WalletBillLine(msgspec.Struct, frozen=True):
    """A line of the wallet's bill; the fee is below zero where it is given back."""

    type: Literal["PAYMENT", "REFUND"]
    payment: str
    refund: str
    reference: str
    amount_fen: int
    fee_fen: int
    at: datetime


def bill_line(told: WalletBillLine) -> BillLine:
    """Return a line of the wallet's bill in the shape that all gateways share."""
    return BillLine(
        kind="paid" if told.type == "PAYMENT" else "refunded",
        payment_id=told.payment,
        refund_id=told.refund,
        gateway_ref=told.reference,
        amount_fen=told.amount_fen,
        fee_fen=told.fee_fen,
        at=told.at,
    )


class WalletBill(msgspec.Struct, frozen=True):
    """The wallet's bill of a day."""

    merchant: str
    day: date
    lines: list[WalletBillLine]


def sign(secret: str, *, kind: str, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the signature of a message, in lower-case hex."""
    head = f"{kind}\n{method}\n{path}\n{timestamp}\n{nonce}\n".encode()
    return hmac.digest(secret.encode(), head + body, "sha256").hex()


def sealed(
    secret: str, *, kind: str, method: str, path: str, at: datetime, body: bytes, nonce: str = ""
) -> dict[str, str]:
    """Return the headers that make a message genuine."""
    timestamp, nonce = str(int(at.timestamp())), nonce or new_nonce()
    signature = sign(secret, kind=kind, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body)
    return {TIMESTAMP: timestamp, NONCE: nonce, SIGNATURE: signature}


def check(
    headers: Mapping[str, str], *, secret: str, kind: str, method: str, path: str, at: datetime, body: bytes
) -> str:
    """Return the nonce of a genuine and fresh message; raises `Forged`.  Header names come in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    timestamp, nonce, signature = lower.get(TIMESTAMP, ""), lower.get(NONCE, ""), lower.get(SIGNATURE, "")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(at.timestamp() - int(timestamp)) >= WINDOW_S:
        raise Forged("time")
    if not _NONCE.fullmatch(nonce):
        raise Forged("nonce")
    expected = sign(secret, kind=kind, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Forged("signature")
    return nonce


def hear(headers: Mapping[str, str], raw: bytes, *, secret: str, path: str, nonces: Nonces, at: datetime) -> None:
    """Pass for a notice that is genuine, fresh and new; raises `Forged`."""
    nonce = check(headers, secret=secret, kind="notice", method="POST", path=path, at=at, body=raw)
    if not nonces.use(nonce, at=at):
        raise Forged("replay")
