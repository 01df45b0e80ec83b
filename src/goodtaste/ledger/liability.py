"""What is owed to owners in points, and what became of what they were given: counted from the journal and the lots in one read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Text, case, cast, func, literal, or_, select, union_all

from goodtaste.kernel.db import Database, Int, Read, Str
from goodtaste.ledger.tables import POINTS, account, entry, lot, lot_use, txn

FRESH = ("vest", "grant", "adjust")  # kinds of movements that open a lot of points that nobody had before
BACK = ("release", "unspend", "unredeem")
SPENT = ("hold", "spend", "redeem")
BRAND_KINDS = ("issued", "redeemed", "expired", "goodwill", "transit")


class Month(msgspec.Struct, frozen=True):
    """Points that run out in a month (2026-11)."""

    month: str
    points: int


class Cohort(msgspec.Struct, frozen=True):
    """What became of the points whose lots opened in a month.

    Opened: `given` (earned, granted, by hand), `returned` (spent, and back after their last day), `received` (from another member).
    Gone: `spent` (net of what came back), `taken` (after refunds, by hand, for a debt), `sent` (to another member), `expired`.
    The difference is `outstanding`.  `breakage_bp`: what has run out so far, of what was opened, in basis points.
    """

    month: str
    given: int
    returned: int
    received: int
    spent: int
    taken: int
    sent: int
    expired: int
    outstanding: int
    breakage_bp: int


class Outstanding(msgspec.Struct, frozen=True):
    """What owners have: to spend, held for open orders, on the way, owed by them (<= 0); by last month; and by month of opening.

    `journal_points` is what the brand's side of the journal says that they have, debts and all; the books hold where that is `total`.
    """

    available: int
    held: int
    pending: int
    debt: int
    journal_points: int
    by_month: list[Month]
    cohorts: list[Cohort]

    @property
    def total(self) -> int:
        """What owners have in all, less what they owe."""
        return self.available + self.held + self.pending + self.debt


class Sum(msgspec.Struct, frozen=True):
    """A sum of points: of which part of the report, for which month and which kind."""

    part: str
    month: str
    kind: str
    points: int


def _part(name: str, month: Any, kind: Any, points: Any) -> list[Any]:
    return [literal(name, Str()).label("part"), month, kind, points]


_NONE = literal("", Str())
_OF_POINTS = lot.join(account, account.c.id == lot.c.account_id)
_ENDS = func.substr(cast(lot.c.expires_on, Text), 1, 7).label("month")
_OPENED = func.substr(cast(txn.c.business_date, Text), 1, 7).label("month")
_used = txn.alias("used")
_SUMS = union_all(
    select(*_part("ends", _ENDS, _NONE.label("kind"), func.sum(lot.c.remaining).label("points")))
    .select_from(_OF_POINTS)
    .where(account.c.unit == POINTS, lot.c.remaining > 0)
    .group_by(_ENDS),
    select(*_part("opened", _OPENED, txn.c.kind.label("kind"), func.sum(lot.c.amount).label("points")))
    .select_from(_OF_POINTS.join(txn, txn.c.id == lot.c.txn_id))
    .where(account.c.unit == POINTS)
    .group_by(_OPENED, txn.c.kind),
    select(*_part("used", _OPENED, _used.c.kind.label("kind"), func.sum(lot_use.c.amount).label("points")))
    .select_from(
        _OF_POINTS.join(txn, txn.c.id == lot.c.txn_id)
        .join(lot_use, lot_use.c.lot_id == lot.c.id)
        .join(_used, _used.c.id == lot_use.c.txn_id)
    )
    .where(account.c.unit == POINTS)
    .group_by(_OPENED, _used.c.kind),
    select(
        *_part(
            "balance", _NONE.label("month"), account.c.kind.label("kind"), func.sum(account.c.balance).label("points")
        )
    )
    .where(account.c.unit == POINTS, account.c.stored)
    .group_by(account.c.kind),
    select(
        *_part(
            "brand",
            _NONE.label("month"),
            _NONE.label("kind"),
            func.sum(case((entry.c.from_id == account.c.id, entry.c.amount), else_=-entry.c.amount)).label("points"),
        )
    )
    .select_from(account.join(entry, or_(entry.c.from_id == account.c.id, entry.c.to_id == account.c.id)))
    .where(account.c.unit == POINTS, account.c.kind.in_(BRAND_KINDS)),
).subquery()
SUMS = Read(
    select(
        _SUMS.c.part.label("part"),
        _SUMS.c.month.label("month"),
        _SUMS.c.kind.label("kind"),
        cast(func.coalesce(_SUMS.c.points, 0), Int()).label("points"),
    ),
    Sum,
)


async def read_outstanding(db: Database) -> Outstanding:
    """Read what owners have in points as of now, all of it at one moment, on a connection of its own: it looks at every lot there is."""
    found = await db.execute(SUMS.sqlite if db.engine == "sqlite" else SUMS.postgres)
    return outstanding([Sum(part, month, kind, int(points)) for part, month, kind, points in found])


def outstanding(sums: Sequence[Sum]) -> Outstanding:
    """Return the report that `sums` make."""
    of: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for each in sums:
        of[each.part][each.month, each.kind] = each.points
    balance = {kind: points for (_, kind), points in of["balance"].items()}
    months = sorted({month for month, _ in of["opened"]})
    return Outstanding(
        available=balance.get("member", 0),
        held=balance.get("hold", 0),
        pending=balance.get("pending", 0),
        debt=balance.get("debt", 0),
        journal_points=sum(of["brand"].values()),
        by_month=[Month(month, points) for (month, _), points in sorted(of["ends"].items())],
        cohorts=[_cohort(month, of["opened"], of["used"]) for month in months],
    )


def _cohort(month: str, opened: dict[tuple[str, str], int], used: dict[tuple[str, str], int]) -> Cohort:
    put_in = {kind: points for (of, kind), points in opened.items() if of == month}
    gone = {kind: points for (of, kind), points in used.items() if of == month}
    total, expired = sum(put_in.values()), gone.get("expire", 0)
    spent, sent = sum(gone.get(kind, 0) for kind in (*SPENT, *BACK)), gone.get("gift", 0)
    return Cohort(
        month=month,
        given=sum(put_in.get(kind, 0) for kind in FRESH),
        returned=sum(put_in.get(kind, 0) for kind in BACK),
        received=put_in.get("gifted", 0),
        spent=spent,
        taken=sum(gone.values()) - expired - spent - sent,
        sent=sent,
        expired=expired,
        outstanding=total - sum(gone.values()),
        breakage_bp=expired * 10_000 // total,
    )
