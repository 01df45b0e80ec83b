"""Tables of invoices."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint

from goodtaste.kernel.db import Id, Int, Moment, Str, create_table, id_column

invoice = create_table(
    "floor_invoice",
    id_column(),
    Column("order_id", Id, nullable=False),
    Column("store_id", Id, nullable=False),
    Column("red_of", Id, ForeignKey("floor_invoice.id")),
    Column("amount_fen", Int, nullable=False),
    Column("reversed_fen", Int, nullable=False),
    Column("buyer", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("number", Str, nullable=False),
    Column("url", Str, nullable=False),
    Column("why", Str, nullable=False),
    Column("asked_by", Str, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("holds_order_id", Id),
    UniqueConstraint("holds_order_id", name="floor_invoice_one_of_an_order"),
    CheckConstraint("state IN ('requested', 'issuing', 'issued', 'failed')", name="floor_invoice_state"),
    CheckConstraint("amount_fen > 0", name="floor_invoice_amount"),
    CheckConstraint("reversed_fen >= 0 AND reversed_fen <= amount_fen", name="floor_invoice_reversed"),
    CheckConstraint("(state IN ('issued', 'failed')) = (settled_at IS NOT NULL)", name="floor_invoice_settled"),
    CheckConstraint("(state = 'issued') = (number <> '')", name="floor_invoice_number"),
    CheckConstraint("red_of IS NULL OR holds_order_id IS NULL", name="floor_invoice_red"),
    Index("floor_invoice_order_idx", "order_id", "asked_at"),
    Index("floor_invoice_store_idx", "store_id", "asked_at", "id"),
)
"""`red_of`: the invoice that this one takes back, by `amount_fen`; `reversed_fen`: how much of one was taken back or is being.
`holds_order_id`: the order whose one invoice this is, while it is on its way or issued and not taken back whole.  `buyer` is sealed."""
