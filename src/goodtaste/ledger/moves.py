"""Movements of points and growth, as steps of the scripts of other rooms.

Each returns the changes it wants and writes nothing itself.  A movement has a cause: the same kind of movement happens once for one
source (an order, a refund, a lot), whatever is retried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import Change, Id, Int, Read, Steps, add, change, first, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.ledger import rules
from goodtaste.ledger.accounts import OPEN_ACCOUNT, account_of
from goodtaste.ledger.lots import MoreThanTaken, find_lots, open_lot, txn_of, use_lots
from goodtaste.ledger.rules import Balances, LotUse, ReturnPolicy
from goodtaste.ledger.tables import EXPIRED, GOODWILL, GROWTH, ISSUED, POINTS, REDEEMED, earned, entry, hold, txn


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


class Cause(msgspec.Struct, frozen=True):
    """Why something moves: the source, whose it is, for which order, who did it, on which trading day and when."""

    source_id: str
    owner_id: str
    actor: str
    business_date: date
    at: datetime
    order_id: str | None = None
    note: str = ""


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

EARNED = Read(
    select(*[earned.c[name] for name in Earned.__struct_fields__]).where(earned.c.id == par("id", Id)), Earned
)
HOLD = Read(select(*[hold.c[name] for name in Hold.__struct_fields__]).where(hold.c.id == par("id", Id)), Hold)


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
    return [*post(kind, cause, moves), open_lot(target, txn_id, rest, expires_on)]


def spend(cause: Cause, uses: Sequence[LotUse], *, kind: str = "spend") -> list[Change]:
    """Spend the points of `uses` for good: member -> redeemed; on an order, or (`redeem`) in the points shop."""
    txn_id, amount = txn_of(kind, cause.source_id), sum(use.amount for use in uses)
    source = account_of(cause.owner_id, "member")
    moves = [(source, REDEEMED[POINTS], amount)]
    return [*post(kind, cause, moves), *use_lots(txn_id, source, uses)]


def set_aside(cause: Cause, uses: Sequence[LotUse], *, hold_id: str, expires_at: datetime) -> list[Change]:
    """Hold the points of `uses`: member -> a hold account of its own, until they are captured or released."""
    txn_id, amount = txn_of("hold", cause.source_id), sum(use.amount for use in uses)
    if not amount:
        return []
    source = account_of(cause.owner_id, "member")
    return [
        OPEN_ACCOUNT(id=hold_id, owner_id=cause.owner_id, kind="hold", unit=POINTS, stored=True, balance=0),
        *post("hold", cause, [(source, hold_id, amount)]),
        *use_lots(txn_id, source, uses),
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


def unspend(cause: Cause, amount: int, uses: Sequence[LotUse], *, kind: str = "unspend") -> list[Change]:
    """Give back `amount` points spent on an order, or (`unredeem`) in the shop: redeemed -> member, into the lots they came from."""
    return _return(kind, cause, REDEEMED[POINTS], amount, uses)


def _return(kind: str, cause: Cause, source: str, amount: int, uses: Sequence[LotUse]) -> list[Change]:
    taken = sum(use.amount for use in uses)
    if amount > taken:
        raise MoreThanTaken(taken=taken, asked=amount)
    txn_id, target = txn_of(kind, cause.source_id), account_of(cause.owner_id, "member")
    back, late = rules.give_back(uses, amount, today=cause.business_date)
    return [
        *post(kind, cause, [(source, target, amount)]),
        *use_lots(txn_id, target, back),
        open_lot(target, txn_id, late, rules.grace_until(cause.business_date)),
    ]


def read_earned(source_id: str) -> Steps[Earned | None]:
    """Read what was earned on a source."""
    return (yield from first(EARNED(id=txn_of("earn", source_id))))


def read_hold(hold_id: str) -> Steps[Hold | None]:
    """Read a hold."""
    return (yield from first(HOLD(id=hold_id)))


def take_back(cause: Cause, amount: int, *, policy: ReturnPolicy, coming: Sequence[LotUse] = ()) -> Steps[list[Change]]:
    """Take back `amount` points that the order of `cause` earned, as far as `policy` says; nothing where it earned none.

    `coming`: what comes back into lots in the same act (`coming_back`).
    """
    found = yield from read_earned(cause.order_id or "")
    if found is None:
        return []
    wanted = 0 if policy == "only_pending" else amount - min(amount, found.pending)
    uses = yield from find_lots(
        cause.owner_id, wanted, today=cause.business_date, coming=coming, as_far_as_it_goes=True
    )
    return unearn(cause, amount, found, uses, policy=policy)


def unearn(
    cause: Cause, amount: int, earned: Earned, uses: Sequence[LotUse], *, policy: ReturnPolicy = "unlimited"
) -> list[Change]:
    """Take back `amount` that was earned on a source.

    First what is pending of it, then what is available (`uses`, as far as that goes).  The rest becomes a debt where the policy is
    `unlimited`; otherwise the brand forgives it, as goodwill.
    """
    pending, available = min(amount, earned.pending), account_of(cause.owner_id, "member")
    taken = sum(use.amount for use in uses)
    bears = account_of(cause.owner_id, "debt") if policy == "unlimited" else GOODWILL[POINTS]
    moves = [
        (account_of(cause.owner_id, "pending"), ISSUED[POINTS], pending),
        (available, ISSUED[POINTS], taken),
        (bears, ISSUED[POINTS], amount - pending - taken),
    ]
    return [
        *post("unearn", cause, moves),
        *use_lots(txn_of("unearn", cause.source_id), available, uses),
        EARNED_PARTS.many([{"id": earned.id, "vested": 0, "returned": pending}] if pending else []),
    ]


def shrink(cause: Cause, amount: int, uses: Sequence[LotUse]) -> list[Change]:
    """Take back `amount` of growth: what there is of it (`uses`), the rest as a debt that later growth fills first."""
    taken = sum(use.amount for use in uses)
    moves = [
        (account_of(cause.owner_id, "member", GROWTH), ISSUED[GROWTH], taken),
        (account_of(cause.owner_id, "debt", GROWTH), ISSUED[GROWTH], amount - taken),
    ]
    return [
        *post("shrink", cause, moves),
        *use_lots(txn_of("shrink", cause.source_id), account_of(cause.owner_id, "member", GROWTH), uses),
    ]


def expire(cause: Cause, lot_id: str, remaining: int, *, unit: str) -> list[Change]:
    """Let what is left of a lot expire.  The source names the lot and the day: points may come back to a lot, and expire again."""
    source = account_of(cause.owner_id, "member", unit)
    moves = [(source, EXPIRED[unit], remaining)]
    return [
        *post("expire", cause, moves),
        *use_lots(txn_of("expire", cause.source_id), source, [LotUse(lot_id, remaining, cause.business_date)]),
    ]


def adjust(cause: Cause, amount: int, *, balances: Balances, uses: Sequence[LotUse], expires_on: date) -> list[Change]:
    """Correct points by hand: `amount` > 0 gives from goodwill, < 0 takes the points of `uses` to it."""
    if amount > 0:
        return _credit("adjust", cause, GOODWILL[POINTS], amount, POINTS, debt=balances.debt, expires_on=expires_on)
    source = account_of(cause.owner_id, "member")
    moves = [(source, GOODWILL[POINTS], -amount)]
    return [*post("adjust", cause, moves), *use_lots(txn_of("adjust", cause.source_id), source, uses)]
