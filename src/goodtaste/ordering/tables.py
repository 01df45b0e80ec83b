"""Tables of ordering."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text

from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Str, create_table, id_column

order = create_table(
    "ordering_order",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("member_id", Id),
    Column("kind", Str, nullable=False),
    Column("channel", Str, nullable=False),
    Column("table_id", Id),
    Column("party", Int),
    Column("state", Str, nullable=False),
    Column("pay_state", Str, nullable=False),
    Column("list_fen", Int, nullable=False),
    Column("member_saving_fen", Int, nullable=False),
    Column("offer_fen", Int, nullable=False),
    Column("coupons", Str, nullable=False),
    Column("coupon_fen", Int, nullable=False),
    Column("points", Int, nullable=False),
    Column("points_fen", Int, nullable=False),
    Column("fee_fen", Int, nullable=False),
    Column("rounding_fen", Int, nullable=False),
    Column("donation_fen", Int, nullable=False),
    Column("due_fen", Int, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    Column("points_earned", Int, nullable=False),
    Column("hold_id", Id),
    Column("reasons", Str, nullable=False),
    Column("applied", Str, nullable=False),
    Column("note", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("source", Str, nullable=False),
    Column("external_no", Str),
    Column("placed_by", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("paid_at", Moment),
    CheckConstraint(
        "state IN ('placed', 'accepted', 'preparing', 'ready', 'served', 'picked_up', 'delivered', 'completed', 'cancelled')",
        name="ordering_order_state",
    ),
    CheckConstraint(
        "pay_state IN ('unpaid', 'paying', 'paid', 'partly_refunded', 'refunded')", name="ordering_order_pay_state"
    ),
    CheckConstraint(
        "due_fen >= 0 AND list_fen - member_saving_fen - offer_fen - coupon_fen - points_fen + fee_fen - rounding_fen"
        " + donation_fen = due_fen",
        name="ordering_order_adds_up",
    ),
    CheckConstraint("refunded_fen >= 0 AND refunded_fen <= due_fen", name="ordering_order_refunded"),
    Index(
        "ordering_order_external_once",
        "external_no",
        "source",
        unique=True,
        postgresql_where=text("external_no IS NOT NULL"),
        sqlite_where=text("external_no IS NOT NULL"),
    ),
    Index("ordering_order_member_idx", "member_id", "placed_at"),
    Index("ordering_order_store_idx", "store_id", "placed_at"),
)
"""JSON: `coupons`, what each coupon on the order took off by its id; `applied`, what made its price (`frozen.Kept`), "" where nothing did.

They are written and read with the order alone, and never changed once it is paid."""

first = create_table(
    "ordering_first",
    Column("member_id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    narrow=True,
)
"""The order with which a member took what is for first orders only."""

line = create_table(
    "ordering_line",
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("line_no", Int, nullable=False),
    Column("round", Int, nullable=False),
    Column("sku_id", Id, nullable=False),
    Column("name", Str, nullable=False),
    Column("qty", Int, nullable=False),
    Column("list_fen", Int, nullable=False),
    Column("unit_fen", Int, nullable=False),
    Column("offer_fen", Int, nullable=False),
    Column("coupon_fen", Int, nullable=False),
    Column("points_fen", Int, nullable=False),
    Column("rounding_fen", Int, nullable=False),
    Column("due_fen", Int, nullable=False),
    Column("choice", Str, nullable=False),
    Column("takes", Str, nullable=False),
    Column("refunded_qty", Int, nullable=False),
    PrimaryKeyConstraint("order_id", "line_no"),
    CheckConstraint("qty > 0 AND unit_fen >= 0 AND unit_fen <= list_fen", name="ordering_line_price"),
    CheckConstraint(
        "due_fen >= 0 AND unit_fen * qty - offer_fen - coupon_fen - points_fen - rounding_fen = due_fen",
        name="ordering_line_adds_up",
    ),
    CheckConstraint("refunded_qty >= 0 AND refunded_qty <= qty", name="ordering_line_refunded"),
    narrow=True,
)

round_ = create_table(
    "ordering_round",
    id_column(),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("number", Int, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("order_id", "number", name="ordering_round_once"),
)

step = create_table(
    "ordering_step",
    id_column(),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("from_state", Str, nullable=False),
    Column("to_state", Str, nullable=False),
    Column("actor_kind", Str, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ordering_step_order_id_idx", "order_id", "at"),
)

refund = create_table(
    "ordering_refund",
    id_column(),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("fee_fen", Int, nullable=False),
    Column("points_back", Int, nullable=False),
    Column("points_taken", Int, nullable=False),
    Column("coupon_back", Flag, nullable=False),
    Column("restock", Flag, nullable=False),
    Column("reason", Str, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("approved_by", Str),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("amount_fen >= 0 AND points_back >= 0 AND points_taken >= 0", name="ordering_refund_amount"),
    Index("ordering_refund_order_id_idx", "order_id"),
)

refund_line = create_table(
    "ordering_refund_line",
    Column("refund_id", Id, ForeignKey("ordering_refund.id"), nullable=False),
    Column("line_no", Int, nullable=False),
    Column("qty", Int, nullable=False),
    Column("amount_fen", Int, nullable=False),
    PrimaryKeyConstraint("refund_id", "line_no"),
    CheckConstraint("qty > 0 AND amount_fen >= 0", name="ordering_refund_line_qty"),
)
