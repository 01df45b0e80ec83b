"""Tables of the points shop."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint

from goodtaste.kernel.db import Flag, Id, Int, Moment, Str, create_table, id_column

item = create_table(
    "promo_shop_item",
    id_column(),
    Column("kind", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("template_id", Id, ForeignKey("promo_template.id")),
    Column("points", Int, nullable=False),
    Column("left", Int),
    Column("limit_each", Int, nullable=False),
    Column("level", Str, nullable=False),
    Column("from_at", Moment),
    Column("to_at", Moment),
    Column("open", Flag, nullable=False),
    Column("exchanged", Int, nullable=False),
    Column("version", Int, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("fingerprint", Str, nullable=False),
    CheckConstraint("kind IN ('coupon', 'goods') AND points > 0 AND limit_each > 0", name="promo_shop_item_kind"),
    CheckConstraint("(template_id IS NOT NULL) = (kind = 'coupon')", name="promo_shop_item_template"),
    CheckConstraint('"left" >= 0', name="promo_shop_left"),
    CheckConstraint("exchanged >= 0", name="promo_shop_exchanged"),
)
"""`left`: how many are left, null where there is no end of them."""

exchange = create_table(
    "promo_exchange",
    id_column(),
    Column("item_id", Id, ForeignKey("promo_shop_item.id"), nullable=False),
    Column("member_id", Id, nullable=False),
    Column("nth", Int),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("points", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("code", Str, nullable=False),
    Column("coupon_id", Id),
    Column("at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("hand_over_id", Id),
    Column("store_id", Id),
    Column("handed_by", Str),
    UniqueConstraint("item_id", "member_id", "nth", name="promo_exchange_limit"),
    UniqueConstraint("code", name="promo_exchange_code_key"),
    CheckConstraint("state IN ('waiting', 'handed_over', 'cancelled')", name="promo_exchange_state"),
    CheckConstraint("(nth IS NULL) = (state = 'cancelled')", name="promo_exchange_nth"),
    CheckConstraint("coupon_id IS NULL OR state = 'handed_over'", name="promo_exchange_coupon"),
    Index("promo_exchange_member_idx", "member_id", "at"),
)
"""`nth` counts what a member has of an item, from 1; one that is cancelled gives its number back."""
