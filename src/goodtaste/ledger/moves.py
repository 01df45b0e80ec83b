"""Movements of points and growth, as steps of the scripts of other rooms.

Each returns the changes it wants and writes nothing itself.  A movement has a cause: the same kind of movement happens once for one
source (an order, a refund, a lot), whatever is retried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel.db import Change, Day, Id, Int, Read, Steps, add, change, first, insert, par, rows
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.ledger import rules
from goodtaste.ledger.rules import Lot, LotUse
from goodtaste.ledger.tables import (
    EXPIRED,
    GOODWILL,
    GROWTH,
    ISSUED,
    POINTS,
    REDEEMED,
    account,
    entry,
    hold,
    lot,
    lot_use,
    txn,
)

LOT_PAGE = 64  # lots read at a time; a spend that needs more reads on


class NotEnough(Refusal):
    """Raised when an account holds less than asked.  Facts: `unit`, `balance`, `asked`."""

    code = "ledger.not_enough"
    guards = ("ledger_balance_not_negative", "ledger_lot_remaining")


class InDebt(Refusal):
    """Raised when points are to be spent while points of a refunded order are still owed.  Facts: `debt`."""

    code = "ledger.in_debt"


class AlreadyDone(Refusal):
    """Raised when a movement of this kind was made for this source before."""

    code = "ledger.already_done"
    guards = ("ledger_txn_reversed_once", "ledger_txn_pkey")


class HoldClosed(Refusal):
    """Raised when a hold has nothing left to use or release."""

    code = "ledger.hold_closed"
    guards = ("ledger_hold_parts", "ledger_hold_gone")


class Cause(msgspec.Struct, frozen=True):
    """Why something moves: the source, whose it is, for which order, who did it, on which trading day and when."""

    source_id: str
    owner_id: str
    actor: str
    business_date: date
    at: datetime
    order_id: str | None = None
    note: str = ""


class Balances(msgspec.Struct, frozen=True):
    """What an owner has of one unit: spendable, not yet spendable, owed (<= 0)."""

    available: int = 0
    pending: int = 0
    debt: int = 0


class _Balance(msgspec.Struct, frozen=True):
    kind: str
    unit: str
    balance: int


class _Use(msgspec.Struct, frozen=True):
    lot_id: str
    amount: int
    expires_on: date


class Hold(msgspec.Struct, frozen=True):
    """Points set aside for an order: how many, and how many of them are used or released."""

    id: str
    owner_id: str
    txn_id: str
    qty: int
    used: int
    released: int


OPEN_ACCOUNT = insert(account)
POST = insert(txn)
MOVE = insert(entry)
NEW_LOT = insert(lot)
LOT_CHANGES = add(lot, key=["id"], counters=["remaining"], guard="ledger_lot_gone")
USE = insert(lot_use)
NEW_HOLD = insert(hold)
CLOSE_HOLD = change(
    update(hold)
    .where(hold.c.id == par("id", Id), hold.c.open)
    .values(
        used=hold.c.used + par("used", Int),
        released=hold.c.released + par("released", Int),
        open=hold.c.qty > hold.c.used + hold.c.released + par("used", Int) + par("released", Int),
    ),
    guard="ledger_hold_gone",
)

BALANCES = Read(
    select(account.c.kind, account.c.unit, account.c.balance).where(
        account.c.owner_id == par("owner_id", Id), account.c.kind != "hold"
    ),
    _Balance,
)
LOTS = Read(
    select(lot.c.id, lot.c.remaining, lot.c.expires_on)
    .where(
        lot.c.account_id == par("account_id", Id),
        lot.c.remaining > 0,
        lot.c.expires_on >= par("today", Day),
    )
    .order_by(lot.c.expires_on, lot.c.id)
    .limit(LOT_PAGE)
    .offset(par("skip", Int)),
    Lot,
)
USES = Read(
    select(lot_use.c.lot_id, func.sum(lot_use.c.amount).label("amount"), lot.c.expires_on)
    .join_from(lot_use, txn, txn.c.id == lot_use.c.txn_id)
    .join(lot, lot.c.id == lot_use.c.lot_id)
    .where(txn.c.order_id == par("order_id", Id), txn.c.kind.in_(["hold", "spend", "release", "unspend"]))
    .group_by(lot_use.c.lot_id, lot.c.expires_on)
    .having(func.sum(lot_use.c.amount) > 0),
    _Use,
)
HOLD = Read(select(*[hold.c[name] for name in Hold.__struct_fields__]).where(hold.c.id == par("id", Id)), Hold)


def account_of(owner_id: str, kind: str, unit: str = POINTS) -> str:
    """Return the id of an owner's account."""
    return derived_id(owner_id, f"{unit}/{kind}")


def open_accounts(owner_id: str) -> list[Change]:
    """Open an owner's accounts, all empty."""
    return [
        OPEN_ACCOUNT.many(
            [
                {
                    "id": account_of(owner_id, kind, unit),
                    "owner_id": owner_id,
                    "kind": kind,
                    "unit": unit,
                    "stored": True,
                    "balance": 0,
                }
                for unit, kind in (
                    (POINTS, "member"),
                    (POINTS, "pending"),
                    (POINTS, "debt"),
                    (GROWTH, "member"),
                    (GROWTH, "debt"),
                )
            ]
        )
    ]


def read_balances(owner_id: str) -> Steps[dict[str, Balances]]:
    """Read an owner's balances by unit."""
    return as_balances((yield from rows(BALANCES(owner_id=owner_id))))


def as_balances(found: Sequence[_Balance]) -> dict[str, Balances]:
    """Return balances by unit from the rows of `BALANCES`."""
    by_unit: dict[str, dict[str, int]] = {POINTS: {}, GROWTH: {}}
    for row in found:
        by_unit[row.unit][row.kind] = row.balance
    return {unit: Balances(b.get("member", 0), b.get("pending", 0), b.get("debt", 0)) for unit, b in by_unit.items()}


def txn_of(kind: str, source_id: str) -> str:
    """Return the id of the transaction that a source causes: there is one of a kind for each source, by its primary key."""
    return derived_id(source_id, kind)


def post(
    kind: str, cause: Cause, moves: Sequence[tuple[str, str, int]], *, reverses: str | None = None
) -> list[Change]:
    """Return a balanced transaction of `moves` (from, to, amount); amounts of 0 are left out, and with none left nothing is posted."""
    real, txn_id = [move for move in moves if move[2]], txn_of(kind, cause.source_id)
    head = {
        "id": txn_id,
        "kind": kind,
        "source_id": cause.source_id,
        "owner_id": cause.owner_id,
        "order_id": cause.order_id,
        "reverses": reverses,
        "actor": cause.actor,
        "note": cause.note,
        "business_date": cause.business_date,
        "at": cause.at,
    }
    return [
        POST.many([head] if real else []),
        MOVE.many(
            [
                {"txn_id": txn_id, "line": i, "from_id": a, "to_id": b, "amount": n}
                for i, (a, b, n) in enumerate(real, 1)
            ]
        ),
    ]


def _use_lots(txn_id: str, uses: Sequence[LotUse]) -> list[Change]:
    return [
        LOT_CHANGES.many([{"id": use.lot_id, "remaining": -use.amount} for use in uses]),
        USE.many([{"txn_id": txn_id, "lot_id": use.lot_id, "amount": use.amount} for use in uses]),
    ]


def _open_lot(account_id: str, txn_id: str, amount: int, expires_on: date) -> Change:
    row = {
        "id": new_id(),
        "account_id": account_id,
        "txn_id": txn_id,
        "amount": amount,
        "remaining": amount,
        "expires_on": expires_on,
    }
    return NEW_LOT.many([row] if amount else [])


def earn(cause: Cause, points: int) -> list[Change]:
    """Give `points` that become spendable later: brand -> pending."""
    return post("earn", cause, [(ISSUED[POINTS], account_of(cause.owner_id, "pending"), points)])


def vest(cause: Cause, points: int, *, debt: int, expires_on: date) -> list[Change]:
    """Make `points` spendable that were pending; what is owed (`debt` <= 0) is repaid first."""
    return _credit(
        "vest", cause, account_of(cause.owner_id, "pending"), points, POINTS, debt=debt, expires_on=expires_on
    )


def grant(
    cause: Cause, amount: int, *, unit: str = POINTS, debt: int, expires_on: date, kind: str = "grant"
) -> list[Change]:
    """Give `amount` that is spendable at once: a gift, an adjustment, growth."""
    return _credit(kind, cause, ISSUED[unit], amount, unit, debt=debt, expires_on=expires_on)


def _credit(
    kind: str, cause: Cause, source: str, amount: int, unit: str, *, debt: int, expires_on: date
) -> list[Change]:
    txn_id, target = txn_of(kind, cause.source_id), account_of(cause.owner_id, "member", unit)
    repaid, rest = rules.meet_debt(amount, debt=debt)
    moves = [(source, account_of(cause.owner_id, "debt", unit), repaid), (source, target, rest)]
    return [*post(kind, cause, moves), _open_lot(target, txn_id, rest, expires_on)]


def find_lots(
    owner_id: str,
    amount: int,
    *,
    unit: str = POINTS,
    today: date,
    found: Sequence[Lot] = (),
    as_far_as_it_goes: bool = False,
) -> Steps[list[LotUse]]:
    """Choose the lots that `amount` is taken from, soonest expiry first; `found` is the first page where it was read already.

    Refuses `NotEnough` where the lots that have not expired hold less, unless `as_far_as_it_goes`.
    """
    account_id, lots, page = account_of(owner_id, "member", unit), list(found), list(found)
    held = sum(lot.remaining for lot in lots)
    while amount > held and (len(page) == LOT_PAGE or not lots):
        page = yield from rows(LOTS(account_id=account_id, today=today, skip=len(lots)))
        lots.extend(page)
        held += sum(lot.remaining for lot in page)
        if not page:
            break
    if held < amount and not as_far_as_it_goes:
        raise NotEnough(unit=unit, balance=held, asked=amount)
    return rules.take_oldest_first(lots, amount)


def may_spend(balances: Balances, amount: int) -> None:
    """Refuse `InDebt` or `NotEnough` where `amount` points cannot be spent."""
    if amount and balances.debt:
        raise InDebt(debt=-balances.debt)
    if amount > balances.available:
        raise NotEnough(unit=POINTS, balance=balances.available, asked=amount)


def spend(cause: Cause, uses: Sequence[LotUse]) -> list[Change]:
    """Spend the points of `uses` for good: member -> redeemed."""
    txn_id, amount = txn_of("spend", cause.source_id), sum(use.amount for use in uses)
    moves = [(account_of(cause.owner_id, "member"), REDEEMED[POINTS], amount)]
    return [*post("spend", cause, moves), *_use_lots(txn_id, uses)]


def set_aside(cause: Cause, uses: Sequence[LotUse], *, hold_id: str, expires_at: datetime) -> list[Change]:
    """Hold the points of `uses`: member -> a hold account of its own, until they are captured or released."""
    txn_id, amount = txn_of("hold", cause.source_id), sum(use.amount for use in uses)
    if not amount:
        return []
    source = account_of(cause.owner_id, "member")
    return [
        OPEN_ACCOUNT(id=hold_id, owner_id=cause.owner_id, kind="hold", unit=POINTS, stored=True, balance=0),
        *post("hold", cause, [(source, hold_id, amount)]),
        *_use_lots(txn_id, uses),
        NEW_HOLD(
            id=hold_id,
            account_id=source,
            owner_id=cause.owner_id,
            txn_id=txn_id,
            qty=amount,
            used=0,
            released=0,
            open=True,
            expires_at=expires_at,
        ),
    ]


def capture(cause: Cause, held: Hold) -> list[Change]:
    """Spend what a hold still holds: hold -> redeemed."""
    amount = held.qty - held.used - held.released
    return [
        *post("capture", cause, [(held.id, REDEEMED[POINTS], amount)]),
        CLOSE_HOLD(id=held.id, used=amount, released=0),
    ]


def release(cause: Cause, held: Hold, uses: Sequence[LotUse]) -> list[Change]:
    """Give back what a hold still holds: hold -> member, into the lots it came from (`uses`), or with grace where those expired."""
    amount = held.qty - held.used - held.released
    back = _return("release", cause, held.id, amount, uses)
    return [*back, CLOSE_HOLD(id=held.id, used=0, released=amount)]


def unspend(cause: Cause, amount: int, uses: Sequence[LotUse]) -> list[Change]:
    """Give back `amount` points spent on an order: redeemed -> member, into the lots they came from."""
    return _return("unspend", cause, REDEEMED[POINTS], amount, uses)


def _return(kind: str, cause: Cause, source: str, amount: int, uses: Sequence[LotUse]) -> list[Change]:
    txn_id, target = txn_of(kind, cause.source_id), account_of(cause.owner_id, "member")
    back, late = rules.give_back(uses, amount, today=cause.business_date)
    return [
        *post(kind, cause, [(source, target, amount)]),
        *_use_lots(txn_id, back),
        _open_lot(target, txn_id, late, rules.grace_until(cause.business_date)),
    ]


def read_uses(order_id: str) -> Steps[list[LotUse]]:
    """Read which lots an order has taken from, net of what came back."""
    found = yield from rows(USES(order_id=order_id))
    return [LotUse(use.lot_id, use.amount, use.expires_on) for use in found]


def read_hold(hold_id: str) -> Steps[Hold | None]:
    """Read a hold."""
    return (yield from first(HOLD(id=hold_id)))


def unearn(
    cause: Cause, amount: int, *, vested: bool, balances: Balances, unit: str = POINTS, uses: Sequence[LotUse] = ()
) -> list[Change]:
    """Take back `amount` that was earned: from pending, or from what is available (`uses`), the rest as a debt."""
    kind = "unearn" if unit == POINTS else "ungrow"
    if not vested:
        return post(kind, cause, [(account_of(cause.owner_id, "pending", unit), ISSUED[unit], amount)])
    taken = sum(use.amount for use in uses)
    moves = [
        (account_of(cause.owner_id, "member", unit), ISSUED[unit], taken),
        (account_of(cause.owner_id, "debt", unit), ISSUED[unit], amount - taken),
    ]
    return [*post(kind, cause, moves), *_use_lots(txn_of(kind, cause.source_id), uses)]


def expire(cause: Cause, lot_id: str, remaining: int, *, unit: str) -> list[Change]:
    """Let what is left of a lot expire; the lot is the source."""
    moves = [(account_of(cause.owner_id, "member", unit), EXPIRED[unit], remaining)]
    return [
        *post("expire", cause, moves),
        *_use_lots(txn_of("expire", cause.source_id), [LotUse(lot_id, remaining, cause.business_date)]),
    ]


def adjust(cause: Cause, amount: int, *, balances: Balances, uses: Sequence[LotUse], expires_on: date) -> list[Change]:
    """Correct points by hand: `amount` > 0 gives from goodwill, < 0 takes the points of `uses` to it."""
    if amount > 0:
        return _credit("adjust", cause, GOODWILL[POINTS], amount, POINTS, debt=balances.debt, expires_on=expires_on)
    moves = [(account_of(cause.owner_id, "member"), GOODWILL[POINTS], -amount)]
    return [*post("adjust", cause, moves), *_use_lots(txn_of("adjust", cause.source_id), uses)]
