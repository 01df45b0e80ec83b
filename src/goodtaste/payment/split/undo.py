"""What a refund of a tender that is no gateway's changes beside the refund itself."""

from __future__ import annotations

from datetime import date, datetime

from goodtaste.kernel.db import Change, add
from goodtaste.payment.accounts import charges
from goodtaste.payment.attempts import Payment
from goodtaste.payment.split.tables import meal

EAT_LESS = add(meal, key=["staff_id", "business_date"], counters=["used_fen"], guard="payment_meal_gone")


def undone(found: Payment, *, refund_id: str, amount_fen: int, today: date, at: datetime) -> list[Change]:
    """Return the changes by which an account owes less, or a person's day allows a meal again; none for other tenders.

    A voucher stays used: who sold it settles what becomes of it.
    """
    if found.method == "account" and found.tender_ref:
        return charges.give_back(
            found.tender_ref, refund_id=refund_id, payment_id=found.id, amount_fen=amount_fen, today=today, at=at
        )
    if found.method == "staff_meal":
        return [EAT_LESS(staff_id=found.tender_ref, business_date=found.business_date, used_fen=-amount_fen)]
    return []
