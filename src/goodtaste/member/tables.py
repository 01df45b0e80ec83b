"""Tables of members."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text

from goodtaste.kernel.db import Day, Doc, Flag, Id, Int, Moment, Str, create_table, id_column

member = create_table(
    "member_member",
    id_column(),
    Column("handle", Str, nullable=False),
    Column("status", Str, nullable=False),
    Column("nickname", Str, nullable=False),
    Column("avatar", Str, nullable=False),
    Column("gender", Str, nullable=False),
    Column("birth_month", Int),
    Column("birth_day", Int),
    Column("birth_year", Int),
    Column("city", Str, nullable=False),
    Column("language", Str, nullable=False),
    Column("source", Doc, nullable=False),
    Column("level", Str, nullable=False),
    Column("phone_sealed", Str),
    Column("phone_index", Str),
    Column("phone_masked", Str, nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("version", Int, nullable=False),
    UniqueConstraint("handle", name="member_handle_key"),
    UniqueConstraint("phone_index", name="member_phone_key"),
    CheckConstraint("status IN ('active', 'frozen', 'erased')", name="member_status"),
    Index("member_joined_at_idx", "joined_at", "id"),
    Index("member_birthday_idx", "birth_month", "birth_day", "id"),
    CheckConstraint("length(nickname) <= 64", name="member_nickname_length"),
    CheckConstraint(
        "birth_month IS NULL OR (birth_month BETWEEN 1 AND 12 AND birth_day BETWEEN 1 AND 31)", name="member_birthday"
    ),
)

favourite = create_table(
    "member_favourite",
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("dish_id", Id, nullable=False),
    Column("nth", Int, nullable=False),
    Column("marked_at", Moment, nullable=False),
    PrimaryKeyConstraint("member_id", "dish_id"),
    UniqueConstraint("member_id", "nth", name="member_favourite_nth"),
    CheckConstraint("nth BETWEEN 1 AND 50", name="member_favourite_full"),
    narrow=True,
)
"""Dishes that members have marked; `nth` is a place among so many that there are for each."""

secret = create_table(
    "member_secret",
    Column("member_id", Id, ForeignKey("member_member.id"), primary_key=True),
    Column("wrapped_key", Str, nullable=False),
)

identity = create_table(
    "member_identity",
    Column("provider", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("bound_at", Moment, nullable=False),
    PrimaryKeyConstraint("provider", "subject"),
    Index("member_identity_member_id_idx", "member_id"),
    narrow=True,
)

otp = create_table(
    "member_otp",
    id_column(),
    Column("phone_index", Str, nullable=False),
    Column("nth", Int, nullable=False),
    Column("purpose", Str, nullable=False),
    Column("code_hash", Str, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("tries", Int, nullable=False),
    Column("used", Flag, nullable=False),
    CheckConstraint("tries <= 5", name="member_otp_tries"),
    UniqueConstraint("phone_index", "nth", name="member_otp_nth_key"),
    Index("member_otp_sent_at_idx", "sent_at"),
)
"""`nth` counts the codes of a phone, so that two sent at once are seen: a second one breaks its key."""

quota = create_table(
    "member_quota",
    Column("name", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("slot", Int, nullable=False),
    Column("n", Int, nullable=False),
    PrimaryKeyConstraint("name", "subject", "slot"),
    CheckConstraint("name <> 'sms' OR n <= 60", name="member_quota_sms"),
    CheckConstraint("name <> 'numeric' OR n <= 30", name="member_quota_numeric"),
    CheckConstraint("name <> 'coupon_code' OR n <= 200", name="member_quota_coupon_code"),
    Index("member_quota_slot_idx", "slot"),
    narrow=True,
)
"""How often something happened in an hour (`slot`, counted from the epoch): codes sent for an address, numeric codes tried for a handle,
codes of coupons that do not exist tried from an address."""

consent = create_table(
    "member_consent",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("purpose", Str, nullable=False),
    Column("granted", Flag, nullable=False),
    Column("text_version", Str, nullable=False),
    Column("channel", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Index("member_consent_member_idx", "member_id", "purpose", "at"),
)

code_use = create_table(
    "member_code_use",
    Column("handle", Str, nullable=False),
    Column("nonce", Str, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("handle", "nonce", "expires_at"),
    Index("member_code_use_expires_at_idx", "expires_at"),
    narrow=True,
)

visit = create_table(
    "member_visit",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("store_id", Id, nullable=False),
    Column("staff_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("member_visit_expires_at_idx", "expires_at"),
)

level_change = create_table(
    "member_level_change",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("from_level", Str, nullable=False),
    Column("to_level", Str, nullable=False),
    Column("growth", Int, nullable=False),
    Column("cause", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("member_id", "version", name="member_level_change_nth_key"),
    Index("member_level_change_member_idx", "member_id", "at"),
)
"""`version` is the member's, as the change left it: the order in which changes happened, whatever the instants they are told for."""

level_grant = create_table(
    "member_level_grant",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("source", Str, nullable=False),
    Column("level", Str, nullable=False),
    Column("from_at", Moment, nullable=False),
    Column("until_at", Moment),
    Column("review_on", Day),
    Column("warned_on", Day),
    Column("next_on", Day),
    Column("ended_at", Moment),
    Column("given_by", Str, nullable=False),
    CheckConstraint("source IN ('earned', 'paid', 'staff')", name="member_level_grant_source"),
    CheckConstraint("until_at IS NULL OR until_at > from_at", name="member_level_grant_span"),
    CheckConstraint(
        "(source = 'earned') = (review_on IS NOT NULL AND next_on IS NOT NULL)", name="member_level_grant_review"
    ),
    Index(
        "member_level_grant_member_idx",
        "member_id",
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "member_level_grant_next_idx",
        "next_on",
        "id",
        postgresql_where=text("ended_at IS NULL AND source = 'earned'"),
        sqlite_where=text("ended_at IS NULL AND source = 'earned'"),
    ),
    Index(
        "member_level_grant_until_idx",
        "until_at",
        "id",
        postgresql_where=text("ended_at IS NULL AND until_at IS NOT NULL"),
        sqlite_where=text("ended_at IS NULL AND until_at IS NOT NULL"),
    ),
    narrow=True,
)
"""What lifts a member above the lowest level: earned by growth (one row a member, written over), paid for, or given by the staff.

`review_on` is the first day after an earned level's period, `next_on` the first night that looks at it, `warned_on` the day on which
the member was told that it will be lost."""

present = create_table(
    "member_present",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("what", Str, nullable=False),
    Column("template_id", Id, nullable=False),
    Column("given_on", Day, nullable=False),
    CheckConstraint("kind IN ('level', 'birthday')", name="member_present_kind"),
    UniqueConstraint("member_id", "kind", "what", name="member_present_once"),
    narrow=True,
)
"""What a member was given once: for a level (`what` is its code) or for a birthday (`what` is the year)."""

purchase = create_table(
    "member_purchase",
    Column("order_id", Id, primary_key=True),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("paid_fen", Int, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    Column("completed", Flag, nullable=False),
    Column("growth", Int, nullable=False),
    CheckConstraint("paid_fen >= 0 AND refunded_fen >= 0 AND growth >= 0", name="member_purchase_amounts"),
    narrow=True,
)
"""What an order of a member has brought so far: the growth that stands for it follows from what was paid and not refunded."""

program = create_table(
    "member_program",
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("doc", Doc, nullable=False),
    CheckConstraint("id = 1", name="member_program_one"),
)

level_plan = create_table(
    "member_level_plan",
    Column("version", Int, primary_key=True, autoincrement=False),
    Column("doc", Doc, nullable=False),
    Column("saved_by", Str, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("reason", Str, nullable=False),
)
"""Every version of the level plan; the newest is also in the program."""

level_step = create_table(
    "member_level_step",
    Column("code", Str, primary_key=True),
    Column("growth_min", Int, nullable=False),
    narrow=True,
)
"""The ladder of the program once more, for SQL that compares levels; none where the program was never set."""

adjustment = create_table(
    "member_adjustment",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("points", Int, nullable=False),
    Column("reason", Str, nullable=False),
    Column("store_id", Id),
    Column("state", Str, nullable=False),
    Column("asked_by", Str, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("nth", Int, nullable=False),
    Column("alone_points", Int, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_by", Str),
    Column("decided_at", Moment),
    Column("answer", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    UniqueConstraint("asked_by", "business_date", "nth", name="member_adjustment_nth_key"),
    CheckConstraint(
        "state IN ('alone', 'requested', 'approved', 'refused', 'expired') AND points <> 0",
        name="member_adjustment_state",
    ),
    CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="member_adjustment_two_persons"),
    CheckConstraint(
        "(decided_by IS NOT NULL) = (state IN ('approved', 'refused'))", name="member_adjustment_decided_by"
    ),
    Index("member_adjustment_state_idx", "state", "asked_at"),
)
"""Corrections by hand.  `nth` counts those of a person on a trading day and `alone_points` sums what they did alone on it up to this one:
of two at once the second breaks the key, and looks again."""

gift = create_table(
    "member_gift",
    id_column(),
    Column("from_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("to_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("points", Int, nullable=False),
    Column("note", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("nth", Int, nullable=False),
    Column("day_points", Int, nullable=False),
    Column("at", Moment, nullable=False),
    Column("fingerprint", Str, nullable=False),
    UniqueConstraint("from_id", "business_date", "nth", name="member_gift_nth_key"),
    CheckConstraint("points > 0 AND from_id <> to_id", name="member_gift_points"),
)
"""Points given on; `nth` and `day_points` are for the giver's trading day what they are for a person in `member_adjustment`."""

sandbox_code = create_table(
    "member_sandbox_code",
    Column("code", Str, primary_key=True),
    Column("openid", Str, nullable=False),
    Column("unionid", Str),
    Column("fault", Str, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("member_sandbox_code_openid_idx", "openid", "used_at"),
)

sandbox_sms = create_table(
    "member_sandbox_sms",
    Column("nonce", Str, primary_key=True),
    Column("phone", Str, nullable=False),
    Column("sign_name", Str, nullable=False),
    Column("template", Str, nullable=False),
    Column("params", Str, nullable=False),
    Column("out_id", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Index("member_sandbox_sms_phone_idx", "phone", "at"),
)
"""The sandboxes' own state, in the database so that every process of a demo has the same: login codes, and messages with their text."""
