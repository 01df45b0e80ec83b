"""An owner's statement of account: what moved their points, newest first; which lots run out next, and which have run out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import case, func, or_, select

from goodtaste.kernel.db import Day, Id, Int, Query, Read, Steps, first, par
from goodtaste.kernel.paging import NEWEST, Cursor, older
from goodtaste.ledger.accounts import account_of
from goodtaste.ledger.lots import txn_of
from goodtaste.ledger.tables import POINTS, account, entry, lot, txn

PAGE_MAX = 100
OWNERS_MAX = 200  # owners of lots that have run out, found at a time
LOTS_MAX = 64  # lots of one owner that expire in one script


class Movement(msgspec.Struct, frozen=True):
    """One transaction as it touched what an owner has of a unit: what it added to (or took from) what is available, pending, owed."""

    id: str
    kind: str
    source_id: str
    owner_id: str
    order_id: str | None
    note: str
    business_date: date
    at: datetime
    available: int
    pending: int
    debt: int


class Expiring(msgspec.Struct, frozen=True):
    """Points whose last day is `on`."""

    on: date
    points: int


class Owner(msgspec.Struct, frozen=True):
    """Somebody who has lots."""

    owner_id: str


class ExpiredLot(msgspec.Struct, frozen=True):
    """What is left of a lot whose last day is over."""

    id: str
    remaining: int
    unit: str


def _added_to(name: str) -> Any:
    to = par(name, Id)
    signed = case((entry.c.to_id == to, entry.c.amount), else_=-entry.c.amount)
    return (
        select(func.coalesce(func.sum(signed), 0))
        .where(entry.c.txn_id == txn.c.id, or_(entry.c.to_id == to, entry.c.from_id == to))
        .scalar_subquery()
    )


_MOVEMENT = select(
    txn.c.id,
    txn.c.kind,
    txn.c.source_id,
    txn.c.owner_id,
    txn.c.order_id,
    txn.c.note,
    txn.c.business_date,
    txn.c.at,
    *[_added_to(name).label(name) for name in ("available", "pending", "debt")],
)
_OF_POINTS = (
    select(entry.c.txn_id)
    .where(
        entry.c.txn_id == txn.c.id,
        or_(
            *[
                side == par(name, Id)
                for side in (entry.c.from_id, entry.c.to_id)
                for name in ("available", "pending", "debt")
            ]
        ),
    )
    .exists()
)
MOVEMENTS = Read(
    _MOVEMENT.where(
        txn.c.owner_id == par("owner_id", Id),
        older(txn.c.at, txn.c.id),
        _OF_POINTS,
    )
    .order_by(txn.c.at.desc(), txn.c.id.desc())
    .limit(par("limit", Int)),
    Movement,
)
MOVEMENT = Read(_MOVEMENT.where(txn.c.id == par("id", Id)), Movement)
EXPIRING = Read(
    select(lot.c.expires_on.label("on"), func.sum(lot.c.remaining).label("points"))
    .where(lot.c.account_id == par("account_id", Id), lot.c.remaining > 0, lot.c.expires_on >= par("today", Day))
    .group_by(lot.c.expires_on)
    .order_by(lot.c.expires_on)
    .limit(par("limit", Int)),
    Expiring,
)
OWNERS = Read(
    select(account.c.owner_id)
    .join_from(lot, account, account.c.id == lot.c.account_id)
    .where(lot.c.remaining > 0, lot.c.expires_on < par("today", Day), account.c.owner_id > par("after", Id))
    .group_by(account.c.owner_id)
    .order_by(account.c.owner_id)
    .limit(OWNERS_MAX),
    Owner,
)
EXPIRED = Read(
    select(lot.c.id, lot.c.remaining, account.c.unit)
    .join_from(lot, account, account.c.id == lot.c.account_id)
    .where(account.c.owner_id == par("owner_id", Id), lot.c.remaining > 0, lot.c.expires_on < par("today", Day))
    .order_by(lot.c.expires_on, lot.c.id)
    .limit(LOTS_MAX),
    ExpiredLot,
)


def _accounts(owner_id: str) -> dict[str, str]:
    return {
        "available": account_of(owner_id, "member", POINTS),
        "pending": account_of(owner_id, "pending", POINTS),
        "debt": account_of(owner_id, "debt", POINTS),
    }


def movements(owner_id: str, *, before: Cursor = NEWEST, limit: int) -> Query[Movement]:
    """Return the query of what moved an owner's points before a cursor, newest first, at most `PAGE_MAX`."""
    return MOVEMENTS(
        owner_id=owner_id,
        before_at=before.at,
        before_id=before.id,
        limit=min(limit, PAGE_MAX),
        **_accounts(owner_id),
    )


def read_movement(kind: str, *, source_id: str, owner_id: str) -> Steps[Movement | None]:
    """Read the movement of a kind that a source caused, as it touched the points of `owner_id`."""
    return (yield from first(MOVEMENT(id=txn_of(kind, source_id), **_accounts(owner_id))))


def expiring(owner_id: str, *, today: date, days: int) -> Query[Expiring]:
    """Return the query of the next `days` days on which points of an owner run out."""
    return EXPIRING(account_id=account_of(owner_id, "member", POINTS), today=today, limit=days)


def owners_of_expired(*, today: date, after: str) -> Query[Owner]:
    """Return the query of owners, after one in the order of ids, who have lots whose last day was before `today`."""
    return OWNERS(today=today, after=after)


def expired(owner_id: str, *, today: date) -> Query[ExpiredLot]:
    """Return the query of an owner's lots of any unit whose last day was before `today`."""
    return EXPIRED(owner_id=owner_id, today=today)
