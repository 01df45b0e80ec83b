"""Tables of what diners ask after they paid."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text

from goodtaste.kernel.db import Id, Int, Moment, Str, create_table, id_column

REQUESTS_MAX = 5  # an order

request = create_table(
    "ordering_refund_request",
    id_column(),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("nth", Int, nullable=False),
    Column("store_id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("state", Str, nullable=False),
    Column("pieces", Str, nullable=False),
    Column("why", Str, nullable=False),
    Column("remark", Str, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", Str),
    Column("answer", Str, nullable=False),
    Column("refund_id", Id),
    Column("fingerprint", Str, nullable=False),
    CheckConstraint("state IN ('open', 'approved', 'declined', 'withdrawn')", name="ordering_refund_request_state"),
    CheckConstraint("(state = 'approved') = (refund_id IS NOT NULL)", name="ordering_refund_request_refund"),
    CheckConstraint(f"nth BETWEEN 1 AND {REQUESTS_MAX}", name="ordering_refund_request_full"),
    UniqueConstraint("order_id", "nth", name="ordering_refund_request_nth"),
    Index(
        "ordering_refund_request_open_once",
        "order_id",
        unique=True,
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
    Index("ordering_refund_request_store_idx", "store_id", "state", "asked_at"),
    Index("ordering_refund_request_state_idx", "state", "asked_at"),
)
"""JSON: `pieces`, those that are to come back, none for all that is left.  `amount_fen`: what its diner was shown."""
