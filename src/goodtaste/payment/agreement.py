"""The port to those who take money by an agreement that a person signed once (签约代扣): what is asked of them, what they may answer.

As with gateways, the numbers are the merchant's own: asking twice with one number is asking once, and an adapter never raises for what
the outside does.  A deduction is answered with the outcomes of `payment.gateway`; `Unknown` is asked about until it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from goodtaste.payment.gateway import (
    Declined,
    Outcome,
    PaymentNotice,
    RefundIntent,
    RefundNotice,
    RefundOutcome,
    Unknown,
)

Occasion = Literal["signed", "announced", "asked"]


class AgreementIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is to sign: for what, and how much a deduction may be at most."""

    agreement_id: str
    title: str
    limit_fen: int


class Agreement(msgspec.Struct, frozen=True):
    """How an agreement stands: `asked` (to be signed at `sign_url`), `signed`, or `ended`, by either side."""

    state: Literal["asked", "signed", "ended"]
    sign_url: str = ""


class Announced(msgspec.Struct, frozen=True):
    """The gateway has told the payer of a deduction to come."""


class DeductIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be deducted.  `occasion`: right after the signature, announced before, or asked for by the payer now."""

    charge_id: str
    agreement_id: str
    amount_fen: int
    description: str
    occasion: Occasion


class AgreementNotice(msgspec.Struct, frozen=True):
    """What a gateway told of an agreement; `id` is its own number for the telling."""

    id: str
    agreement_id: str
    agreement: Agreement


Notice = AgreementNotice | PaymentNotice | RefundNotice


class Autopay(Protocol):
    """One gateway, one merchant."""

    method: str

    async def invite(self, intent: AgreementIntent) -> Agreement | Declined | Unknown:
        """Have an agreement laid before a person."""

    async def ask(self, agreement_id: str) -> Agreement | Declined | Unknown:
        """Ask how an agreement stands; one that was never laid before anybody is `Declined`."""

    async def announce(self, agreement_id: str, *, notice_id: str, amount_fen: int) -> Announced | Declined | Unknown:
        """Have the payer told, by the gateway itself, of a deduction of at most `amount_fen`."""

    async def deduct(self, intent: DeductIntent) -> Outcome:
        """Ask for money.  With a number that was used before, and the same content: how that stands."""

    async def query(self, charge_id: str) -> Outcome:
        """Ask how a deduction stands."""

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Give money back; `payment_id` is the deduction's number."""

    async def query_refund(self, refund_id: str) -> RefundOutcome:
        """Ask how a refund stands."""

    async def end(self, agreement_id: str) -> Agreement | Declined | Unknown:
        """End an agreement, so that nothing is deducted by it any more."""

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> Notice:
        """Return what a notice says; refuses `NoticeRefused` as `Gateway.parse_notice` does."""

    async def aclose(self) -> None:
        """Give the connections back."""


class Autopays:
    """The one who deducts for this process, if there is one."""

    def __init__(self, autopay: Autopay | None) -> None:
        self._autopay = autopay

    @property
    def only(self) -> Autopay | None:
        """The gateway, or None where this deployment has none."""
        return self._autopay

    async def aclose(self) -> None:
        """Give its connections back."""
        if self._autopay is not None:
            await self._autopay.aclose()
