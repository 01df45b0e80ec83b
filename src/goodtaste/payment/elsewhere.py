"""Money that another system took: a till before this house, a platform that pays out later.  It is written down, never asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from goodtaste.kernel.db import Change
from goodtaste.payment.attempts import START, Payment

METHOD = "elsewhere"


def taken_elsewhere(
    *,
    payment_id: str,
    order_id: str,
    store_id: str,
    stream: str,
    amount_fen: int,
    reference: str,
    actor: str,
    fingerprint: str,
    business_date: date,
    at: datetime,
) -> Payment:
    """Return a payment that paid an order in another system; `reference` is the other system's number for it, unlike any other.

    A refund of it is settled as soon as it begins: the money goes back by hand, where it was taken.
    """
    return Payment(
        id=payment_id,
        order_id=order_id,
        store_id=store_id,
        stream=stream,
        method=METHOD,
        state="succeeded",
        amount_fen=amount_fen,
        refunded_fen=0,
        tendered_fen=None,
        change_fen=None,
        gateway_ref=reference,
        detail="",
        actor=actor,
        fingerprint=fingerprint,
        business_date=business_date,
        started_at=at,
        close_at=None,
        settled_at=at,
        holds_order_id=order_id,
    )


def keep_taken(taken: Sequence[Payment]) -> Change:
    """Return the change that keeps payments of `taken_elsewhere`; they tell no event of their own."""
    return START.many([msgspec.structs.asdict(each) for each in taken])
