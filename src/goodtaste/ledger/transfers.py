"""Points that go from one owner to another: given on by their owner, or with the whole account when two owners become one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import update

from goodtaste.kernel.db import Change, Id, Int, Steps, change, par
from goodtaste.ledger import rules
from goodtaste.ledger.accounts import account_of, read_balances
from goodtaste.ledger.lots import find_lots, open_lot, txn_of, use_lots
from goodtaste.ledger.moves import Cause, post
from goodtaste.ledger.rules import LotUse
from goodtaste.ledger.tables import GROWTH, POINTS, TRANSIT, account, earned, lot

STANDS = change(
    update(account)
    .where(account.c.id == par("id", Id), account.c.balance == par("seen", Int))
    .values(balance=account.c.balance),
    guard="ledger_account_moved",
)
"""This changes nothing: it is a guard, that an account holds what was read of it."""
LOTS_MOVE = change(
    update(lot).where(lot.c.account_id == par("from_id", Id)).values(account_id=par("to_id", Id)),
)
EARNED_MOVE = change(
    update(earned)
    .where(earned.c.owner_id == par("from_id", Id), earned.c.qty > earned.c.vested + earned.c.returned)
    .values(owner_id=par("to_id", Id)),
)


def give_on(cause: Cause, uses: Sequence[LotUse], *, to_id: str, to_debt: int) -> list[Change]:
    """Give the points of `uses` to another owner: member -> transit -> what they owe (`to_debt` <= 0), then what they have.

    Each lot goes on with the last day it had.  Both owners have a movement of their own: `gift` and `gifted`.
    """
    amount, source = sum(use.amount for use in uses), account_of(cause.owner_id, "member")
    arrives = msgspec.structs.replace(cause, owner_id=to_id)
    there, txn_id = account_of(to_id, "member"), txn_of("gifted", cause.source_id)
    repaid, rest = rules.meet_debt(amount, debt=to_debt)
    moves = [(TRANSIT, account_of(to_id, "debt"), repaid), (TRANSIT, there, rest)]
    lots = rules.by_last_day(rules.less_late(uses, repaid))
    return [
        *post("gift", cause, [(source, TRANSIT, amount)]),
        *post("gifted", arrives, moves),
        *use_lots(txn_of("gift", cause.source_id), source, uses),
        *[open_lot(there, txn_id, points, day) for day, points in lots],
    ]


def merge(cause: Cause, *, from_id: str) -> Steps[list[Change]]:
    """Move all that `from_id` has, of either unit, to the owner of `cause`; lots stay the lots they are, so what comes back finds them.

    What is owed goes along; `settle` then repays it.  What moves meanwhile stops it, and the script runs again.  It reads every earning
    that is still open: an act for now and then.
    """
    mine, balances = cause.owner_id, (yield from read_balances(from_id))
    seen, moves = [], []
    for unit, has in balances.items():
        for kind, amount in (("member", has.available), ("pending", has.pending), ("debt", has.debt)):
            if unit == GROWTH and kind == "pending":
                continue
            old, new = account_of(from_id, kind, unit), account_of(mine, kind, unit)
            seen.append({"id": old, "seen": amount})
            moves.append((old, new, amount) if amount > 0 else (new, old, -amount))
    lots = [
        {"from_id": account_of(from_id, "member", unit), "to_id": account_of(mine, "member", unit)}
        for unit in (POINTS, GROWTH)
    ]
    return [
        STANDS.many(seen),
        *post("merge", cause, moves),
        LOTS_MOVE.many(lots),
        EARNED_MOVE(from_id=from_id, to_id=mine),
    ]


def settle(cause: Cause, *, unit: str = POINTS) -> Steps[list[Change]]:
    """Repay what the owner of `cause` owes of a unit out of what they have that has not run out: member -> debt."""
    has = (yield from read_balances(cause.owner_id))[unit]
    uses = yield from find_lots(
        cause.owner_id, min(-has.debt, has.available), unit=unit, today=cause.business_date, as_far_as_it_goes=True
    )
    source = account_of(cause.owner_id, "member", unit)
    moves = [(source, account_of(cause.owner_id, "debt", unit), sum(use.amount for use in uses))]
    return [*post("settle", cause, moves), *use_lots(txn_of("settle", cause.source_id), source, uses)]
