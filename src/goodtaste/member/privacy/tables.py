"""Tables of privacy."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text

from goodtaste.kernel.db import Id, Moment, Str, create_table, id_column

erasure = create_table(
    "member_erasure",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("state", Str, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("state IN ('waiting', 'cancelled', 'done')", name="member_erasure_state"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="member_erasure_ended"),
    Index(
        "member_erasure_waits_once",
        "member_id",
        unique=True,
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
)
