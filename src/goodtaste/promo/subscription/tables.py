"""Tables of subscriptions."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from goodtaste.kernel.db import Day, Doc, Flag, Id, Int, Moment, Str, create_table, id_column
from goodtaste.kernel.money import FEN_MAX

NOT_MADE = text("state <> 'succeeded'")

plan = create_table(
    "promo_plan",
    id_column(),
    Column("code", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("family", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("price_fen", Int, nullable=False),
    Column("trial_days", Int, nullable=False),
    Column("level", Str),
    Column("benefits", Doc, nullable=False),
    Column("retry_days", Doc, nullable=False),
    Column("grace_days", Int, nullable=False),
    Column("refund", Str, nullable=False),
    Column("open", Flag, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    UniqueConstraint("code", "version", name="promo_plan_version"),
    CheckConstraint(
        f"price_fen BETWEEN 1 AND {FEN_MAX} AND trial_days >= 0 AND grace_days >= 0", name="promo_plan_price"
    ),
    CheckConstraint("refund IN ('unused', 'none')", name="promo_plan_refund"),
)
"""A version of a plan; never changed but for `open`, so that what a subscriber signed stays what it was."""

subscription = create_table(
    "promo_subscription",
    id_column(),
    Column("member_id", Id, nullable=False),
    Column("family", Str, nullable=False),
    Column("plan_id", Id, ForeignKey("promo_plan.id"), nullable=False),
    Column("next_plan_id", Id, ForeignKey("promo_plan.id")),
    Column("state", Str, nullable=False),
    Column("agreement", Str, nullable=False),
    Column("sign_url", Str, nullable=False),
    Column("trial_days", Int, nullable=False),
    Column("anchor_on", Day),
    Column("anchor_n", Int, nullable=False),
    Column("n", Int, nullable=False),
    Column("starts_on", Day),
    Column("ends_on", Day),
    Column("failed_on", Day),
    Column("failures", Int, nullable=False),
    Column("retry_at", Moment),
    Column("cancel_at_end", Flag, nullable=False),
    Column("level_id", Id),
    Column("levels_over", Doc, nullable=False),
    Column("why", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("next_at", Moment),
    Column("version", Int, nullable=False),
    Column("holds", Str),
    UniqueConstraint("holds", name="promo_subscription_live"),
    CheckConstraint(
        "state IN ('pending', 'trial', 'active', 'past_due', 'cancelled', 'ended')", name="promo_subscription_state"
    ),
    CheckConstraint("(holds IS NULL) = (state IN ('cancelled', 'ended'))", name="promo_subscription_holds"),
    CheckConstraint("(ended_at IS NULL) = (state NOT IN ('cancelled', 'ended'))", name="promo_subscription_ended"),
    CheckConstraint(
        "state IN ('pending', 'cancelled', 'ended') OR (ends_on IS NOT NULL AND starts_on IS NOT NULL)",
        name="promo_subscription_period",
    ),
    CheckConstraint("agreement IN ('asked', 'signed', 'ended')", name="promo_subscription_agreement"),
    Index("promo_subscription_next_at_idx", "next_at"),
    Index("promo_subscription_member_idx", "member_id", "made_at"),
    Index("promo_subscription_made_at_idx", "made_at", "id"),
)
"""`holds`: member and family of a subscription that lives: one of each.  `n`: the period that runs, 0 before the first that is paid.
`next_at`: when somebody has to look at it.  `level_id`: the grant of the level that it gives; `levels_over`: those to be ended.
Its id is the number of its agreement at the gateway."""

agreed = create_table(
    "promo_subscription_consent",
    Column("subscription_id", Id, ForeignKey("promo_subscription.id"), nullable=False),
    Column("plan_id", Id, ForeignKey("promo_plan.id"), nullable=False),
    Column("price_fen", Int, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("subscription_id", "plan_id", "price_fen"),
)
"""What a subscriber agreed to pay each period, and when.  A charge refers to the row it rests on."""

renewal_notice = create_table(
    "promo_renewal_notice",
    id_column(),
    Column("subscription_id", Id, ForeignKey("promo_subscription.id"), nullable=False),
    Column("n", Int, nullable=False),
    Column("try_no", Int, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("reference", Str, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("look_at", Moment, nullable=False),
    Column("delivered_s", Int),
    UniqueConstraint("subscription_id", "n", "try_no", name="promo_renewal_notice_try"),
    UniqueConstraint("id", "subscription_id", "n", "amount_fen", "delivered_s", name="promo_renewal_notice_proof"),
    CheckConstraint("state IN ('begun', 'sent', 'delivered', 'failed')", name="promo_renewal_notice_state"),
    CheckConstraint("(delivered_s IS NULL) = (state <> 'delivered')", name="promo_renewal_notice_delivered"),
)
"""A message that says which period will be charged, and how much.  `delivered_s`: the carrier's receipt, in Unix seconds; `look_at`: when
the carrier is asked next, or the message sent again whose sending nobody knows of."""

charge = create_table(
    "promo_charge",
    id_column(),
    Column("subscription_id", Id, ForeignKey("promo_subscription.id"), nullable=False),
    Column("n", Int, nullable=False),
    Column("kind", Str, nullable=False),
    Column("plan_id", Id, nullable=False),
    Column("price_fen", Int, nullable=False),
    Column("credit_fen", Int, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("notice_id", Id),
    Column("noticed_fen", Int),
    Column("noticed_s", Int),
    Column("made_s", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("gateway_ref", Str),
    Column("detail", Str, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("look_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("holds", Str),
    UniqueConstraint("holds", name="promo_charge_once"),
    ForeignKeyConstraint(
        ["subscription_id", "plan_id", "price_fen"],
        [
            "promo_subscription_consent.subscription_id",
            "promo_subscription_consent.plan_id",
            "promo_subscription_consent.price_fen",
        ],
        name="promo_charge_agreed",
    ),
    ForeignKeyConstraint(
        ["notice_id", "subscription_id", "n", "noticed_fen", "noticed_s"],
        [
            "promo_renewal_notice.id",
            "promo_renewal_notice.subscription_id",
            "promo_renewal_notice.n",
            "promo_renewal_notice.amount_fen",
            "promo_renewal_notice.delivered_s",
        ],
        name="promo_charge_proof",
    ),
    CheckConstraint("kind IN ('first', 'renewal', 'upgrade')", name="promo_charge_kind"),
    CheckConstraint("kind <> 'first' OR n = 1", name="promo_charge_first"),
    CheckConstraint(
        "kind <> 'renewal' OR (notice_id IS NOT NULL AND noticed_s IS NOT NULL AND noticed_fen IS NOT NULL "
        "AND amount_fen <= noticed_fen AND made_s - noticed_s >= 432000)",
        name="promo_charge_noticed",
    ),
    CheckConstraint(
        "amount_fen = price_fen - credit_fen AND amount_fen > 0 AND credit_fen >= 0", name="promo_charge_amount"
    ),
    CheckConstraint("kind = 'upgrade' OR credit_fen = 0", name="promo_charge_credit"),
    CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="promo_charge_refunded"),
    CheckConstraint("state IN ('pending', 'unknown', 'succeeded', 'failed')", name="promo_charge_state"),
    CheckConstraint("(settled_at IS NULL) = (state IN ('pending', 'unknown'))", name="promo_charge_settled"),
    CheckConstraint("state NOT IN ('pending', 'unknown') OR holds IS NOT NULL", name="promo_charge_open_holds"),
    Index("promo_charge_subscription_idx", "subscription_id", "n"),
)
"""`holds`: subscription and period, while it is open or because it paid the period: one of each.  A renewal refers to the notice that
was delivered at least five days (432,000 s) before it was made, by a key in which the receipt stands: without it there is no charge."""

period = create_table(
    "promo_period",
    Column("subscription_id", Id, ForeignKey("promo_subscription.id"), nullable=False),
    Column("n", Int, nullable=False),
    Column("plan_id", Id, ForeignKey("promo_plan.id"), nullable=False),
    Column("starts_on", Day, nullable=False),
    Column("ends_on", Day, nullable=False),
    Column("value_fen", Int, nullable=False),
    Column("charge_id", Id, ForeignKey("promo_charge.id")),
    PrimaryKeyConstraint("subscription_id", "n"),
    UniqueConstraint("charge_id", name="promo_period_charge_key"),
    CheckConstraint("ends_on >= starts_on", name="promo_period_span"),
    CheckConstraint("value_fen >= 0", name="promo_period_value"),
    CheckConstraint("(charge_id IS NULL) = (n = 0)", name="promo_period_paid"),
)
"""A period that is paid, or the trial (0).  `value_fen`: the money that stands for it now, less what was given back or moved on.
`ends_on` is the first day that is not in it."""

grant = create_table(
    "promo_grant",
    id_column(),
    Column("subscription_id", Id, nullable=False),
    Column("n", Int, nullable=False),
    Column("name", Str, nullable=False),
    Column("template_id", Id, nullable=False),
    Column("state", Str, nullable=False),
    Column("tries", Int, nullable=False),
    Column("error", Str, nullable=False),
    Column("next_at", Moment),
    Column("granted_at", Moment),
    ForeignKeyConstraint(
        ["subscription_id", "n"], ["promo_period.subscription_id", "promo_period.n"], name="promo_grant_period"
    ),
    UniqueConstraint("subscription_id", "n", "name", name="promo_grant_once"),
    CheckConstraint("state IN ('due', 'given', 'void')", name="promo_grant_state"),
    CheckConstraint("(granted_at IS NULL) = (state <> 'given')", name="promo_grant_given"),
    Index("promo_grant_next_at_idx", "next_at"),
)
"""A coupon of a paid period; its id is the coupon's, so it is issued once however often it is asked for."""

charge_refund = create_table(
    "promo_charge_refund",
    id_column(),
    Column("charge_id", Id, ForeignKey("promo_charge.id"), nullable=False),
    Column("cause_id", Id, nullable=False),
    Column("way", Str, nullable=False),
    Column("makes_up_for", Id, ForeignKey("promo_charge_refund.id")),
    Column("owner_id", Id),
    Column("amount_fen", Int, nullable=False),
    Column("reason", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("gateway_ref", Str),
    Column("detail", Str, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("next_at", Moment),
    CheckConstraint("amount_fen > 0", name="promo_charge_refund_amount"),
    CheckConstraint("way IN ('same', 'transfer')", name="promo_charge_refund_way"),
    UniqueConstraint("makes_up_for", name="promo_charge_refund_made_up"),
    Index("promo_charge_refund_owed_idx", "started_at", "id", postgresql_where=NOT_MADE, sqlite_where=NOT_MADE),
    CheckConstraint("state IN ('pending', 'unknown', 'succeeded', 'failed')", name="promo_charge_refund_state"),
    CheckConstraint("(settled_at IS NULL) = (state IN ('pending', 'unknown'))", name="promo_charge_refund_settled"),
    Index("promo_charge_refund_charge_idx", "charge_id"),
    Index("promo_charge_refund_next_at_idx", "next_at"),
)
"""Money on its way back, the way it came or by a transfer made elsewhere.  One that the gateway refuses stays owed until another makes up
for it (`makes_up_for`): one at most.  `owner_id`: who looks after it."""
