"""What rooms ask of lots: the one that a movement opened, and how much has run out that no night has swept yet."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.db import Day, Id, Query, Read, par
from goodtaste.ledger.accounts import account_of
from goodtaste.ledger.moves import txn_of
from goodtaste.ledger.rules import Lot
from goodtaste.ledger.tables import POINTS, lot


class Amount(msgspec.Struct, frozen=True):
    """A sum."""

    amount: int


LOT_OF = Read(
    select(lot.c.id, lot.c.remaining, lot.c.expires_on).where(
        lot.c.account_id == par("account_id", Id), lot.c.remaining > 0, lot.c.txn_id == par("txn_id", Id)
    ),
    Lot,
)
STALE = Read(
    select(func.coalesce(func.sum(lot.c.remaining), 0).label("amount")).where(
        lot.c.account_id == par("account_id", Id), lot.c.remaining > 0, lot.c.expires_on < par("today", Day)
    ),
    Amount,
)


def lots_of(kind: str, *, source_id: str, owner_id: str, unit: str = POINTS) -> Query[Lot]:
    """Return the query of the lot that a source's movement opened, if something is left of it."""
    return LOT_OF(account_id=account_of(owner_id, "member", unit), txn_id=txn_of(kind, source_id))


def run_out(owner_id: str, *, unit: str, today: date) -> Query[Amount]:
    """Return the query of how much of an owner's balance is in lots whose last day was before `today`."""
    return STALE(account_id=account_of(owner_id, "member", unit), today=today)
