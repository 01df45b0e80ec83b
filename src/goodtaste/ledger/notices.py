"""Notices ahead of time: whose points run out soon and have not been told so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import Text, case, cast, func, or_, select, update

from goodtaste.kernel.db import Change, Day, Id, Int, Query, Read, change, par
from goodtaste.ledger.accounts import account_of
from goodtaste.ledger.history import OWNERS_MAX, Owner
from goodtaste.ledger.tables import POINTS, account, lot

DAYS_MAX = 64  # days with lots of one owner that are told of in one script
NEVER = 1_000_000  # days: nothing was told of a lot


class Ending(msgspec.Struct, frozen=True):
    """Points whose last day is `on`, and the nearest notice that was given of all of them, in days ahead (`NEVER`: of some none).

    `lot_id` is one of the lots that were told of least: who tells of this day first is who marks it.
    """

    on: date
    points: int
    told_days: int
    lot_id: str


_ID = cast(lot.c.id, Text)
_TO_TELL = (
    lot.c.remaining > 0,
    lot.c.expires_on >= par("today", Day),
    lot.c.expires_on <= par("until", Day),
    or_(lot.c.told_days.is_(None), lot.c.told_days > par("days", Int)),
)
OWNERS_TO_TELL = Read(
    select(account.c.owner_id)
    .join_from(lot, account, account.c.id == lot.c.account_id)
    .where(*_TO_TELL, account.c.unit == POINTS, account.c.owner_id > par("after", Id))
    .group_by(account.c.owner_id)
    .order_by(account.c.owner_id)
    .limit(OWNERS_MAX),
    Owner,
)
ENDING = Read(
    select(
        lot.c.expires_on.label("on"),
        func.sum(lot.c.remaining).label("points"),
        func.max(func.coalesce(lot.c.told_days, NEVER)).label("told_days"),
        cast(
            func.coalesce(func.min(case((lot.c.told_days.is_(None), _ID))), func.min(_ID)),
            Text,
        ).label("lot_id"),
    )
    .where(
        lot.c.account_id == par("account_id", Id),
        lot.c.remaining > 0,
        lot.c.expires_on >= par("today", Day),
        lot.c.expires_on <= par("until", Day),
    )
    .group_by(lot.c.expires_on)
    .order_by(lot.c.expires_on)
    .limit(DAYS_MAX)
    .offset(par("skip", Int)),
    Ending,
)
_UNTOLD = or_(lot.c.told_days.is_(None), lot.c.told_days > par("days", Int))
TOLD = change(
    update(lot).where(lot.c.id == par("lot_id", Id), _UNTOLD).values(told_days=par("days", Int)),
    guard="ledger_told_before",
)
TOLD_WITH_IT = change(
    update(lot)
    .where(
        lot.c.account_id == par("account_id", Id),
        lot.c.expires_on == par("on", Day),
        lot.c.remaining > 0,
        lot.c.id != par("lot_id", Id),
        _UNTOLD,
    )
    .values(told_days=par("days", Int)),
)


def owners_to_tell(*, today: date, until: date, days: int, after: str) -> Query[Owner]:
    """Return the query of owners, after one in the order of ids, of points that run out by `until` and that nobody told `days` ahead."""
    return OWNERS_TO_TELL(today=today, until=until, days=days, after=after)


def ending(owner_id: str, *, today: date, until: date, skip: int = 0) -> Query[Ending]:
    """Return the query of the days up to `until` on which points of an owner run out, at most `DAYS_MAX`, with what was told of each."""
    return ENDING(account_id=account_of(owner_id, "member"), today=today, until=until, skip=skip)


def told(owner_id: str, notices: Sequence[tuple[Ending, int]]) -> list[Change]:
    """Write of which days an owner was told, and how many days ahead; stopped where they were told so before."""
    account_id = account_of(owner_id, "member")
    return [
        TOLD.many([{"lot_id": day.lot_id, "days": days} for day, days in notices]),
        TOLD_WITH_IT.many(
            [{"account_id": account_id, "on": day.on, "lot_id": day.lot_id, "days": days} for day, days in notices]
        ),
    ]
