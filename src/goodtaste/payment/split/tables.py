"""Tables of bills that are paid in parts, of vouchers, and of what staff eat."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, PrimaryKeyConstraint

from goodtaste.kernel.db import Day, Id, Int, Str, create_table
from goodtaste.kernel.money import FEN_MAX

split = create_table(
    "payment_split",
    Column("order_id", Id, primary_key=True),
    Column("due_fen", Int, nullable=False),
    Column("captured_fen", Int, nullable=False),
    Column("pending_fen", Int, nullable=False),
    CheckConstraint(
        "captured_fen >= 0 AND pending_fen >= 0 AND captured_fen + pending_fen <= due_fen", name="payment_split_fits"
    ),
    narrow=True,
)
"""`captured_fen`: what parts have brought; `pending_fen`: what parts that are open may still bring."""

voucher = create_table(
    "payment_voucher",
    Column("source", Str, nullable=False),
    Column("number", Str, nullable=False),
    Column("payment_id", Id, ForeignKey("payment_payment.id"), nullable=False),
    Column("face_fen", Int, nullable=False),
    Column("paid_fen", Int, nullable=False),
    PrimaryKeyConstraint("source", "number"),
    CheckConstraint(
        f"face_fen BETWEEN 1 AND {FEN_MAX} AND paid_fen BETWEEN 0 AND face_fen", name="payment_voucher_worth"
    ),
    narrow=True,
)
"""Vouchers that were taken: `face_fen` is what the diner gets for it, `paid_fen` what was paid for it where it was sold."""

meal = create_table(
    "payment_meal",
    Column("staff_id", Id, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("used_fen", Int, nullable=False),
    Column("limit_fen", Int, nullable=False),
    PrimaryKeyConstraint("staff_id", "business_date"),
    CheckConstraint("used_fen >= 0 AND used_fen <= limit_fen", name="payment_meal_fits"),
    narrow=True,
)
"""What a person of the staff has eaten on a business date."""
