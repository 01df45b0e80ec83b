"""Tables of the ledger."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, text

from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Str, create_table, id_column

POINTS, GROWTH = "PT", "GROWTH"

# The brand's side of every movement.  Balances of these are not stored: they are the negative of the members' side, summed when asked.
ISSUED = {POINTS: "00000000-0000-8000-8000-000000000001", GROWTH: "00000000-0000-8000-8000-000000000011"}
REDEEMED = {POINTS: "00000000-0000-8000-8000-000000000002", GROWTH: "00000000-0000-8000-8000-000000000012"}
EXPIRED = {POINTS: "00000000-0000-8000-8000-000000000003", GROWTH: "00000000-0000-8000-8000-000000000013"}
GOODWILL = {POINTS: "00000000-0000-8000-8000-000000000004", GROWTH: "00000000-0000-8000-8000-000000000014"}
TRANSIT = "00000000-0000-8000-8000-000000000005"  # points on their way from one member to another: empty after each act
BRAND = "00000000-0000-8000-8000-000000000000"

account = create_table(
    "ledger_account",
    id_column(),
    Column("owner_id", Id, nullable=False),
    Column("kind", Str, nullable=False),
    Column("unit", Str, nullable=False),
    Column("stored", Flag, nullable=False),
    Column("balance", Int, nullable=False),
    CheckConstraint("kind = 'debt' OR balance >= 0", name="ledger_balance_not_negative"),
    CheckConstraint("kind <> 'debt' OR balance <= 0", name="ledger_debt_not_positive"),
    CheckConstraint(
        "kind IN ('member', 'pending', 'hold', 'debt', 'issued', 'redeemed', 'expired', 'goodwill', 'transit')",
        name="ledger_account_kind",
    ),
    Index("ledger_account_owner_idx", "owner_id"),
    Index(
        "ledger_account_debt_idx",
        "owner_id",
        postgresql_where=text("kind = 'debt' AND balance < 0"),
        sqlite_where=text("kind = 'debt' AND balance < 0"),
    ),
    narrow=True,
)

txn = create_table(
    "ledger_txn",
    id_column(),
    Column("kind", Str, nullable=False),
    Column("source_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("order_id", Id),
    Column("reverses", Id),
    Column("actor", Str, nullable=False),
    Column("note", Str, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("at", Moment, nullable=False),
    Index(
        "ledger_txn_reversed_once",
        "reverses",
        unique=True,
        postgresql_where=text("reverses IS NOT NULL"),
        sqlite_where=text("reverses IS NOT NULL"),
    ),
    Index("ledger_txn_owner_idx", "owner_id", "at"),
    Index(
        "ledger_txn_order_id_idx",
        "order_id",
        postgresql_where=text("order_id IS NOT NULL"),
        sqlite_where=text("order_id IS NOT NULL"),
    ),
)

entry = create_table(
    "ledger_entry",
    Column("txn_id", Id, ForeignKey("ledger_txn.id"), nullable=False),
    Column("line", Int, nullable=False),
    Column("from_id", Id, nullable=False),
    Column("to_id", Id, nullable=False),
    Column("amount", Int, nullable=False),
    PrimaryKeyConstraint("txn_id", "line"),
    CheckConstraint("amount > 0", name="ledger_amount_positive"),
    CheckConstraint("from_id <> to_id", name="ledger_entry_moves"),
    narrow=True,
)

lot = create_table(
    "ledger_lot",
    id_column(),
    Column("account_id", Id, nullable=False),
    Column("txn_id", Id, nullable=False),
    Column("amount", Int, nullable=False),
    Column("remaining", Int, nullable=False),
    Column("expires_on", Day, nullable=False),
    Column("told_days", Int),
    CheckConstraint("remaining >= 0 AND remaining <= amount", name="ledger_lot_remaining"),
    Index(
        "ledger_lot_oldest_idx",
        "account_id",
        "expires_on",
        "id",
        "remaining",
        postgresql_where=text("remaining > 0"),
        sqlite_where=text("remaining > 0"),
    ),
    Index(
        "ledger_lot_expiry_idx",
        "expires_on",
        postgresql_where=text("remaining > 0"),
        sqlite_where=text("remaining > 0"),
    ),
    narrow=True,
)
"""`ledger_lot_oldest_idx` holds all that a spend reads of lots, so that finding them does not visit their rows, each on a page of its own.
`told_days`: the nearest of the notices that it runs out, in days ahead, that its owner has been given."""

lot_use = create_table(
    "ledger_lot_use",
    Column("txn_id", Id, ForeignKey("ledger_txn.id"), nullable=False),
    Column("lot_id", Id, ForeignKey("ledger_lot.id"), nullable=False),
    Column("amount", Int, nullable=False),
    PrimaryKeyConstraint("txn_id", "lot_id"),
    CheckConstraint("amount <> 0", name="ledger_lot_use_amount"),
    narrow=True,
)

earned = create_table(
    "ledger_earned",
    id_column(),
    Column("owner_id", Id, nullable=False),
    Column("qty", Int, nullable=False),
    Column("vested", Int, nullable=False),
    Column("returned", Int, nullable=False),
    CheckConstraint(
        "qty > 0 AND vested >= 0 AND returned >= 0 AND vested + returned <= qty", name="ledger_earned_parts"
    ),
    narrow=True,
)

hold = create_table(
    "ledger_hold",
    id_column(),
    Column("account_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("txn_id", Id, nullable=False),
    Column("qty", Int, nullable=False),
    Column("used", Int, nullable=False),
    Column("released", Int, nullable=False),
    Column("open", Flag, nullable=False),
    Column("expires_at", Moment, nullable=False),
    CheckConstraint("qty > 0 AND used >= 0 AND released >= 0 AND used + released <= qty", name="ledger_hold_parts"),
    CheckConstraint("open = (used + released < qty)", name="ledger_hold_open"),
)
