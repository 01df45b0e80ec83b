"""What subscriptions tell: ids, amounts and states only."""

from __future__ import annotations

from datetime import date
from typing import Literal

from goodtaste.kernel.outbox import Event


class SubscriptionChanged(Event, frozen=True, kw_only=True):
    """A subscription is new or stands otherwise than before.  Of two, the one with the higher `version` is right.

    `period` counts the periods that were paid; `ends_on` is the first day that is not in the one that runs; `why` is said at the end.
    """

    topic = "subscription.changed.v1"
    key_field = "subscription_id"

    subscription_id: str
    member_id: str
    family: str
    plan_id: str
    state: Literal["pending", "trial", "active", "past_due", "cancelled", "ended"]
    period: int
    ends_on: date | None
    cancel_at_end: bool
    why: str
    version: int


class RenewalNoticed(Event, frozen=True, kw_only=True):
    """A subscriber is told that a period will be charged: how much, and from which day on; what they paid and saved until now."""

    topic = "subscription.renewal_noticed.v1"
    key_field = "subscription_id"

    subscription_id: str
    member_id: str
    notice_id: str
    period: int
    amount_fen: int
    charge_on: date
    paid_fen: int
    saved_fen: int


class SubscriptionCharged(Event, frozen=True, kw_only=True):
    """It is known what became of a charge: `paid` for a period, `failed`, or `back`: the money came and goes back."""

    topic = "subscription.charged.v1"
    key_field = "subscription_id"

    subscription_id: str
    member_id: str
    charge_id: str
    period: int
    kind: Literal["first", "renewal", "upgrade"]
    amount_fen: int
    outcome: Literal["paid", "failed", "back"]
    why: str
