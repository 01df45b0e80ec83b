"""Pure rules of payment: what an answer makes of a state, and when a gateway is asked next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from goodtaste.payment.gateway import (
    Absent,
    Closed,
    Declined,
    Outcome,
    Paid,
    Pending,
    Refunded,
    RefundOutcome,
    Unknown,
)

State = Literal["pending", "unknown", "succeeded", "failed", "closed"]
RefundState = Literal["pending", "unknown", "succeeded", "failed"]
Back = Literal["late", "twice"]
Manner = Literal["same", "cash", "transfer"]  # how money goes back: the way it came, or by hand

OPEN = ("pending", "unknown")
AT_ONCE = frozenset({"cash", "elsewhere", "voucher", "account", "staff_meal"})  # methods that need no gateway
BACK_LAST = (
    "cash",
    "elsewhere",
    "account",
    "staff_meal",
    "voucher",
)  # refunds go to wallets first, then to these in this order

SCAN_PATIENCE = timedelta(
    seconds=45
)  # from the scan of a code to its end (WeChat Pay's own advice for barcode payments)
APP_PATIENCE = timedelta(minutes=5)  # for a diner who pays in an app
GONE_AFTER = timedelta(seconds=10)  # a number still absent so long after its end will not arrive any more
CERTAIN_FEN = 500_00  # above it a notice alone is not believed: the gateway is asked

ASK_AT_S = (1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)  # seconds after the start
ASK_EACH_S = 30  # after that, while it may still be paid or has just been ended
ASK_LATE_EACH_S = 300
ASK_FOR_S = 86_400
LOOK_BACK_S = (
    60,
    300,
    1_800,
    7_200,
    21_600,
    86_400,
)  # an attempt that we ended is looked at again: money may have come late
REFUND_EACH_S = 21_600  # banks take days to give money back
REFUND_FOR_S = 7 * 86_400


def next_state(state: State, outcome: Outcome) -> State:
    """Return what `outcome` makes of a payment: a final state never goes back, but money is money whenever it comes."""
    if isinstance(outcome, Paid):
        return "succeeded"
    if state not in OPEN:
        return state
    if isinstance(outcome, Declined):
        return "failed"
    if isinstance(outcome, Closed):
        return "closed"
    return "pending" if isinstance(outcome, Pending) else "unknown"


def checked(outcome: Outcome, *, amount_fen: int) -> Outcome:
    """Take an answer about another amount than was asked for as no answer: a person has to look."""
    if isinstance(outcome, Paid) and outcome.amount_fen != amount_fen:
        return Unknown(f"the gateway speaks of {outcome.amount_fen} fen instead of {amount_fen}")
    return outcome


def checked_refund(outcome: RefundOutcome, *, amount_fen: int) -> RefundOutcome:
    """Take an answer about another amount than was to be given back as no answer."""
    if isinstance(outcome, Refunded) and outcome.amount_fen != amount_fen:
        return Unknown(f"the gateway speaks of {outcome.amount_fen} fen instead of {amount_fen}")
    return outcome


def next_refund_state(state: RefundState, outcome: RefundOutcome) -> RefundState:
    """Return what `outcome` makes of a refund."""
    if state not in OPEN:
        return state
    if isinstance(outcome, Refunded):
        return "succeeded"
    if isinstance(outcome, Declined):
        return "failed"
    return "pending" if isinstance(outcome, Pending) else "unknown"


def patience(auth_code: str) -> timedelta:
    """Return how long a payment may stay open before it is ended."""
    return SCAN_PATIENCE if auth_code else APP_PATIENCE


def is_to_end(state: State, outcome: Outcome) -> bool:
    """Tell whether an attempt whose time is over must be ended at the gateway: it is open here, or closed here and still open there."""
    return (state in OPEN and next_state(state, outcome) in OPEN) or (
        state == "closed" and isinstance(outcome, Pending)
    )


def ended(outcome: Outcome, *, close_at: datetime, at: datetime) -> Outcome:
    """Take a number that the gateway still has never seen, well after we asked it to end it, for ended."""
    if isinstance(outcome, Absent) and at >= close_at + GONE_AFTER:
        return Closed("never_arrived")
    return outcome


def next_ask(state: State, *, started_at: datetime, close_at: datetime, at: datetime) -> int | None:
    """Return the second after the start at which the gateway is asked next, or None where it is not asked any more."""
    age_s = int((at - started_at).total_seconds())
    if state == "closed":
        return next((s for s in LOOK_BACK_S if s > age_s), None)
    if state not in OPEN:
        return None
    soon = next((s for s in ASK_AT_S if s > age_s), None)
    if soon is not None:
        return soon
    each_s = ASK_EACH_S if at < close_at + timedelta(seconds=2 * ASK_EACH_S) else ASK_LATE_EACH_S
    return _round(age_s, each_s, up_to=ASK_FOR_S)


def next_refund_ask(state: RefundState, *, started_at: datetime, at: datetime) -> int | None:
    """Return the second after the start at which a refund is asked about next, or None."""
    if state not in OPEN:
        return None
    age_s = int((at - started_at).total_seconds())
    soon = next((s for s in ASK_AT_S if s > age_s), None)
    if soon is not None:
        return soon
    return _round(age_s, ASK_LATE_EACH_S if age_s < ASK_FOR_S else REFUND_EACH_S, up_to=REFUND_FOR_S)


def _round(age_s: int, each_s: int, *, up_to: int) -> int | None:
    following = (age_s // each_s + 1) * each_s
    return following if following <= up_to else None
