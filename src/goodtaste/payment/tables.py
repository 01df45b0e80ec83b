"""Tables of payment."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text

from goodtaste.kernel.db import Day, Id, Int, Moment, Str, create_table, id_column
from goodtaste.kernel.money import FEN_MAX

PART = text("part_of IS NOT NULL")
NOT_MADE = text("state <> 'succeeded'")
ASKED = text("close_at IS NOT NULL")  # of a gateway
IN_DRAWER = text("drawer_id IS NOT NULL")

payment = create_table(
    "payment_payment",
    id_column(),
    Column("order_id", Id, nullable=False),
    Column("store_id", Id, nullable=False),
    Column("stream", Id, nullable=False),
    Column("method", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    Column("tendered_fen", Int),
    Column("change_fen", Int),
    Column("gateway_ref", Str),
    Column("detail", Str, nullable=False),
    Column("actor", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("close_at", Moment),
    Column("settled_at", Moment),
    Column("holds_order_id", Id),
    Column("part_of", Id),
    Column("tender_ref", Str),
    Column("drawer_id", Id),
    CheckConstraint("state IN ('pending', 'unknown', 'succeeded', 'failed', 'closed')", name="payment_state"),
    CheckConstraint(f"amount_fen BETWEEN 0 AND {FEN_MAX}", name="payment_amount"),
    CheckConstraint("refunded_fen >= 0 AND refunded_fen <= amount_fen", name="payment_refunded"),
    CheckConstraint(
        "change_fen IS NULL OR (change_fen >= 0 AND tendered_fen - change_fen = amount_fen)", name="payment_change"
    ),
    CheckConstraint("(state IN ('pending', 'unknown')) = (settled_at IS NULL)", name="payment_settled"),
    CheckConstraint("holds_order_id IS NULL OR holds_order_id = order_id", name="payment_holds_its_order"),
    CheckConstraint(
        "part_of IS NULL OR (part_of = order_id AND holds_order_id IS NULL)", name="payment_part_of_its_order"
    ),
    UniqueConstraint("holds_order_id", name="payment_order_held"),
    Index("payment_payment_order_id_idx", "order_id"),
    Index("payment_payment_store_idx", "store_id", "business_date", "started_at", "id"),
    Index("payment_payment_settled_idx", "settled_at", postgresql_where=ASKED, sqlite_where=ASKED),
    Index("payment_payment_part_of_idx", "part_of", postgresql_where=PART, sqlite_where=PART),
)
"""`holds_order_id`: the order whose one place this attempt holds, while it is open or because it paid it.  Money that comes late or
twice succeeds without holding anything.  `refunded_fen` counts refunds from their start; one that fails gives its part back.
`part_of`: likewise for an attempt that pays a part of the bill, of which there may be many.  `stream` is the key under which the order's
events are told.  `tender_ref`: the voucher, the account or the person whose tender it is.  `drawer_id`: where the cash lies."""

refund = create_table(
    "payment_refund",
    id_column(),
    Column("payment_id", Id, ForeignKey("payment_payment.id"), nullable=False),
    Column("cause_id", Id, nullable=False),
    Column("way", Str, nullable=False),
    Column("makes_up_for", Id, ForeignKey("payment_refund.id")),
    Column("owner_id", Id),
    Column("drawer_id", Id),
    Column("amount_fen", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("gateway_ref", Str),
    Column("detail", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("settled_at", Moment),
    CheckConstraint("state IN ('pending', 'unknown', 'succeeded', 'failed')", name="payment_refund_state"),
    CheckConstraint("amount_fen > 0", name="payment_refund_amount"),
    CheckConstraint("way IN ('same', 'cash', 'transfer')", name="payment_refund_way"),
    UniqueConstraint("makes_up_for", name="payment_refund_made_up"),
    Index("payment_refund_owed_idx", "started_at", "id", postgresql_where=NOT_MADE, sqlite_where=NOT_MADE),
    CheckConstraint("(state IN ('pending', 'unknown')) = (settled_at IS NULL)", name="payment_refund_settled"),
    Index("payment_refund_payment_id_idx", "payment_id"),
    Index("payment_refund_cause_id_idx", "cause_id"),
    Index("payment_refund_settled_idx", "settled_at"),
    Index("payment_refund_drawer_idx", "drawer_id", "started_at", postgresql_where=IN_DRAWER, sqlite_where=IN_DRAWER),
)
"""`way`: the way the money came, or by hand.  `makes_up_for`: the refund that failed and that this one makes up for; there is one at most.
`owner_id`: who looks after one that was not made."""

notice = create_table(
    "payment_notice",
    Column("gateway", Str, nullable=False),
    Column("notice_id", Str, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("gateway", "notice_id"),
)
