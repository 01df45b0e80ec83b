"""Cash: succeeded as soon as it is taken.  It tells no event of its own: the order that it pays does."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from goodtaste.kernel.db import Change
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.attempts import START, Payment


class TooLittleCash(Refusal):
    """Raised when less cash is tendered than is due.  Facts: `due_fen`, `tendered_fen`."""

    code = "payment.too_little_cash"
    status = 422


def take(
    *,
    payment_id: str,
    order_id: str,
    store_id: str,
    stream: str,
    due_fen: int,
    tendered_fen: int,
    actor: str,
    fingerprint: str,
    business_date: date,
    at: datetime,
    drawer_id: str,
) -> Change:
    """Return the change that takes cash for an order; refuses `TooLittleCash`.

    The diner gets back what was tendered less what is due.  `UnderWay` stands behind it as a guard: an order that another attempt holds
    is not paid in cash beside it.  `drawer_id`: where the cash lies, a terminal or the store.
    """
    if tendered_fen < due_fen:
        raise TooLittleCash(due_fen=due_fen, tendered_fen=tendered_fen)
    taken = Payment(
        id=payment_id,
        order_id=order_id,
        store_id=store_id,
        stream=stream,
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
        close_at=None,
        settled_at=at,
        holds_order_id=order_id,
        drawer_id=drawer_id,
    )
    return START(**msgspec.structs.asdict(taken))
