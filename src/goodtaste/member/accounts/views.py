"""Points accounts as the staff look at them: found by who has them, with what they hold or owe, and the lots of one of them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from goodtaste.kernel.db import Steps, rows, script
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.words import sentence
from goodtaste.ledger import api as ledger
from goodtaste.member import found


class PointsAccount(msgspec.Struct, frozen=True):
    """A member's points in a list, the phone number masked.  `debt`: what they owe after refunds."""

    id: str
    nickname: str
    phone: str
    status: str
    joined_at: datetime
    available: int
    pending: int
    debt: int


class PointsAccounts(msgspec.Struct, frozen=True):
    """A page of points accounts; `next` asks for the one after it, null at the end."""

    accounts: list[PointsAccount]
    next: str | None


class PointsLot(msgspec.Struct, frozen=True):
    """Points that run out on one day: so many were put in, by what, and so many are left."""

    id: str
    amount: int
    remaining: int
    expires_on: str
    at: datetime
    kind: str
    words: str
    order_id: str | None
    note: str


class PointsLots(msgspec.Struct, frozen=True):
    """A page of lots, the newest first; `next` asks for the one after it, null at the end."""

    lots: list[PointsLot]
    next: str | None


@script
def find(*, q: str, owing: bool, sort: found.Sort, before: str, limit: int, keyring: Keyring) -> Steps[PointsAccounts]:
    """Return a page of points accounts, found as members are; with `owing` those that owe some.  Refuses `BadCursor`."""
    page = yield from found.read_page(
        q=q, level=None, status=None, owing=owing, sort=sort, before=before, limit=limit, keyring=keyring
    )
    balances = ledger.by_owner((yield from rows(ledger.balances_of([each.id for each in page.members]))))
    none = ledger.Balances(0, 0, 0)
    accounts = []
    for each in page.members:
        points = balances.get(each.id, {}).get(ledger.POINTS, none)
        accounts.append(
            PointsAccount(
                each.id,
                each.nickname,
                each.phone,
                each.status,
                each.joined_at,
                points.available,
                points.pending,
                -points.debt,
            )
        )
    return PointsAccounts(accounts, page.next)


@script
def lots(member_id: str, *, left: bool, before: str, limit: int, language: str) -> Steps[PointsLots]:
    """Return a page of a member's lots, with `left` those of which something is left.  Refuses `BadCursor`."""
    found_lots, more = yield from ledger.read_lots(member_id, left=left, before=before, limit=limit)
    shown = [
        PointsLot(
            id=each.id,
            amount=each.amount,
            remaining=each.remaining,
            expires_on=each.expires_on.isoformat(),
            at=each.at,
            kind=each.kind,
            words=sentence(f"member.points.{each.kind}", language, {}).say,
            order_id=each.order_id,
            note=each.note,
        )
        for each in found_lots
    ]
    return PointsLots(shown, more)
