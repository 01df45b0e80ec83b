"""The adapter of the sandbox wallet."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateway import (
    CONNECT_S,
    TOTAL_S,
    Absent,
    Closed,
    Declined,
    Intent,
    NoticeRefused,
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
from goodtaste.payment.gateways.fuse import Fuse

METHOD = "wallet"
TRIES_MAX = 3
PAUSE_MS = 100  # before the second try, doubled before the next; the pause is anywhere between half of it and all of it

_PENDING = ("USER_PAYING", "USERPAYING")
_ABSENT = ("ORDER_NOT_EXIST", "REFUND_NOT_EXIST")
_CHARGE_DECLINED = frozenset(
    {"NOT_ENOUGH", "AUTH_CODE_EXPIRED", "AUTH_CODE_INVALID", "PAYER_REFUSED", "RULE_LIMIT", "PARAM_ERROR"}
)
_REFUND_DECLINED = frozenset({"NOT_ENOUGH", "REFUND_TOO_MUCH", "REFUND_REFUSED", "PARAM_ERROR"})

log = structlog.get_logger()


class _Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes


class _NoAnswer(Exception):
    """The call may have had its effect; nobody knows."""


class _NotTaken(_NoAnswer):
    """The call did not reach the wallet, or the wallet turned it away unread: it may be made again, whatever it was."""


class WalletGateway:
    """Speaks to the wallet at the base address of `client`, for one merchant."""

    method = METHOD

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
        self._client, self._merchant, self._secret, self._clock = client, merchant, secret, clock
        self._notify_url, self._notify_path, self._total_s = notify_url, urlsplit(notify_url).path, total_s
        self._pause_ms = pause_ms
        self._nonces = wire.Nonces()
        self._fuse = Fuse()

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

    async def query(self, payment_id: str) -> Outcome:
        """Ask how a payment stands."""
        path = f"/v1/payments/{payment_id}?merchant={self._merchant}"
        return self._outcome(await self._call("GET", path, None, again=True), payment_id)

    async def close(self, payment_id: str) -> Outcome:
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

    async def query_refund(self, refund_id: str) -> RefundOutcome:
        """Ask how a refund stands."""
        path = f"/v1/refunds/{refund_id}?merchant={self._merchant}"
        return self._refund_outcome(await self._call("GET", path, None, again=True), refund_id)

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says, once it is known to be genuine."""
        at = self._clock()
        try:
            nonce = wire.check(
                headers, secret=self._secret, kind="notice", method="POST", path=self._notify_path, at=at, body=raw
            )
        except wire.Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        if not self._nonces.use(nonce, at=at):
            raise NoticeRefused("replay")
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
        await self._client.aclose()

    def _outcome(self, reply: _Reply | Unknown, number: str, *, declines: frozenset[str] = frozenset()) -> Outcome:
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
        self, reply: _Reply | Unknown, number: str, *, declines: frozenset[str] = frozenset()
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

    async def _call(self, method: str, path: str, asked: Any, *, again: bool) -> _Reply | Unknown:
        """Make a call within its time; one that may be made `again` is, after a pause, while nobody knows what it did."""
        if again and not self._fuse.lets(at=self._clock()):
            return Unknown("the wallet does not answer")
        body = msgspec.json.encode(asked) if asked is not None else b""
        try:
            async with asyncio.timeout(self._total_s):
                reply = await self._tries(method, path, body, again=again)
        except TimeoutError:
            why = "timeout"
        except _NoAnswer as error:
            why = str(error)
        else:
            self._fuse.answered()
            return reply
        self._fuse.was_silent(at=self._clock())
        log.warning("wallet_no_answer", method=method, path=path.partition("?")[0], why=why)
        return Unknown(why)

    async def _tries(self, method: str, path: str, body: bytes, *, again: bool) -> _Reply:
        last = _NoAnswer("")
        for n in range(TRIES_MAX):
            if n:
                await asyncio.sleep(_jittered_s(self._pause_ms << (n - 1)))
            try:
                return await self._try(method, path, body)
            except _NoAnswer as error:
                if not again and not isinstance(error, _NotTaken):
                    raise
                last = error
        raise last

    async def _try(self, method: str, path: str, body: bytes) -> _Reply:
        headers = wire.sealed(self._secret, kind="request", method=method, path=path, at=self._clock(), body=body)
        headers |= {"content-type": "application/json", "accept": "application/json"}
        try:
            async with self._client.stream(method, path, content=body, headers=headers) as response:
                raw = await _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _NotTaken(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise _NoAnswer(type(error).__name__) from error
        try:
            nonce = wire.check(
                response.headers,
                secret=self._secret,
                kind=f"reply {response.status_code}",
                method=method,
                path=path,
                at=self._clock(),
                body=raw,
            )
        except wire.Forged as forged:
            raise _NoAnswer(f"http {response.status_code}, reply {forged}") from forged
        if nonce != headers[wire.NONCE]:
            raise _NoAnswer("the reply is to another request")
        if response.status_code == 429:
            raise _NotTaken("FREQUENCY_LIMITED")
        if response.status_code >= 500:
            raise _NoAnswer(f"http {response.status_code}")
        return _Reply(response.status_code, raw)


def client_for(base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return an HTTP client with the time limits of gateways."""
    return httpx.AsyncClient(
        base_url=base_url, transport=transport, timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S, pool=CONNECT_S)
    )


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > wire.BODY_MAX:
            raise _NoAnswer("the reply is too long")
    return b"".join(parts)


def _jittered_s(most_ms: int) -> float:
    return (most_ms / 2 + secrets.randbelow(most_ms // 2 + 1)) / 1_000


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


def _of_error(reply: _Reply, declines: frozenset[str]) -> Pending | Declined | Closed | Absent | Unknown:
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
