"""Tables of seatings."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, text

from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Str, create_table, id_column

store_rules = create_table(
    "floor_store",
    Column("store_id", Id, primary_key=True),
    Column("diners_open", Flag, nullable=False),
    Column("close_when_paid", Flag, nullable=False),
)

seating = create_table(
    "floor_seating",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("state", Str, nullable=False),
    Column("party", Int, nullable=False),
    Column("waiter_id", Id),
    Column("member_id", Id),
    Column("opened_by", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("merged_into", Id),
    Column("version", Int, nullable=False),
    CheckConstraint("state IN ('open', 'billed', 'closed')", name="floor_seating_state"),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="floor_seating_closed"),
    CheckConstraint("party BETWEEN 1 AND 999", name="floor_seating_party"),
    Index("floor_seating_store_idx", "store_id", "state"),
)
"""`member_id`: in whose name its bills are, the first member who joined; `merged_into`: the seating that took over everything."""

seated = create_table(
    "floor_seated",
    Column("table_id", Id, nullable=False),
    Column("slot", Int, nullable=False),
    Column("seating_id", Id, ForeignKey("floor_seating.id"), nullable=False),
    PrimaryKeyConstraint("table_id", "slot"),
    CheckConstraint("slot IN (1, 2)", name="floor_seated_slot"),
    Index("floor_seated_seating_idx", "seating_id"),
    narrow=True,
)
"""Who sits at a table now: one party, or two where it is shared (拼台).  A row is there for as long as they sit."""

guest = create_table(
    "floor_guest",
    id_column(),
    Column("seating_id", Id, ForeignKey("floor_seating.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("colour", Int, nullable=False),
    Column("member_id", Id),
    Column("epoch", Int, nullable=False),
    Column("joined_at", Moment, nullable=False),
    Index("floor_guest_seating_idx", "seating_id", "joined_at"),
)
"""A phone at a table.  `epoch` counts how often its token was taken away."""

cart_line = create_table(
    "floor_cart_line",
    id_column(),
    Column("seating_id", Id, ForeignKey("floor_seating.id"), nullable=False),
    Column("guest_id", Id, ForeignKey("floor_guest.id"), nullable=False),
    Column("choice", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("state", Str, nullable=False),
    Column("round_id", Id),
    CheckConstraint("state IN ('open', 'sent', 'gone')", name="floor_cart_line_state"),
    CheckConstraint("(state = 'sent') = (round_id IS NOT NULL)", name="floor_cart_line_sent"),
    Index("floor_cart_line_seating_idx", "seating_id", "state"),
    Index(
        "floor_cart_line_round_idx",
        "round_id",
        postgresql_where=text("round_id IS NOT NULL"),
        sqlite_where=text("round_id IS NOT NULL"),
    ),
)
"""A line of a shared cart, as a phone made it; one that was taken out stays as `gone`, so that what comes late does not bring it back."""

seating_order = create_table(
    "floor_seating_order",
    Column("order_id", Id, primary_key=True),
    Column("seating_id", Id, ForeignKey("floor_seating.id"), nullable=False),
    Column("round_id", Id),
    Index("floor_seating_order_idx", "seating_id"),
    narrow=True,
)
"""The bills of a seating; a bill is of one.  `round_id`: the lines of the shared cart that opened it, where it came from there."""
