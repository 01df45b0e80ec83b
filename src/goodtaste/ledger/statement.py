"""The lots of an owner with the movements that opened them, and who owes points."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import ColumnElement, select

from goodtaste.kernel.db import Id, Int, Read, Steps, par, rows
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.ledger.accounts import account_of
from goodtaste.ledger.tables import POINTS, account, lot, txn


class OpenedLot(msgspec.Struct, frozen=True):
    """A lot with what opened it."""

    id: str
    amount: int
    remaining: int
    expires_on: date
    at: datetime
    kind: str
    order_id: str | None
    note: str


_LOTS = (
    select(lot.c.id, lot.c.amount, lot.c.remaining, lot.c.expires_on, txn.c.at, txn.c.kind, txn.c.order_id, txn.c.note)
    .join_from(lot, txn, txn.c.id == lot.c.txn_id)
    .where(lot.c.account_id == par("account_id", Id), older(txn.c.at, lot.c.id))
    .order_by(txn.c.at.desc(), lot.c.id.desc())
    .limit(par("limit", Int))
)
ALL_LOTS = Read(_LOTS, OpenedLot)
LOTS_LEFT = Read(_LOTS.where(lot.c.remaining > 0), OpenedLot)


def read_lots(owner_id: str, *, left: bool, before: str, limit: int) -> Steps[tuple[list[OpenedLot], str | None]]:
    """Read a page of an owner's lots of points, newest first, and where the next begins; with `left` those with something left."""
    edge = start(before)
    read = LOTS_LEFT if left else ALL_LOTS
    found = yield from rows(
        read(account_id=account_of(owner_id, "member", POINTS), before_at=edge.at, before_id=edge.id, limit=limit)
    )
    return found, next_of(found, limit, lambda each: each.at)


def owes(owner_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition of owners who owe points."""
    debtors = select(account.c.owner_id).where(
        account.c.kind == "debt", account.c.unit == POINTS, account.c.balance < 0
    )
    return owner_id.in_(debtors)
