"""Tables of bills and differences."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Day, Id, Int, Moment, Str, create_table, id_column

bill = create_table(
    "payment_bill",
    Column("method", Str, nullable=False),
    Column("day", Day, nullable=False),
    Column("digest", Str, nullable=False),
    Column("source", Str, nullable=False),
    Column("lines", Int, nullable=False),
    Column("paid_fen", Int, nullable=False),
    Column("refunded_fen", Int, nullable=False),
    Column("fee_fen", Int, nullable=False),
    Column("read_by", Str, nullable=False),
    Column("read_at", Moment, nullable=False),
    PrimaryKeyConstraint("method", "day"),
    CheckConstraint("source IN ('gateway', 'file')", name="payment_bill_source"),
)
"""Bills as they were read last; `digest` is the SHA-256 of their lines."""

bill_line = create_table(
    "payment_bill_line",
    Column("method", Str, nullable=False),
    Column("day", Day, nullable=False),
    Column("seq", Int, nullable=False),
    Column("kind", Str, nullable=False),
    Column("number", Str, nullable=False),
    Column("payment_number", Str, nullable=False),
    Column("gateway_ref", Str, nullable=False),
    Column("amount_fen", Int, nullable=False),
    Column("fee_fen", Int, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("method", "day", "seq"),
    CheckConstraint("kind IN ('paid', 'refunded')", name="payment_bill_line_kind"),
    Index("payment_bill_line_number_idx", "number"),
)
"""`number`: ours of the payment or the refund; of a refund that has none of ours, the gateway's."""

difference = create_table(
    "payment_difference",
    id_column(),
    Column("method", Str, nullable=False),
    Column("direction", Str, nullable=False),
    Column("number", Str, nullable=False),
    Column("kind", Str, nullable=False),
    Column("day", Day, nullable=False),
    Column("store_id", Id),
    Column("order_id", Id),
    Column("ours_fen", Int),
    Column("theirs_fen", Int),
    Column("ours_state", Str, nullable=False),
    Column("detail", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("owner", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("ended_by", Str),
    Column("opened_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("method", "direction", "number", "kind", name="payment_difference_once"),
    CheckConstraint(
        "kind IN ('only_ours', 'only_theirs', 'amount', 'state', 'late', 'double')", name="payment_difference_kind"
    ),
    CheckConstraint("direction IN ('paid', 'refunded')", name="payment_difference_direction"),
    CheckConstraint("state IN ('open', 'explained', 'resolved')", name="payment_difference_state"),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="payment_difference_ended"),
    Index("payment_difference_state_idx", "state", "opened_at", "id"),
)
"""What differs between our books and a bill: `open` until a later bill explains it or a person resolves it with a reason."""
