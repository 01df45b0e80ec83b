"""Tables of promotions."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint

from goodtaste.kernel.db import Doc, Flag, Id, Int, Moment, Str, create_table, id_column

template = create_table(
    "promo_template",
    id_column(),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("kind", Str, nullable=False),
    Column("value", Int, nullable=False),
    Column("threshold_fen", Int, nullable=False),
    Column("cap_fen", Int),
    Column("dish_ids", Doc, nullable=False),
    Column("store_ids", Doc, nullable=False),
    Column("channels", Doc, nullable=False),
    Column("valid_from_at", Moment),
    Column("valid_to_at", Moment),
    Column("valid_days", Int),
    Column("budget_count", Int),
    Column("budget_fen", Int),
    Column("limit_each", Int, nullable=False),
    Column("claimable", Flag, nullable=False),
    Column("open", Flag, nullable=False),
    Column("issued", Int, nullable=False),
    Column("issued_fen", Int, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    CheckConstraint("kind IN ('cash', 'percent', 'exchange')", name="promo_template_kind"),
    CheckConstraint("value > 0 AND threshold_fen >= 0 AND limit_each > 0", name="promo_template_value"),
    CheckConstraint("kind <> 'percent' OR value <= 10000", name="promo_template_percent"),
    CheckConstraint("issued >= 0 AND (budget_count IS NULL OR issued <= budget_count)", name="promo_budget_count"),
    CheckConstraint("issued_fen >= 0 AND (budget_fen IS NULL OR issued_fen <= budget_fen)", name="promo_budget_fen"),
)

coupon = create_table(
    "promo_coupon",
    id_column(),
    Column("code", Str, nullable=False),
    Column("template_id", Id, ForeignKey("promo_template.id"), nullable=False),
    Column("member_id", Id, nullable=False),
    Column("nth", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("valid_from_at", Moment, nullable=False),
    Column("valid_to_at", Moment, nullable=False),
    Column("order_id", Id),
    Column("saved_fen", Int, nullable=False),
    Column("issued_by", Str, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("code", name="promo_coupon_code_key"),
    UniqueConstraint("template_id", "member_id", "nth", name="promo_coupon_limit"),
    CheckConstraint("state IN ('issued', 'held', 'redeemed', 'expired', 'revoked')", name="promo_coupon_state"),
    CheckConstraint("(order_id IS NOT NULL) = (state IN ('held', 'redeemed'))", name="promo_coupon_order"),
    Index("promo_coupon_member_idx", "member_id", "state", "valid_to_at"),
)
