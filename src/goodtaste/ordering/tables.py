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
    Column("pay_first", Flag, nullable=False),
    Column("state", Str, nullable=False),
    Column("pay_state", Str, nullable=False),
    Column("list_fen", Int, nullable=False),
    Column("member_saving_fen", Int, nullable=False),
    Column("offer_fen", Int, nullable=False),
    Column("coupons", Str, nullable=False),
    Column("coupon_fen", Int, nullable=False),
    Column("hand_fen", Int, nullable=False),
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
    Column("split_from", Id),
    Column("reopens", Id),
    Column("went_to", Id),
    Column("stream_of", Id),
    CheckConstraint(
        "state IN ('placed', 'accepted', 'preparing', 'ready', 'served', 'picked_up', 'delivered', 'completed', 'cancelled')",
        name="ordering_order_state",
    ),
    CheckConstraint(
        "pay_state IN ('unpaid', 'paying', 'part_paid', 'paid', 'partly_refunded', 'refunded')",
        name="ordering_order_pay_state",
    ),
    CheckConstraint(
        "due_fen >= 0 AND list_fen - member_saving_fen - offer_fen - coupon_fen - hand_fen - points_fen + fee_fen"
        " - rounding_fen + donation_fen = due_fen",
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
    Index(
        "ordering_order_reopened_once",
        "reopens",
        unique=True,
        postgresql_where=text("reopens IS NOT NULL"),
        sqlite_where=text("reopens IS NOT NULL"),
    ),
    Index(
        "ordering_order_split_from_idx",
        "split_from",
        postgresql_where=text("split_from IS NOT NULL"),
        sqlite_where=text("split_from IS NOT NULL"),
    ),
    Index("ordering_order_member_idx", "member_id", "placed_at"),
    Index("ordering_order_store_idx", "store_id", "placed_at"),
    Index("ordering_order_placed_at_idx", "placed_at", "id"),
)
"""`pay_first`: nothing of it is made before it is paid, unless the staff say so.  JSON: `coupons`, what each coupon on the order took
off by its id; `applied`, what made its price (`frozen.Kept`), "" where nothing did.

They are written and read with the order alone, and never changed once it is paid.  `split_from`: the first bill of those it was split off;
`reopens`: the order that was taken back to open this one; `went_to`: the bill that goes on in its place, by a merge or a reopening;
`stream_of`: with whose events its own are ordered, where it was made of another bill or its member is another than at first."""

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
    Column("words", Str, nullable=False),
    Column("qty", Int, nullable=False),
    Column("list_fen", Int, nullable=False),
    Column("unit_fen", Int, nullable=False),
    Column("offer_fen", Int, nullable=False),
    Column("coupon_fen", Int, nullable=False),
    Column("hand_fen", Int, nullable=False),
    Column("points_fen", Int, nullable=False),
    Column("rounding_fen", Int, nullable=False),
    Column("due_fen", Int, nullable=False),
    Column("choice", Str, nullable=False),
    Column("takes", Str, nullable=False),
    Column("refunded_qty", Int, nullable=False),
    Column("dish_id", Id, nullable=False),
    Column("ordered_qty", Int, nullable=False),
    Column("held_qty", Int, nullable=False),
    Column("voided_qty", Int, nullable=False),
    Column("returned_qty", Int, nullable=False),
    Column("carbon_g", Int),
    PrimaryKeyConstraint("order_id", "line_no"),
    CheckConstraint("unit_fen >= 0 AND unit_fen <= list_fen", name="ordering_line_price"),
    CheckConstraint(
        "due_fen >= 0 AND unit_fen * qty - offer_fen - coupon_fen - hand_fen - points_fen - rounding_fen = due_fen",
        name="ordering_line_adds_up",
    ),
    CheckConstraint("refunded_qty >= 0 AND refunded_qty <= qty", name="ordering_line_refunded"),
    CheckConstraint(
        "ordered_qty > 0 AND qty >= 0 AND voided_qty >= 0 AND returned_qty >= 0 AND held_qty >= 0 AND held_qty <= qty"
        " AND qty = ordered_qty - voided_qty - returned_qty",
        name="ordering_line_pieces",
    ),
    narrow=True,
)
"""`dish_id` goes with the pieces to another bill.  `qty` pieces are charged; those that were neither held nor voided were fired.
`carbon_g`: grams of CO2e of one piece, as the menu said when it was ordered.
JSON: `words`, what was chosen (`menu.Words`), "" where the name says all;
`takes`, the portions that one piece takes by SKU, "" where it is one of the SKU itself."""

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
    Index("ordering_refund_at_idx", "at"),
)

return_ = create_table(
    "ordering_return",
    id_column(),
    Column("act_id", Id, nullable=False),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("dish_id", Id, nullable=False),
    Column("voided_qty", Int, nullable=False),
    Column("returned_qty", Int, nullable=False),
    Column("restock", Flag, nullable=False),
    Column("reason", Str, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("approved_by", Str),
    Column("business_date", Day, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("voided_qty >= 0 AND returned_qty >= 0", name="ordering_return_pieces"),
    Index("ordering_return_order_id_idx", "order_id"),
)
"""Pieces that were taken off a bill before it was paid; `returned_qty` were fired before, and are waste unless `restock`."""

discount = create_table(
    "ordering_discount",
    id_column(),
    Column("order_id", Id, ForeignKey("ordering_order.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("line_no", Int),
    Column("value", Int, nullable=False),
    Column("reason", Str, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("approved_by", Str),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("kind IN ('gift', 'amount', 'percent', 'minimum')", name="ordering_discount_kind"),
    CheckConstraint("value > 0 AND (kind <> 'gift' OR line_no IS NOT NULL)", name="ordering_discount_value"),
    Index("ordering_discount_order_id_idx", "order_id"),
)
"""What a person took off a bill: so many pieces free, fen, basis points, of a line or of all; or what its table must spend.

It holds until it is ended."""

refund_line = create_table(
    "ordering_refund_line",
    Column("refund_id", Id, ForeignKey("ordering_refund.id"), nullable=False),
    Column("line_no", Int, nullable=False),
    Column("qty", Int, nullable=False),
    Column("amount_fen", Int, nullable=False),
    PrimaryKeyConstraint("refund_id", "line_no"),
    CheckConstraint("qty > 0 AND amount_fen >= 0", name="ordering_refund_line_qty"),
)
