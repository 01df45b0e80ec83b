"""Tables of the organisation."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Day, Doc, Flag, Id, Int, Moment, Str, create_table, id_column

SNAPSHOT = "org"

brand = create_table(
    "org_brand",
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("currency", Str, nullable=False),
    CheckConstraint("id = 1", name="org_brand_one"),
)

store = create_table(
    "org_store",
    id_column(),
    Column("code", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("city", Str, nullable=False),
    Column("address", Str, nullable=False),
    Column("address_en", Str, nullable=False),
    Column("phone", Str, nullable=False),
    Column("latitude_e6", Int),
    Column("longitude_e6", Int),
    Column("zone", Str, nullable=False),
    Column("day_start_minute", Int, nullable=False),
    Column("hours", Doc, nullable=False),
    Column("licence", Str, nullable=False),
    Column("fees", Doc, nullable=False),
    Column("tables_pay", Str, nullable=False),
    Column("open", Flag, nullable=False),
    UniqueConstraint("code", name="org_store_code_key"),
    CheckConstraint("day_start_minute BETWEEN 0 AND 719", name="org_store_day_start"),
    CheckConstraint("tables_pay IN ('pay_first', 'pay_after')", name="org_store_tables_pay"),
)

special_day = create_table(
    "org_special_day",
    Column("store_id", Id, ForeignKey("org_store.id"), nullable=False),
    Column("day", Day, nullable=False),
    Column("spans", Doc, nullable=False),
    Column("note", Str, nullable=False),
    PrimaryKeyConstraint("store_id", "day"),
    narrow=True,
)
"""Hours of one date instead of those of its weekday; no span: closed."""

area = create_table(
    "org_area",
    id_column(),
    Column("store_id", Id, ForeignKey("org_store.id"), nullable=False),
    Column("name", Str, nullable=False),
    UniqueConstraint("store_id", "name", name="org_area_name_key"),
)

dining_table = create_table(
    "org_table",
    id_column(),
    Column("store_id", Id, ForeignKey("org_store.id"), nullable=False),
    Column("area_id", Id, ForeignKey("org_area.id"), nullable=False),
    Column("label", Str, nullable=False),
    Column("seats", Int, nullable=False),
    Column("code", Str, nullable=False),
    Column("active", Flag, nullable=False),
    UniqueConstraint("store_id", "label", name="org_table_label_key"),
    UniqueConstraint("code", name="org_table_code_key"),
    CheckConstraint("seats BETWEEN 1 AND 60", name="org_table_seats"),
)

staff = create_table(
    "org_staff",
    id_column(),
    Column("login", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("password_hash", Str, nullable=False),
    Column("pin_hash", Str),
    Column("active", Flag, nullable=False),
    UniqueConstraint("login", name="org_staff_login_key"),
)

staff_role = create_table(
    "org_staff_role",
    Column("staff_id", Id, ForeignKey("org_staff.id"), nullable=False),
    Column("role", Str, nullable=False),
    Column("store_id", Id, nullable=False),
    PrimaryKeyConstraint("staff_id", "role", "store_id"),
    narrow=True,
)
"""`store_id` is `EVERY_STORE` for a role in the whole brand."""

EVERY_STORE = "00000000-0000-8000-8000-0000000000ff"

terminal = create_table(
    "org_terminal",
    id_column(),
    Column("store_id", Id, ForeignKey("org_store.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("session_id", Id, nullable=False),
    Column("paired_by", Str, nullable=False),
    Column("paired_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    CheckConstraint("kind IN ('pos', 'kiosk', 'kitchen', 'board', 'menu', 'waiter', 'node')", name="org_terminal_kind"),
)

pairing = create_table(
    "org_pairing",
    Column("code_hash", Str, primary_key=True),
    Column("store_id", Id, ForeignKey("org_store.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("made_by", Str, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("org_pairing_expires_at_idx", "expires_at"),
)

tried = create_table(
    "org_try",
    Column("subject", Str, primary_key=True),
    Column("tries", Int, nullable=False),
    Column("last_at", Moment, nullable=False),
    CheckConstraint("tries >= 1", name="org_try_counts"),
    Index("org_try_last_at_idx", "last_at"),
)
"""Tries at a secret: `subject` is a keyed hash of what was tried (a login, a person's PIN, pairing from an address)."""
