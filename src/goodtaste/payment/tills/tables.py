"""Tables of drawers, shifts, trading days and their reports."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text

from goodtaste.kernel.db import Day, Doc, Id, Int, Moment, Str, create_table, id_column
from goodtaste.kernel.money import FEN_MAX

SNAPSHOT = "payment.days"

shift = create_table(
    "payment_shift",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("drawer_id", Id, nullable=False),
    Column("cashier_id", Id, nullable=False),
    Column("state", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("float_fen", Int, nullable=False),
    Column("float_pieces", Doc, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("counted_at", Moment),
    Column("counted_fen", Int),
    Column("counted_pieces", Doc),
    Column("closed_at", Moment),
    Column("expected_fen", Int),
    Column("signed_by", Str),
    Column("witness", Str),
    Column("reason", Str, nullable=False),
    Column("z_number", Int),
    Column("fingerprint", Str, nullable=False),
    Column("open_drawer_id", Id),
    UniqueConstraint("open_drawer_id", name="payment_shift_drawer"),
    CheckConstraint("state IN ('open', 'counted', 'closed')", name="payment_shift_state"),
    CheckConstraint(
        "(state = 'closed') = (open_drawer_id IS NULL) AND (state = 'open') = (counted_at IS NULL)"
        " AND (state = 'closed') = (closed_at IS NOT NULL)",
        name="payment_shift_ends",
    ),
    CheckConstraint("counted_at >= opened_at AND closed_at >= counted_at", name="payment_shift_forward"),
    CheckConstraint("signed_by IS NULL OR signed_by <> witness", name="payment_shift_two_persons"),
    CheckConstraint(f"float_fen BETWEEN 0 AND {FEN_MAX}", name="payment_shift_float"),
    Index("payment_shift_store_idx", "store_id", "opened_at", "id"),
    Index("payment_shift_drawer_idx", "drawer_id", "opened_at"),
)
"""It answers for the cash of its drawer from `opened_at` until it is counted.  `open_drawer_id` is its drawer until it is closed."""

count = create_table(
    "payment_count",
    id_column(),
    Column("shift_id", Id, ForeignKey("payment_shift.id"), nullable=False),
    Column("pieces", Doc, nullable=False),
    Column("counted_fen", Int, nullable=False),
    Column("actor", Str, nullable=False),
    Column("approved_by", Str),
    Column("fingerprint", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Index("payment_count_shift_idx", "shift_id"),
)
"""Every count of a drawer, the first one and each that followed it."""

cash_move = create_table(
    "payment_cash_move",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("drawer_id", Id, nullable=False),
    Column("shift_id", Id, ForeignKey("payment_shift.id")),
    Column("kind", Str, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("reason", Str, nullable=False),
    Column("actor", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("kind IN ('in', 'out', 'opened')", name="payment_cash_move_kind"),
    CheckConstraint(
        f"(kind = 'opened') = (amount_fen = 0) AND amount_fen BETWEEN 0 AND {FEN_MAX}", name="payment_cash_move_amount"
    ),
    CheckConstraint("kind = 'opened' OR shift_id IS NOT NULL", name="payment_cash_move_shift"),
    Index("payment_cash_move_shift_idx", "shift_id"),
    Index("payment_cash_move_store_idx", "store_id", "business_date", "at", "id"),
)
"""Cash that came into a drawer or left it without a sale, and a drawer that was opened without one (`opened`)."""

z_report = create_table(
    "payment_z",
    Column("store_id", Id, nullable=False),
    Column("number", Int, nullable=False),
    Column("kind", Str, nullable=False),
    Column("shift_id", Id, ForeignKey("payment_shift.id")),
    Column("business_date", Day, nullable=False),
    Column("body", Str, nullable=False),
    Column("digest", Str, nullable=False),
    Column("made_by", Str, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("store_id", "number"),
    UniqueConstraint("shift_id", name="payment_z_shift_once"),
    CheckConstraint("kind IN ('shift', 'day') AND (kind = 'shift') = (shift_id IS NOT NULL)", name="payment_z_kind"),
    CheckConstraint("number >= 1", name="payment_z_number"),
    Index(
        "payment_z_day_once",
        "store_id",
        "business_date",
        unique=True,
        postgresql_where=text("kind = 'day'"),
        sqlite_where=text("kind = 'day'"),
    ),
)
"""Reports as they were made, numbered in each store without a gap; never written again."""

day = create_table(
    "payment_day",
    Column("store_id", Id, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("z_number", Int, nullable=False),
    Column("loose_fen", Int, nullable=False),
    Column("reason", Str, nullable=False),
    Column("closed_by", Str, nullable=False),
    Column("closed_at", Moment, nullable=False),
    PrimaryKeyConstraint("store_id", "business_date"),
    narrow=True,
)
"""Trading days that are over.  `loose_fen`: cash that came while no shift was open on its drawer."""
