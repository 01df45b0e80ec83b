"""Pure rules of the ledger: which lots a spend takes from, where they go back to, how a credit meets a debt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

GRACE_DAYS = 7  # for points that come back to a lot that has expired meanwhile

ReturnPolicy = Literal["unlimited", "within_balance", "only_pending"]
"""What a refund takes back of points that were earned on the order: all, what is spent already being owed; what there is of them; or
only what is not spendable yet."""


class Balances(msgspec.Struct, frozen=True):
    """What an owner has of one unit: spendable, not yet spendable, owed (<= 0)."""

    available: int = 0
    pending: int = 0
    debt: int = 0


class Lot(msgspec.Struct, frozen=True):
    """Points earned together: what is left of them, and the last day on which they may be spent."""

    id: str
    remaining: int
    expires_on: date


class LotUse(msgspec.Struct, frozen=True):
    """What one transaction took from a lot (positive) or gave back to it (negative)."""

    lot_id: str
    amount: int
    expires_on: date


def take_oldest_first(lots: Sequence[Lot], amount: int) -> list[LotUse]:
    """Return what to take from each of `lots`, given soonest expiry first, for `amount` in all; less where they hold less."""
    uses = []
    for lot in lots:
        if amount == 0:
            break
        taken = min(lot.remaining, amount)
        if taken:
            uses.append(LotUse(lot.id, taken, lot.expires_on))
            amount -= taken
    return uses


def give_back(uses: Sequence[LotUse], amount: int, *, today: date) -> tuple[list[LotUse], int]:
    """Return what goes back to which lot, latest expiry first, and how much belongs to lots that have expired.

    `uses` are the net uses of the spend, so repeated partial returns never give back more than was taken.
    """
    back, late = [], 0
    for use in sorted(uses, key=lambda u: (u.expires_on, u.lot_id), reverse=True):
        part = min(use.amount, amount)
        if part <= 0:
            continue
        amount -= part
        if use.expires_on < today:
            late += part
        else:
            back.append(LotUse(use.lot_id, -part, use.expires_on))
    return back, late


def with_coming(lots: Sequence[Lot], coming: Sequence[LotUse]) -> list[Lot]:
    """Return `lots` with what comes back into them, or into lots that are empty now and follow them, soonest expiry first."""
    back = {use.lot_id: -use.amount for use in coming}
    there = [Lot(lot.id, lot.remaining + back.pop(lot.id, 0), lot.expires_on) for lot in lots]
    empty = [Lot(use.lot_id, -use.amount, use.expires_on) for use in coming if use.lot_id in back]
    return there + sorted(empty, key=lambda lot: (lot.expires_on, lot.id))


def less_late(uses: Sequence[LotUse], late: int) -> list[LotUse]:
    """Return `uses` less what has come back as new points because its lots had expired.

    The lots that had expired by then are the oldest, and took at least `late`, so it comes off the oldest first.
    """
    left = []
    for use in sorted(uses, key=lambda u: (u.expires_on, u.lot_id)):
        part = min(use.amount, late)
        late -= part
        if use.amount > part:
            left.append(LotUse(use.lot_id, use.amount - part, use.expires_on))
    return left


def by_last_day(uses: Sequence[LotUse]) -> list[tuple[date, int]]:
    """Return how much of `uses` runs out on which day, soonest first."""
    days: dict[date, int] = {}
    for use in sorted(uses, key=lambda u: u.expires_on):
        days[use.expires_on] = days.get(use.expires_on, 0) + use.amount
    return list(days.items())


def grace_until(today: date) -> date:
    """Return the day up to which points from an expired lot may be spent once they have come back."""
    return today + timedelta(days=GRACE_DAYS)


def meet_debt(amount: int, *, debt: int) -> tuple[int, int]:
    """Split a credit of `amount` into what repays a `debt` (<= 0) and what is left to spend."""
    repaid = min(amount, -debt)
    return repaid, amount - repaid


def credited(balances: Balances, amount: int) -> Balances:
    """Return balances after `amount` was given (a debt is repaid first) or taken (< 0, from what is available)."""
    repaid, rest = (0, amount) if amount < 0 else meet_debt(amount, debt=balances.debt)
    return Balances(balances.available + rest, balances.pending, balances.debt + repaid)


def vested(balances: Balances, points: int) -> Balances:
    """Return balances after `points` that were pending became spendable."""
    after = credited(balances, points)
    return Balances(after.available, balances.pending - points, after.debt)
