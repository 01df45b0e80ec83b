"""What the sandbox of agreements and its merchants say to each other; each message is sealed as `wallet_wire` says.

The verbs and states are those of WeChat's delegated deduction (papay): an agreement is signed on a page, a deduction is accepted and then
asked about, the payer is told before by the gateway itself, by day and at least 24 hours ahead.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from goodtaste.payment.agreement import Occasion
from goodtaste.payment.gateways.wallet_wire import Word

AgreementState = Literal["ASKED", "SIGNED", "ENDED"]
DeductionState = Literal["ACCEPTED", "SUCCESS", "PAY_FAIL"]


class AskAgreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant lays an agreement before a person."""

    merchant: str
    number: str
    title: str
    limit_fen: int
    notify_url: str


class ToldAgreement(msgspec.Struct, frozen=True):
    """An agreement as the provider tells of it."""

    merchant: str
    number: str
    state: AgreementState
    sign_url: str = ""


class Announce(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant announces a deduction of at most `amount_fen`."""

    merchant: str
    number: str
    agreement: str
    amount_fen: int


class ToldAnnouncement(msgspec.Struct, frozen=True):
    """An announcement that reached the payer."""

    merchant: str
    number: str


class Deduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant asks for money by an agreement."""

    merchant: str
    number: str
    agreement: str
    amount_fen: int
    currency: str
    description: str
    occasion: Occasion
    notify_url: str


class ToldDeduction(msgspec.Struct, frozen=True):
    """A deduction as the provider tells of it."""

    merchant: str
    number: str
    state: DeductionState
    amount_fen: int
    currency: str = "CNY"
    transaction_id: Word = ""
    code: Word = ""


class AutopayNotice(msgspec.Struct, frozen=True):
    """What the provider tells by itself; `id` stays the same when it repeats it."""

    id: str
    type: Literal["AGREEMENT", "DEDUCTION", "REFUND"]
    resource: msgspec.Raw
