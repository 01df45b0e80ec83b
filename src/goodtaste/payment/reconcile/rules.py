"""Pure rules of reconciliation: what is different between what we wrote of a number and what the bills say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

Kind = Literal["only_ours", "only_theirs", "amount", "state", "late", "double"]
Direction = Literal["paid", "refunded"]

BEIJING = ZoneInfo("Asia/Shanghai")  # the day of a gateway is China's
LATE_DAYS = 1  # a payment around midnight may be on either day


class Ours(msgspec.Struct, frozen=True):
    """What we wrote of a payment or a refund."""

    number: str
    method: str
    state: str
    amount_fen: int
    settled_at: datetime | None
    store_id: str
    order_id: str


class Theirs(msgspec.Struct, frozen=True):
    """A line of a bill."""

    number: str
    day: date
    amount_fen: int
    gateway_ref: str


class Found(msgspec.Struct, frozen=True):
    """What differs: which kind, what they say, and words for people."""

    kind: Kind
    theirs_fen: int | None
    detail: str


def day_of(at: datetime) -> date:
    """Return the gateway's day of an instant."""
    return at.astimezone(BEIJING).date()


def judged(ours: Ours | None, theirs: Sequence[Theirs], *, reversed_fen: int = 0) -> Found | None:
    """Return what differs of one number, or None; the first that holds of: nobody's, theirs alone, twice, state, amount, late.

    `reversed_fen`: what the bills say went back of this payment without a number of ours: a payment that we closed and the gateway reversed
    is no difference.
    """
    if not theirs:
        return Found("only_ours", None, "") if ours is not None and ours.state == "succeeded" else None
    fen = sum(each.amount_fen for each in theirs)
    refs = ", ".join(each.gateway_ref for each in theirs)[:200]
    if ours is None:
        return None if fen == reversed_fen else Found("only_theirs", fen, refs)
    if ours.state != "succeeded":
        return None if fen == reversed_fen else Found("state", fen, refs)
    if reversed_fen:
        return Found("state", fen - reversed_fen, f"reversed {reversed_fen}")
    if len(theirs) > 1:
        return Found("double", fen, refs)
    if fen != ours.amount_fen:
        return Found("amount", fen, refs)
    if ours.settled_at and abs((theirs[0].day - day_of(ours.settled_at)).days) > LATE_DAYS:
        return Found("late", fen, f"{theirs[0].day} / {day_of(ours.settled_at)}")
    return None
