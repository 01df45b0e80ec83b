"""Tables of codes in bulk and of campaigns."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Id, Int, Moment, Str, create_table, id_column

batch = create_table(
    "promo_batch",
    id_column(),
    Column("template_id", Id, ForeignKey("promo_template.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("count", Int, nullable=False),
    Column("made", Int, nullable=False),
    Column("used", Int, nullable=False),
    Column("cost_fen", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("expires_at", Moment),
    Column("made_by", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("fingerprint", Str, nullable=False),
    CheckConstraint("state IN ('making', 'ready', 'void')", name="promo_batch_state"),
    CheckConstraint("count > 0 AND made BETWEEN 0 AND count AND used BETWEEN 0 AND made", name="promo_batch_count"),
    Index("promo_batch_made_idx", "made_at", "id"),
)
"""`cost_fen` is what the coupon of one code can cost at most; the template's budgets are taken for all when the batch is ordered."""

code = create_table(
    "promo_code",
    Column("code", Str, primary_key=True),
    Column("batch_id", Id, ForeignKey("promo_batch.id"), nullable=False),
    Column("n", Int, nullable=False),
    Column("coupon_id", Id),
    UniqueConstraint("batch_id", "n", name="promo_code_nth"),
    narrow=True,
)

campaign = create_table(
    "promo_campaign",
    id_column(),
    Column("template_id", Id, ForeignKey("promo_template.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("audience", Str, nullable=False),
    Column("level", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("why", Str, nullable=False),
    Column("after", Id, nullable=False),
    Column("issued", Int, nullable=False),
    Column("limited", Int, nullable=False),
    Column("frozen", Int, nullable=False),
    Column("unknown", Int, nullable=False),
    Column("version", Int, nullable=False),
    Column("made_by", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("fingerprint", Str, nullable=False),
    CheckConstraint("state IN ('draft', 'running', 'paused', 'stopped', 'done')", name="promo_campaign_state"),
    CheckConstraint("audience IN ('all', 'level', 'list')", name="promo_campaign_audience"),
    Index("promo_campaign_made_idx", "made_at", "id"),
)
"""`after` is the last member who was looked at; `limited`, `frozen` and `unknown` count those who were given nothing, and why."""

campaign_member = create_table(
    "promo_campaign_member",
    Column("campaign_id", Id, ForeignKey("promo_campaign.id"), nullable=False),
    Column("member_id", Id, nullable=False),
    PrimaryKeyConstraint("campaign_id", "member_id"),
    narrow=True,
)
"""The members of a campaign whose audience is a list."""
