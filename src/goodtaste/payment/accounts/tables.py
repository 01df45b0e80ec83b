"""Tables of accounts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text

from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Str, create_table, id_column
from goodtaste.kernel.money import FEN_MAX

IN_DRAWER = text("drawer_id IS NOT NULL")

account = create_table(
    "payment_account",
    id_column(),
    Column("name", Str, nullable=False),
    Column("contact", Str, nullable=False),
    Column("limit_fen", Int, nullable=False),
    Column("owed_fen", Int, nullable=False),
    Column("active", Flag, nullable=False),
    Column("approved_by", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("opened_at", Moment, nullable=False),
    UniqueConstraint("name", name="payment_account_name_key"),
    CheckConstraint(f"limit_fen BETWEEN 0 AND {FEN_MAX} AND owed_fen <= limit_fen", name="payment_account_limit"),
    Index("payment_account_opened_idx", "opened_at", "id"),
)
"""`owed_fen` below 0: what was paid for was given back after it was settled, and the next bills use it up."""

entry = create_table(
    "payment_account_entry",
    id_column(),
    Column("account_id", Id, ForeignKey("payment_account.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("payment_id", Id),
    Column("store_id", Id),
    Column("method", Str),
    Column("reference", Str, nullable=False),
    Column("drawer_id", Id),
    Column("actor", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("kind IN ('charge', 'back', 'settlement')", name="payment_account_entry_kind"),
    CheckConstraint("(kind = 'charge') = (amount_fen > 0) AND amount_fen <> 0", name="payment_account_entry_sign"),
    CheckConstraint("(kind = 'settlement') = (method IS NOT NULL)", name="payment_account_entry_method"),
    Index("payment_account_entry_account_idx", "account_id", "at", "id"),
    Index("payment_account_entry_drawer_idx", "drawer_id", "at", postgresql_where=IN_DRAWER, sqlite_where=IN_DRAWER),
)
"""What made an account owe more (above 0) or less: bills charged to it, what was given back of them, settlements."""
