"""Lots: which of them a spend takes from, what goes back into them, and the ones that open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.db import Change, Day, Id, Int, Read, Steps, add, insert, par, rows, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.ledger import rules
from goodtaste.ledger.accounts import account_of
from goodtaste.ledger.rules import Balances, Lot, LotUse
from goodtaste.ledger.tables import POINTS, entry, lot, lot_use, txn

TAKEN = (
    "hold",
    "spend",
    "redeem",
)  # kinds of movements that take points for an order, or for something of the points shop
CAME_BACK = ("release", "unspend", "unredeem")
LOT_PAGE = 64  # lots read at first, which serves all but a few spends
MORE_LOTS = 512  # lots read at a time by a spend that needs more


class NotEnough(Refusal):
    """Raised when an account holds less than asked.  Facts: `unit`, `balance`, `asked`."""

    code = "ledger.not_enough"
    guards = ("ledger_balance_not_negative", "ledger_lot_remaining")


class InDebt(Refusal):
    """Raised when points are to be spent while points of a refunded order are still owed.  Facts: `debt`."""

    code = "ledger.in_debt"


class MoreThanTaken(Refusal):
    """Raised when more is to come back than was taken and has not come back yet.  Facts: `taken`, `asked`."""

    code = "ledger.more_than_taken"


class _Sum(msgspec.Struct, frozen=True):
    amount: int


NEW_LOT = insert(lot, "id", "account_id", "txn_id", "amount", "remaining", "expires_on")
LOT_CHANGES = add(lot, key=["id", "account_id"], counters=["remaining"], guard="ledger_lot_gone")
USE = insert(lot_use)
_OLDEST_FIRST = (
    select(lot.c.id, lot.c.remaining, lot.c.expires_on)
    .where(
        lot.c.account_id == par("account_id", Id),
        lot.c.remaining > 0,
        lot.c.expires_on >= par("today", Day),
    )
    .order_by(lot.c.expires_on, lot.c.id)
)
LOTS = Read(_OLDEST_FIRST.limit(LOT_PAGE), Lot)
NEXT_LOTS = Read(_OLDEST_FIRST.limit(MORE_LOTS).offset(par("skip", Int)), Lot)
USES = Read(
    select(lot_use.c.lot_id, func.sum(lot_use.c.amount).label("amount"), lot.c.expires_on)
    .join_from(lot_use, txn, txn.c.id == lot_use.c.txn_id)
    .join(lot, lot.c.id == lot_use.c.lot_id)
    .where(txn.c.order_id == par("order_id", Id), txn.c.kind.in_([*TAKEN, *CAME_BACK]))
    .group_by(lot_use.c.lot_id, lot.c.expires_on)
    .having(func.sum(lot_use.c.amount) > 0),
    LotUse,
)
_RETURNS = (txn.c.order_id == par("order_id", Id), txn.c.kind.in_(CAME_BACK))
_CAME_BACK = select(func.coalesce(func.sum(entry.c.amount), 0)).join_from(entry, txn, txn.c.id == entry.c.txn_id)
_INTO_ITS_LOTS = select(func.coalesce(func.sum(lot_use.c.amount), 0)).join_from(
    lot_use, txn, txn.c.id == lot_use.c.txn_id
)
CAME_LATE = Read(
    select(
        (_CAME_BACK.where(*_RETURNS).scalar_subquery() + _INTO_ITS_LOTS.where(*_RETURNS).scalar_subquery()).label(
            "amount"
        )
    ),
    _Sum,
)


def txn_of(kind: str, source_id: str) -> str:
    """Return the id of the transaction that a source causes: there is one of a kind for each source, by its primary key."""
    return derived_id(source_id, kind)


def use_lots(txn_id: str, account_id: str, uses: Sequence[LotUse]) -> list[Change]:
    """Take the points of `uses` from lots of an account, or give them back (< 0); a lot that has gone to another account stops it."""
    return [
        LOT_CHANGES.many([{"id": use.lot_id, "account_id": account_id, "remaining": -use.amount} for use in uses]),
        USE.many([{"txn_id": txn_id, "lot_id": use.lot_id, "amount": use.amount} for use in uses]),
    ]


def open_lot(account_id: str, txn_id: str, amount: int, expires_on: date) -> Change:
    """Open a lot of `amount` in an account; none where it is 0."""
    row = {
        "id": new_id(),
        "account_id": account_id,
        "txn_id": txn_id,
        "amount": amount,
        "remaining": amount,
        "expires_on": expires_on,
    }
    return NEW_LOT.many([row] if amount else [])


def find_lots(
    owner_id: str,
    amount: int,
    *,
    unit: str = POINTS,
    today: date,
    found: Sequence[Lot] = (),
    coming: Sequence[LotUse] = (),
    as_far_as_it_goes: bool = False,
) -> Steps[list[LotUse]]:
    """Choose the lots that `amount` is taken from, soonest expiry first; `found` is the first page where it was read already.

    `coming`: what comes back into lots in the same act (`coming_back`); it is taken last.
    Refuses `NotEnough` where the lots that have not expired hold less, unless `as_far_as_it_goes`.
    """
    account_id, lots = account_of(owner_id, "member", unit), list(found)
    if amount and not lots:
        lots = yield from rows(LOTS(account_id=account_id, today=today))
    held, more = sum(lot.remaining for lot in lots), len(lots) == LOT_PAGE
    while amount > held and more:
        page = yield from rows(NEXT_LOTS(account_id=account_id, today=today, skip=len(lots)))
        lots.extend(page)
        held += sum(lot.remaining for lot in page)
        more = len(page) == MORE_LOTS
    if held < amount and not as_far_as_it_goes:
        raise NotEnough(unit=unit, balance=held, asked=amount)
    return rules.take_oldest_first(rules.with_coming(lots, coming) if held < amount else lots, amount)


def coming_back(amount: int, uses: Sequence[LotUse], *, today: date) -> list[LotUse]:
    """Return what of `amount` points that come back goes into which of the lots they came from, as `unspend` will have it."""
    return rules.give_back(uses, amount, today=today)[0]


def may_spend(balances: Balances, amount: int) -> None:
    """Refuse `InDebt` or `NotEnough` where `amount` points cannot be spent."""
    if amount and balances.debt:
        raise InDebt(debt=-balances.debt)
    if amount > balances.available:
        raise NotEnough(unit=POINTS, balance=balances.available, asked=amount)


def read_uses(order_id: str) -> Steps[list[LotUse]]:
    """Read which lots an order has taken from, net of what came back, be it into these lots or, where they had expired, into new ones."""
    found, [late] = yield from together(USES(order_id=order_id), CAME_LATE(order_id=order_id))
    return rules.less_late(found, late.amount)
