"""Tables of offers: what stands now, every version of it, what orders use of it, and the switch for all of them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Doc, Flag, Id, Int, Moment, Str, create_table, id_column

SNAPSHOT = "promo.offers"  # the version counter that moves with every offer that begins, changes or stops

offer = create_table(
    "promo_offer",
    id_column(),
    Column("name", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("live_version", Int),
    Column("halted", Flag, nullable=False),
    Column("ends_at", Moment),
    Column("budget_count", Int),
    Column("budget_fen", Int),
    Column("used", Int, nullable=False),
    Column("used_fen", Int, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    CheckConstraint("state IN ('draft', 'published', 'stopped')", name="promo_offer_state"),
    CheckConstraint("(state = 'draft') = (live_version IS NULL)", name="promo_offer_draft"),
    CheckConstraint("live_version IS NULL OR live_version <= version", name="promo_offer_version"),
    CheckConstraint("used >= 0 AND (budget_count IS NULL OR used <= budget_count)", name="promo_offer_budget_count"),
    CheckConstraint("used_fen >= 0 AND (budget_fen IS NULL OR used_fen <= budget_fen)", name="promo_offer_budget_fen"),
    Index("promo_offer_made_idx", "made_at", "id"),
    Index("promo_offer_state_idx", "state", "made_at", "id"),
)

version = create_table(
    "promo_offer_version",
    Column("offer_id", Id, ForeignKey("promo_offer.id"), nullable=False),
    Column("version", Int, nullable=False),
    Column("terms", Doc, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("saved_by", Str, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("published_by", Str),
    Column("published_at", Moment),
    PrimaryKeyConstraint("offer_id", "version"),
)

use = create_table(
    "promo_offer_use",
    Column("order_id", Id, nullable=False),
    Column("offer_id", Id, ForeignKey("promo_offer.id"), nullable=False),
    Column("version", Int, nullable=False),
    Column("member_id", Id),
    Column("nth", Int),
    Column("saved_fen", Int, nullable=False),
    Column("used_at", Moment, nullable=False),
    PrimaryKeyConstraint("order_id", "offer_id"),
    UniqueConstraint("offer_id", "member_id", "nth", name="promo_offer_use_limit"),
    CheckConstraint("saved_fen >= 0", name="promo_offer_use_saved"),
    CheckConstraint("nth IS NULL OR (nth > 0 AND member_id IS NOT NULL)", name="promo_offer_use_nth"),
    narrow=True,
)

switch = create_table(
    "promo_offer_switch",
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("halted", Flag, nullable=False),
    Column("reason", Str, nullable=False),
    Column("turned_by", Str, nullable=False),
    Column("turned_at", Moment, nullable=False),
    CheckConstraint("id = 1", name="promo_offer_switch_one"),
)
