"""Tables of members."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Doc, Flag, Id, Int, Moment, Str, create_table, id_column

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
    CheckConstraint("length(nickname) <= 64", name="member_nickname_length"),
    CheckConstraint(
        "birth_month IS NULL OR (birth_month BETWEEN 1 AND 12 AND birth_day BETWEEN 1 AND 31)", name="member_birthday"
    ),
)

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
    Column("address", Str, nullable=False),
    Column("purpose", Str, nullable=False),
    Column("code_hash", Str, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("tries", Int, nullable=False),
    Column("used", Flag, nullable=False),
    CheckConstraint("tries <= 5", name="member_otp_tries"),
    Index("member_otp_phone_idx", "phone_index", "sent_at"),
    Index("member_otp_address_idx", "address", "sent_at"),
)

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
    PrimaryKeyConstraint("handle", "nonce"),
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
)

level_change = create_table(
    "member_level_change",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("from_level", Str, nullable=False),
    Column("to_level", Str, nullable=False),
    Column("growth", Int, nullable=False),
    Column("at", Moment, nullable=False),
    Index("member_level_change_member_idx", "member_id", "at"),
)

program = create_table(
    "member_program",
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("doc", Doc, nullable=False),
    CheckConstraint("id = 1", name="member_program_one"),
)
