"""Tables of promotions."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text

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
    Column("valid_hours", Int),
    Column("starts", Str, nullable=False),
    Column("zone", Str, nullable=False),
    Column("day_start_minute", Int, nullable=False),
    Column("conditions", Doc, nullable=False),
    Column("sku_id", Id),
    Column("groups", Doc, nullable=False),
    Column("stacks_with", Doc),
    Column("share_group", Str, nullable=False),
    Column("share_max", Int, nullable=False),
    Column("limit_day", Int),
    Column("store_budgets", Doc, nullable=False),
    Column("by_store", Flag, nullable=False),
    Column("gives_max", Int, nullable=False),
    Column("give_hours", Int, nullable=False),
    Column("cost_centre", Str, nullable=False),
    Column("partner", Str, nullable=False),
    Column("comes_back", Flag, nullable=False),
    Column("grace_days", Int, nullable=False),
    Column("refund_policy", Str),
    Column("on_event", Str),
    Column("version", Int, nullable=False),
    CheckConstraint("kind IN ('cash', 'percent', 'exchange', 'gift', 'free_delivery')", name="promo_template_kind"),
    CheckConstraint("value > 0 AND threshold_fen >= 0 AND limit_each > 0", name="promo_template_value"),
    CheckConstraint("kind <> 'percent' OR value <= 10000", name="promo_template_percent"),
    CheckConstraint("issued >= 0 AND (budget_count IS NULL OR issued <= budget_count)", name="promo_budget_count"),
    CheckConstraint("issued_fen >= 0 AND (budget_fen IS NULL OR issued_fen <= budget_fen)", name="promo_budget_fen"),
    CheckConstraint("cost_centre IN ('brand', 'store', 'partner')", name="promo_template_cost_centre"),
    CheckConstraint("starts IN ('issue', 'next_day')", name="promo_template_starts"),
    Index("promo_template_made_idx", "made_at", "id"),
    Index(
        "promo_template_event_idx",
        "on_event",
        postgresql_where=text("on_event IS NOT NULL"),
        sqlite_where=text("on_event IS NOT NULL"),
    ),
)
"""`issued` and `issued_fen` count the coupons made of it and the codes printed for it, `issued_fen` what they can cost at most."""

store_budget = create_table(
    "promo_store_budget",
    Column("template_id", Id, ForeignKey("promo_template.id"), nullable=False),
    Column("store_id", Id, nullable=False),
    Column("budget_count", Int),
    Column("budget_fen", Int),
    Column("used", Int, nullable=False),
    Column("used_fen", Int, nullable=False),
    PrimaryKeyConstraint("template_id", "store_id"),
    CheckConstraint("used >= 0 AND (budget_count IS NULL OR used <= budget_count)", name="promo_store_budget_count"),
    CheckConstraint("used_fen >= 0 AND (budget_fen IS NULL OR used_fen <= budget_fen)", name="promo_store_budget_fen"),
    narrow=True,
)
"""How many coupons of a template orders of a store may use, and for how much; `used` counts those that are held or redeemed there."""

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
    Column("cost_fen", Int, nullable=False),
    Column("from_id", Id),
    Column("gives", Int, nullable=False),
    Column("campaign_id", Id),
    UniqueConstraint("code", name="promo_coupon_code_key"),
    UniqueConstraint("template_id", "member_id", "nth", name="promo_coupon_limit"),
    CheckConstraint(
        "state IN ('issued', 'offered', 'given', 'held', 'redeemed', 'expired', 'revoked')", name="promo_coupon_state"
    ),
    CheckConstraint("(order_id IS NOT NULL) = (state IN ('held', 'redeemed'))", name="promo_coupon_order"),
    Index("promo_coupon_member_idx", "member_id", "state", "valid_to_at"),
    Index(
        "promo_coupon_expiry_idx",
        "valid_to_at",
        postgresql_where=text("state = 'issued'"),
        sqlite_where=text("state = 'issued'"),
    ),
    Index(
        "promo_coupon_campaign_key",
        "campaign_id",
        "member_id",
        unique=True,
        postgresql_where=text("campaign_id IS NOT NULL"),
        sqlite_where=text("campaign_id IS NOT NULL"),
    ),
)
"""`from_id` is the coupon that another member gave on as this one, `gives` how often it was given on before it was this one."""

coupon_note = create_table(
    "promo_coupon_note",
    id_column(),
    Column("coupon_id", Id, ForeignKey("promo_coupon.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", Str, nullable=False),
    Column("by", Str, nullable=False),
    Column("facts", Doc, nullable=False),
    Index("promo_coupon_note_coupon_idx", "coupon_id", "id"),
)
"""What happened to a coupon besides its issue and its present state: it came back from an order, was extended, offered, given, revoked."""

gift = create_table(
    "promo_gift",
    id_column(),
    Column("coupon_id", Id, ForeignKey("promo_coupon.id"), nullable=False),
    Column("code", Str, nullable=False),
    Column("from_member", Id, nullable=False),
    Column("to_coupon_id", Id),
    Column("state", Str, nullable=False),
    Column("offered_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("code", name="promo_gift_code_key"),
    CheckConstraint("state IN ('offered', 'accepted', 'returned')", name="promo_gift_state"),
    CheckConstraint("(to_coupon_id IS NOT NULL) = (state = 'accepted')", name="promo_gift_taken"),
    Index(
        "promo_gift_coupon_key",
        "coupon_id",
        unique=True,
        postgresql_where=text("state = 'offered'"),
        sqlite_where=text("state = 'offered'"),
    ),
    Index("promo_gift_until_idx", "state", "until_at"),
    Index("promo_gift_member_idx", "from_member", "offered_at"),
)

sale = create_table(
    "promo_sale",
    Column("order_id", Id, nullable=False),
    Column("template_id", Id, ForeignKey("promo_template.id"), nullable=False),
    Column("paid_fen", Int, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    PrimaryKeyConstraint("order_id", "template_id"),
    Index("promo_sale_template_idx", "template_id"),
    CheckConstraint("paid_fen >= 0 AND refunded_fen BETWEEN 0 AND paid_fen", name="promo_sale_fen"),
    narrow=True,
)
"""What was paid and refunded of the orders that coupons of a template were redeemed with."""
