"""The adapter of the sandbox of agreements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.payment.agreement import Agreement, AgreementIntent, AgreementNotice, Announced, DeductIntent, Notice
from goodtaste.payment.gateway import (
    TOTAL_S,
    Absent,
    Declined,
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
from goodtaste.payment.gateways import autopay_wire as said
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.genuine import BODY_MAX, Forged, Nonces
from goodtaste.payment.gateways.line import Line, Reply
from goodtaste.payment.gateways.wallet import call_sealed

METHOD = "autopay"
_ABSENT = frozenset({"DEDUCTION_NOT_EXIST", "REFUND_NOT_EXIST"})
_DECLINED = frozenset(
    {
        *(
            "AGREEMENT_NOT_EXIST",
            "AGREEMENT_NOT_SIGNED",
            "AGREEMENT_ENDED",
            "NOT_ANNOUNCED",
            "NOT_BY_NIGHT",
            "OVER_LIMIT",
        ),
        *("PARAM_ERROR", "REFUND_TOO_MUCH", "REFUND_REFUSED"),
    }
)
_STATES: Mapping[str, Any] = {"ASKED": "asked", "SIGNED": "signed", "ENDED": "ended"}
T = TypeVar("T", said.ToldAgreement, said.ToldAnnouncement, said.ToldDeduction, wire.WalletRefund)


class SandboxAutopay:
    """Speaks to the provider at the base address of `client`, for one merchant.  Each call is made once: whoever asks comes again."""

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
    ) -> None:
        self._merchant, self._secret, self._clock = merchant, secret, clock
        self._notify_url, self._notify_path = notify_url, urlsplit(notify_url).path
        self._line = Line(client, name=METHOD, clock=clock, total_s=total_s)
        self._nonces = Nonces()

    async def invite(self, intent: AgreementIntent) -> Agreement | Declined | Unknown:
        """Have an agreement laid before a person."""
        asked = said.AskAgreement(self._merchant, intent.agreement_id, intent.title, intent.limit_fen, self._notify_url)
        return _agreement(await self._call("POST", "/v1/agreements", asked, said.ToldAgreement))

    async def ask(self, agreement_id: str) -> Agreement | Declined | Unknown:
        """Ask how an agreement stands."""
        path = f"/v1/agreements/{agreement_id}?merchant={self._merchant}"
        return _agreement(await self._call("GET", path, None, said.ToldAgreement))

    async def end(self, agreement_id: str) -> Agreement | Declined | Unknown:
        """End an agreement."""
        path = f"/v1/agreements/{agreement_id}/end?merchant={self._merchant}"
        return _agreement(await self._call("POST", path, None, said.ToldAgreement))

    async def announce(self, agreement_id: str, *, notice_id: str, amount_fen: int) -> Announced | Declined | Unknown:
        """Have the payer told of a deduction to come."""
        asked = said.Announce(self._merchant, notice_id, agreement_id, amount_fen)
        told = await self._call("POST", "/v1/announcements", asked, said.ToldAnnouncement)
        if isinstance(told, said.ToldAnnouncement):
            return Announced()
        return Unknown("absent") if isinstance(told, Absent) else told

    async def deduct(self, intent: DeductIntent) -> Outcome:
        """Ask for money."""
        asked = said.Deduct(
            merchant=self._merchant,
            number=intent.charge_id,
            agreement=intent.agreement_id,
            amount_fen=intent.amount_fen,
            currency="CNY",
            description=intent.description,
            occasion=intent.occasion,
            notify_url=self._notify_url,
        )
        return _outcome(await self._call("POST", "/v1/deductions", asked, said.ToldDeduction))

    async def query(self, charge_id: str) -> Outcome:
        """Ask how a deduction stands."""
        path = f"/v1/deductions/{charge_id}?merchant={self._merchant}"
        return _outcome(await self._call("GET", path, None, said.ToldDeduction))

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
        return _refund(await self._call("POST", "/v1/refunds", asked, wire.WalletRefund))

    async def query_refund(self, refund_id: str) -> RefundOutcome:
        """Ask how a refund stands."""
        path = f"/v1/refunds/{refund_id}?merchant={self._merchant}"
        return _refund(await self._call("GET", path, None, wire.WalletRefund))

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> Notice:
        """Return what a notice says, once it is known to be genuine."""
        try:
            wire.hear(headers, raw, secret=self._secret, path=self._notify_path, nonces=self._nonces, at=self._clock())
        except Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        try:
            return self._notice(msgspec.json.decode(raw, type=said.AutopayNotice))
        except msgspec.DecodeError as error:
            raise NoticeRefused("body") from error

    def _notice(self, told: said.AutopayNotice) -> Notice:
        if told.type == "AGREEMENT":
            agreement = self._ours(msgspec.json.decode(told.resource, type=said.ToldAgreement))
            return AgreementNotice(told.id, agreement.number, Agreement(_STATES[agreement.state]))
        if told.type == "DEDUCTION":
            deduction = self._ours(msgspec.json.decode(told.resource, type=said.ToldDeduction))
            return PaymentNotice(told.id, deduction.number, _outcome(deduction))
        refund = self._ours(msgspec.json.decode(told.resource, type=wire.WalletRefund))
        return RefundNotice(told.id, refund.number, refund.payment, _refund(refund))

    def _ours(self, told: T) -> T:
        if told.merchant != self._merchant:
            raise NoticeRefused("merchant")
        return told

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._line.aclose()

    async def _call(self, method: str, path: str, asked: Any, kind: type[T]) -> T | Absent | Declined | Unknown:
        """Make a call once, and return what is answered to it, by the provider and to this very call."""
        body = msgspec.json.encode(asked) if asked is not None else b""
        what = f"{method} {path.partition('?')[0]}"
        reply = await self._line.call(lambda: self._try(method, path, body), what=what, again=False)
        if isinstance(reply, Unknown):
            return reply
        try:
            if reply.status != 200:
                return _error(msgspec.json.decode(reply.body, type=wire.WalletError).code)
            told = msgspec.json.decode(reply.body, type=kind)
        except msgspec.DecodeError as error:
            return Unknown(f"reply body: {error}")
        if told.merchant != self._merchant or (asked is not None and told.number != asked.number):
            return Unknown("the reply is about something else")
        return told

    async def _try(self, method: str, path: str, body: bytes) -> Reply:
        return await call_sealed(
            self._line, method, path, body=body, secret=self._secret, clock=self._clock, most=BODY_MAX
        )


def _error(code: str) -> Absent | Declined | Unknown:
    if code in _ABSENT:
        return Absent()
    return Declined(code) if code in _DECLINED else Unknown(code)


def _agreement(told: said.ToldAgreement | Absent | Declined | Unknown) -> Agreement | Declined | Unknown:
    if isinstance(told, said.ToldAgreement):
        return Agreement(_STATES[told.state], told.sign_url)
    return Unknown("absent") if isinstance(told, Absent) else told


def _outcome(told: said.ToldDeduction | Absent | Declined | Unknown) -> Outcome:
    if not isinstance(told, said.ToldDeduction):
        return told
    if told.state == "SUCCESS":
        return Paid(told.transaction_id, told.amount_fen)
    return Declined(told.code or "PAY_FAIL") if told.state == "PAY_FAIL" else Pending()


def _refund(told: wire.WalletRefund | Absent | Declined | Unknown) -> RefundOutcome:
    if not isinstance(told, wire.WalletRefund):
        return told
    if told.state == "SUCCESS":
        return Refunded(told.refund_id, told.amount_fen)
    return Pending(told.refund_id) if told.state == "PROCESSING" else Declined(told.code or "ABNORMAL")
