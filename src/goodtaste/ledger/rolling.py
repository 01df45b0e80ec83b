"""What rooms ask of lots: the one that a movement opened, how much has run out that no night has swept yet; balances of many owners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.db import Day, Id, ListOf, Query, Read, in_list, par
from goodtaste.ledger.accounts import account_of, as_balances
from goodtaste.ledger.lots import txn_of
from goodtaste.ledger.rules import Balances, Lot
from goodtaste.ledger.tables import POINTS, account, lot


class OwnerBalance(msgspec.Struct, frozen=True):
    """One balance of an owner."""

    owner_id: str
    kind: str
    unit: str
    balance: int


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
BALANCES_OF = Read(
    select(account.c.owner_id, account.c.kind, account.c.unit, account.c.balance).where(
        in_list(account.c.owner_id, par("owner_ids", ListOf)), account.c.kind != "hold"
    ),
    OwnerBalance,
)


def lots_of(kind: str, *, source_id: str, owner_id: str, unit: str = POINTS) -> Query[Lot]:
    """Return the query of the lot that a source's movement opened, if something is left of it."""
    return LOT_OF(account_id=account_of(owner_id, "member", unit), txn_id=txn_of(kind, source_id))


def run_out(owner_id: str, *, unit: str, today: date) -> Query[Amount]:
    """Return the query of how much of an owner's balance is in lots whose last day was before `today`."""
    return STALE(account_id=account_of(owner_id, "member", unit), today=today)


def balances_of(owner_ids: Sequence[str]) -> Query[OwnerBalance]:
    """Return the query of the balances of many owners, for `by_owner`."""
    return BALANCES_OF(owner_ids=list(owner_ids))


def by_owner(found: Sequence[OwnerBalance]) -> dict[str, dict[str, Balances]]:
    """Return the balances of each owner by unit."""
    owners: dict[str, list[OwnerBalance]] = {}
    for each in found:
        owners.setdefault(each.owner_id, []).append(each)
    return {owner_id: as_balances(theirs) for owner_id, theirs in owners.items()}
