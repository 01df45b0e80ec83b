"""Tables of calls."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text

from goodtaste.kernel.db import Id, Int, Moment, Str, create_table, id_column

call = create_table(
    "floor_call",
    id_column(),
    Column("seating_id", Id, ForeignKey("floor_seating.id"), nullable=False),
    Column("nth", Int, nullable=False),
    Column("store_id", Id, nullable=False),
    Column("guest_id", Id, ForeignKey("floor_guest.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("note", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("called_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Str),
    Column("fingerprint", Str, nullable=False),
    CheckConstraint("kind IN ('water', 'staff', 'bill')", name="floor_call_kind"),
    CheckConstraint("state IN ('open', 'answered', 'cancelled')", name="floor_call_state"),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="floor_call_ended"),
    UniqueConstraint("seating_id", "nth", name="floor_call_nth"),
    Index(
        "floor_call_open_once",
        "seating_id",
        "kind",
        unique=True,
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
    Index("floor_call_store_idx", "store_id", "state", "called_at"),
    Index("floor_call_guest_idx", "guest_id"),
)
"""`seating_id` is where the guest sat as they called; where they sit now is known by the guest, who may have moved."""
