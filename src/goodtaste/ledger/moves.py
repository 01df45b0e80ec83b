"""Movements of points and growth, as steps of the scripts of other rooms.

Each returns the changes it wants and writes nothing itself.  A movement has a cause: the same kind of movement happens once for one
source (an order, a refund, a lot), whatever is retried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel.db import Change, Day, Id, Int, Read, Steps, add, change, first, insert, par, rows, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.ledger import rules
from goodtaste.ledger.accounts import OPEN_ACCOUNT, account_of
from goodtaste.ledger.rules import Balances, Lot, LotUse
from goodtaste.ledger.tables import (
    EXPIRED,
    GOODWILL,
    GROWTH,
    ISSUED,
    POINTS,
    REDEEMED,
    earned,
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
    guards = (
        "ledger_txn_reversed_once",
        "ledger_txn_pkey",
        "ledger_entry_pkey",
        "ledger_lot_use_pkey",
        "ledger_hold_pkey",
        "ledger_earned_pkey",
        "ledger_account_pkey",
    )


class HoldClosed(Refusal):
    """Raised when a hold, or what was earned on an order, has nothing left to use or give back."""

    code = "ledger.hold_closed"
    guards = ("ledger_hold_parts", "ledger_hold_gone", "ledger_earned_parts", "ledger_earned_gone")


class MoreThanTaken(Refusal):
    """Raised when more is to come back than was taken and has not come back yet.  Facts: `taken`, `asked`."""

    code = "ledger.more_than_taken"


class Cause(msgspec.Struct, frozen=True):
    """Why something moves: the source, whose it is, for which order, who did it, on which trading day and when."""

    source_id: str
    owner_id: str
    actor: str
    business_date: date
    at: datetime
    order_id: str | None = None
    note: str = ""


class _Sum(msgspec.Struct, frozen=True):
    amount: int


class Earned(msgspec.Struct, frozen=True):
    """Points earned on a source: how many, how many of them became spendable, how many were taken back before that."""

    id: str
    owner_id: str
    qty: int
    vested: int
    returned: int

    @property
    def pending(self) -> int:
        """What is neither spendable yet nor taken back."""
        return self.qty - self.vested - self.returned


class Hold(msgspec.Struct, frozen=True):
    """Points set aside for an order until `expires_at`: how many, and how many of them are used or released."""

    id: str
    owner_id: str
    txn_id: str
    qty: int
    used: int
    released: int
    expires_at: datetime


POST = insert(txn)
MOVE = insert(entry)
NEW_LOT = insert(lot)
LOT_CHANGES = add(lot, key=["id"], counters=["remaining"], guard="ledger_lot_gone")
USE = insert(lot_use)
NEW_EARNED = insert(earned)
EARNED_PARTS = add(earned, key=["id"], counters=["vested", "returned"], guard="ledger_earned_gone")
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
    LotUse,
)
_RETURNS = (txn.c.order_id == par("order_id", Id), txn.c.kind.in_(["release", "unspend"]))
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
EARNED = Read(
    select(*[earned.c[name] for name in Earned.__struct_fields__]).where(earned.c.id == par("id", Id)), Earned
)
HOLD = Read(select(*[hold.c[name] for name in Hold.__struct_fields__]).where(hold.c.id == par("id", Id)), Hold)


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
    row = {"id": txn_of("earn", cause.source_id), "owner_id": cause.owner_id, "qty": points, "vested": 0, "returned": 0}
    return [
        *post("earn", cause, [(ISSUED[POINTS], account_of(cause.owner_id, "pending"), points)]),
        NEW_EARNED.many([row] if points else []),
    ]


def earn_at_once(cause: Cause, points: int, *, debt: int, expires_on: date) -> list[Change]:
    """Give `points` that are spendable at once, as `earn` and then `vest` do it: for an order that is written when it is long done."""
    pending = account_of(cause.owner_id, "pending")
    row = {"id": txn_of("earn", cause.source_id), "owner_id": cause.owner_id, "qty": points, "vested": points}
    return [
        *post("earn", cause, [(ISSUED[POINTS], pending, points)]),
        *_credit("vest", cause, pending, points, POINTS, debt=debt, expires_on=expires_on),
        NEW_EARNED.many([row | {"returned": 0}] if points else []),
    ]


def vest(cause: Cause, earned: Earned, *, debt: int, expires_on: date) -> list[Change]:
    """Make what is pending of `earned` spendable; what is owed (`debt` <= 0) is repaid first."""
    source = account_of(cause.owner_id, "pending")
    changes = _credit("vest", cause, source, earned.pending, POINTS, debt=debt, expires_on=expires_on)
    return [*changes, EARNED_PARTS(id=earned.id, vested=earned.pending, returned=0)]


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
    coming: Sequence[LotUse] = (),
    as_far_as_it_goes: bool = False,
) -> Steps[list[LotUse]]:
    """Choose the lots that `amount` is taken from, soonest expiry first; `found` is the first page where it was read already.

    `coming`: what comes back into lots in the same act (`coming_back`); it is taken last.
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
    taken = sum(use.amount for use in uses)
    if amount > taken:
        raise MoreThanTaken(taken=taken, asked=amount)
    txn_id, target = txn_of(kind, cause.source_id), account_of(cause.owner_id, "member")
    back, late = rules.give_back(uses, amount, today=cause.business_date)
    return [
        *post(kind, cause, [(source, target, amount)]),
        *_use_lots(txn_id, back),
        _open_lot(target, txn_id, late, rules.grace_until(cause.business_date)),
    ]


def read_uses(order_id: str) -> Steps[list[LotUse]]:
    """Read which lots an order has taken from, net of what came back, be it into these lots or, where they had expired, into new ones."""
    found, [late] = yield from together(USES(order_id=order_id), CAME_LATE(order_id=order_id))
    return rules.less_late(found, late.amount)


def read_earned(source_id: str) -> Steps[Earned | None]:
    """Read what was earned on a source."""
    return (yield from first(EARNED(id=txn_of("earn", source_id))))


def read_hold(hold_id: str) -> Steps[Hold | None]:
    """Read a hold."""
    return (yield from first(HOLD(id=hold_id)))


def unearn(cause: Cause, amount: int, earned: Earned, uses: Sequence[LotUse]) -> list[Change]:
    """Take back `amount` that was earned on a source.

    First what is pending of it, then what is available (`uses`, as far as that goes), the rest becomes a debt.
    """
    pending = min(amount, earned.pending)
    taken = sum(use.amount for use in uses)
    moves = [
        (account_of(cause.owner_id, "pending"), ISSUED[POINTS], pending),
        (account_of(cause.owner_id, "member"), ISSUED[POINTS], taken),
        (account_of(cause.owner_id, "debt"), ISSUED[POINTS], amount - pending - taken),
    ]
    return [
        *post("unearn", cause, moves),
        *_use_lots(txn_of("unearn", cause.source_id), uses),
        EARNED_PARTS.many([{"id": earned.id, "vested": 0, "returned": pending}] if pending else []),
    ]


def shrink(cause: Cause, amount: int, uses: Sequence[LotUse]) -> list[Change]:
    """Take back `amount` of growth: what there is of it (`uses`), the rest as a debt that later growth fills first."""
    taken = sum(use.amount for use in uses)
    moves = [
        (account_of(cause.owner_id, "member", GROWTH), ISSUED[GROWTH], taken),
        (account_of(cause.owner_id, "debt", GROWTH), ISSUED[GROWTH], amount - taken),
    ]
    return [*post("shrink", cause, moves), *_use_lots(txn_of("shrink", cause.source_id), uses)]


def expire(cause: Cause, lot_id: str, remaining: int, *, unit: str) -> list[Change]:
    """Let what is left of a lot expire.  The source names the lot and the day: points may come back to a lot, and expire again."""
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
