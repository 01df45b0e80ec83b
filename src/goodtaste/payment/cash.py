"""Cash: succeeded as soon as it is taken."""

from __future__ import annotations

from datetime import date, datetime

from goodtaste.kernel.db import Change, insert
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.tables import payment


class TooLittleCash(Refusal):
    """Raised when less cash is tendered than is due.  Facts: `due_fen`, `tendered_fen`."""

    code = "payment.too_little_cash"
    status = 422


TAKEN = insert(payment)


def take(
    *,
    payment_id: str,
    order_id: str,
    store_id: str,
    due_fen: int,
    tendered_fen: int,
    actor: str,
    fingerprint: str,
    business_date: date,
    at: datetime,
) -> Change:
    """Take cash for an order; refuses `TooLittleCash`.  The change is what was tendered less what is due."""
    if tendered_fen < due_fen:
        raise TooLittleCash(due_fen=due_fen, tendered_fen=tendered_fen)
    return TAKEN(
        id=payment_id,
        order_id=order_id,
        store_id=store_id,
        method="cash",
        state="succeeded",
        amount_fen=due_fen,
        refunded_fen=0,
        tendered_fen=tendered_fen,
        change_fen=tendered_fen - due_fen,
        gateway_ref=None,
        detail="",
        actor=actor,
        fingerprint=fingerprint,
        business_date=business_date,
        started_at=at,
        settled_at=at,
    )
