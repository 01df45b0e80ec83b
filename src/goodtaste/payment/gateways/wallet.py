"""The adapter of the sandbox wallet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateway import (
    TOTAL_S,
    Absent,
    Bill,
    BillOutcome,
    Closed,
    Declined,
    Intent,
    NoticeRefused,
    NotYet,
    Outcome,
    Paid,
    PaymentNotice,
    Pending,
    Refunded,
    RefundIntent,
    RefundNotice,
    RefundOutcome,
    Unknown,
)
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.genuine import BODY_MAX, Forged, Nonces, is_over
from goodtaste.payment.gateways.line import BILL_MAX, BILL_S, PAUSE_MS, Line, NoAnswer, NotTaken, Reply

METHOD = "wallet"

_PENDING = ("USER_PAYING", "USERPAYING")
_ABSENT = ("ORDER_NOT_EXIST", "REFUND_NOT_EXIST")
_CHARGE_DECLINED = frozenset(
    {"NOT_ENOUGH", "AUTH_CODE_EXPIRED", "AUTH_CODE_INVALID", "PAYER_REFUSED", "RULE_LIMIT", "PARAM_ERROR"}
)
_REFUND_DECLINED = frozenset({"NOT_ENOUGH", "REFUND_TOO_MUCH", "REFUND_REFUSED", "PARAM_ERROR"})

log = structlog.get_logger()


class WalletGateway:
    """Speaks to the wallet at the base address of `client`, for one merchant."""

    method, heard, knows_diners = METHOD, b"", False

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        merchant: str,
        secret: str,
        notify_url: str,
        clock: Clock,
        total_s: float = TOTAL_S,
        pause_ms: int = PAUSE_MS,
    ) -> None:
        self._merchant, self._secret, self._clock = merchant, secret, clock
        self._notify_url, self._notify_path = notify_url, urlsplit(notify_url).path
        self._line = Line(client, name=METHOD, clock=clock, total_s=total_s, pause_ms=pause_ms)
        self._nonces = Nonces()

    async def charge(self, intent: Intent) -> Outcome:
        """Ask for money."""
        asked = wire.Charge(
            merchant=self._merchant,
            number=intent.payment_id,
            amount_fen=intent.amount_fen,
            currency="CNY",
            description=intent.description,
            auth_code=intent.auth_code,
            notify_url=self._notify_url,
        )
        reply = await self._call("POST", "/v1/payments", asked, again=False)
        return self._outcome(reply, intent.payment_id, declines=_CHARGE_DECLINED)

    async def query(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """Ask how a payment stands."""
        path = f"/v1/payments/{payment_id}?merchant={self._merchant}"
        return self._outcome(await self._call("GET", path, None, again=True), payment_id)

    async def close(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """End a payment."""
        path = f"/v1/payments/{payment_id}/close?merchant={self._merchant}"
        return self._outcome(await self._call("POST", path, None, again=True), payment_id)

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Give money back."""
        asked = wire.AskRefund(
            merchant=self._merchant,
            number=intent.refund_id,
            payment=intent.payment_id,
            amount_fen=intent.amount_fen,
            reason=intent.reason,
            notify_url=self._notify_url,
        )
        reply = await self._call("POST", "/v1/refunds", asked, again=True)
        return self._refund_outcome(reply, intent.refund_id, declines=_REFUND_DECLINED)

    async def query_refund(self, refund_id: str, *, payment_id: str, started_at: datetime) -> RefundOutcome:
        """Ask how a refund stands."""
        path = f"/v1/refunds/{refund_id}?merchant={self._merchant}"
        return self._refund_outcome(await self._call("GET", path, None, again=True), refund_id)

    async def bill(self, day: date) -> BillOutcome:
        """Return the bill of a day."""
        if not is_over(day, at=self._clock()):
            return NotYet()
        path = f"/v1/bills/{day}?merchant={self._merchant}"
        reply = await self._line.call(
            lambda: self._try("GET", path, b"", most=BILL_MAX), what="GET /v1/bills", again=True, total_s=BILL_S
        )
        if isinstance(reply, Unknown):
            return reply
        try:
            if reply.status != 200:
                return Unknown(msgspec.json.decode(reply.body, type=wire.WalletError).code)
            told = msgspec.json.decode(reply.body, type=wire.WalletBill)
        except msgspec.DecodeError as error:
            return Unknown(f"reply body: {error}")
        if (told.merchant, told.day) != (self._merchant, day):
            return Unknown("the reply is about something else")
        return Bill(tuple(wire.bill_line(line) for line in told.lines), reply.body)

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says, once it is known to be genuine."""
        try:
            wire.hear(headers, raw, secret=self._secret, path=self._notify_path, nonces=self._nonces, at=self._clock())
        except Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        try:
            return self._notice(msgspec.json.decode(raw, type=wire.WalletNotice))
        except msgspec.DecodeError as error:
            raise NoticeRefused("body") from error

    def _notice(self, told: wire.WalletNotice) -> PaymentNotice | RefundNotice:
        if told.type == "PAYMENT":
            payment = msgspec.json.decode(told.resource, type=wire.WalletPayment)
            self._ours(payment)
            return PaymentNotice(told.id, payment.number, _of_payment(payment))
        refund = msgspec.json.decode(told.resource, type=wire.WalletRefund)
        self._ours(refund)
        return RefundNotice(told.id, refund.number, refund.payment, _of_refund(refund))

    def _ours(self, told: wire.WalletPayment | wire.WalletRefund) -> None:
        if told.merchant != self._merchant or (isinstance(told, wire.WalletPayment) and told.currency != "CNY"):
            raise NoticeRefused("merchant")

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._line.aclose()

    def _outcome(self, reply: Reply | Unknown, number: str, *, declines: frozenset[str] = frozenset()) -> Outcome:
        if isinstance(reply, Unknown):
            return reply
        try:
            if reply.status != 200:
                return _of_error(reply, declines)
            told = msgspec.json.decode(reply.body, type=wire.WalletPayment)
        except msgspec.DecodeError as error:
            return Unknown(f"reply body: {error}")
        if (told.merchant, told.number, told.currency) != (self._merchant, number, "CNY"):
            return Unknown("the reply is about something else")
        return _of_payment(told)

    def _refund_outcome(
        self, reply: Reply | Unknown, number: str, *, declines: frozenset[str] = frozenset()
    ) -> RefundOutcome:
        if isinstance(reply, Unknown):
            return reply
        try:
            if reply.status != 200:
                error = _of_error(reply, declines)
                return Unknown(error.code) if isinstance(error, Closed) else error
            told = msgspec.json.decode(reply.body, type=wire.WalletRefund)
        except msgspec.DecodeError as error:
            return Unknown(f"reply body: {error}")
        if (told.merchant, told.number) != (self._merchant, number):
            return Unknown("the reply is about something else")
        return _of_refund(told)

    async def _call(self, method: str, path: str, asked: Any, *, again: bool) -> Reply | Unknown:
        body = msgspec.json.encode(asked) if asked is not None else b""
        what = f"{method} {path.partition('?')[0]}"
        return await self._line.call(lambda: self._try(method, path, body), what=what, again=again)

    async def _try(self, method: str, path: str, body: bytes, *, most: int = BODY_MAX) -> Reply:
        return await call_sealed(self._line, method, path, body=body, secret=self._secret, clock=self._clock, most=most)


async def call_sealed(
    line: Line, method: str, path: str, *, body: bytes, secret: str, clock: Clock, most: int
) -> Reply:
    """Send one sealed request, and return its reply once that is known to be genuine and to it; raises `NoAnswer` and `NotTaken`."""
    headers = wire.sealed(secret, kind="request", method=method, path=path, at=clock(), body=body)
    headers |= {"content-type": "application/json", "accept": "application/json"}
    reply = await line.send(method, path, body=body, headers=headers, most=most)
    try:
        nonce = wire.check(
            reply.headers,
            secret=secret,
            kind=f"reply {reply.status}",
            method=method,
            path=path,
            at=clock(),
            body=reply.body,
        )
    except Forged as forged:
        raise NoAnswer(f"http {reply.status}, reply {forged}") from forged
    if nonce != headers[wire.NONCE]:
        raise NoAnswer("the reply is to another request")
    if reply.status == 429:
        raise NotTaken("FREQUENCY_LIMITED")
    if reply.status >= 500:
        raise NoAnswer(f"http {reply.status}")
    return reply


def _of_payment(told: wire.WalletPayment) -> Outcome:
    if told.state == "SUCCESS":
        return Paid(told.transaction_id, told.amount_fen)
    if told.state == "PAYERROR":
        return Declined(told.code or "PAYERROR")
    if told.state == "CLOSED":
        return Closed("closed")
    return Pending(told.transaction_id, {"pay_url": told.pay_url} if told.pay_url else {})


def _of_refund(told: wire.WalletRefund) -> RefundOutcome:
    if told.state == "SUCCESS":
        return Refunded(told.refund_id, told.amount_fen)
    return Pending(told.refund_id) if told.state == "PROCESSING" else Declined(told.code or "ABNORMAL")


def _of_error(reply: Reply, declines: frozenset[str]) -> Pending | Declined | Closed | Absent | Unknown:
    """Return what a refusal of the wallet means.  Only a call that asks for something can be declined, and only with a code that says so:
    whatever else is wrong (our key, our right, a number that stands otherwise than we think) leaves the payment unknown."""
    code = msgspec.json.decode(reply.body, type=wire.WalletError).code
    if code in declines:
        return Declined(code)
    if code in _ABSENT:
        return Absent()
    if code in _PENDING:
        return Pending()
    if code == "ORDER_CLOSED":
        return Closed("closed")
    log.error("wallet_refuses", status=reply.status, why=code)
    return Unknown(code)
