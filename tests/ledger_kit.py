"""What tests do with the ledger, each as one script, in the words of a till."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from goodtaste.app.rooms import PROOFS
from goodtaste.kernel.db import Change, Steps, rows, script, together
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.ledger import api as ledger
from tests.shop import LONG_AGO, Shop, those_that_find, write

TODAY = date(2040, 3, 1)  # far from the house's own day, so that its jobs leave these lots alone
FAR = date(2050, 1, 1)


async def an_owner(shop: Shop, *, points: int = 0, expires_on: date = FAR) -> str:
    """Open the accounts of a new owner, with points."""
    owner = new_id()
    await shop.db.run(write(*ledger.open_accounts(owner)))
    if points:
        await shop.db.run(grant(owner, points, expires_on=expires_on))
    return owner


def cause(owner: str, source: str, *, order: str | None = None, today: date = TODAY) -> ledger.Cause:
    """Return the cause of a movement."""
    return ledger.Cause(source, owner, "test", today, LONG_AGO, order)


@script
def grant(
    owner: str, points: int, *, expires_on: date = FAR, source: str = "", unit: str = ledger.POINTS
) -> Steps[None]:
    balances = (yield from ledger.read_balances(owner))[unit]
    given = cause(owner, source or new_id())
    yield ledger.grant(given, points, unit=unit, debt=balances.debt, expires_on=expires_on)


@script
def earn(owner: str, order: str, points: int) -> Steps[None]:
    yield ledger.earn(cause(owner, order, order=order), points)


@script
def vest(owner: str, order: str, *, expires_on: date = FAR) -> Steps[int]:
    balances = (yield from ledger.read_balances(owner))[ledger.POINTS]
    earned = yield from ledger.read_earned(order)
    assert earned is not None
    yield ledger.vest(cause(owner, order, order=order), earned, debt=balances.debt, expires_on=expires_on)
    return earned.pending


def _chosen(owner: str, points: int, today: date) -> Steps[list[ledger.LotUse]]:
    found, lots = yield from together(
        ledger.READ_BALANCES(owner_id=owner),
        ledger.LOTS(account_id=ledger.account_of(owner, "member"), today=today, skip=0),
    )
    ledger.may_spend(ledger.as_balances(found)[ledger.POINTS], points)
    return (yield from ledger.find_lots(owner, points, today=today, found=lots))


@script
def spend(owner: str, order: str, points: int, *, today: date = TODAY) -> Steps[None]:
    uses = yield from _chosen(owner, points, today)
    yield ledger.spend(cause(owner, order, order=order, today=today), uses)


@script
def hold(owner: str, order: str, points: int, *, hold_id: str, today: date = TODAY) -> Steps[None]:
    uses = yield from _chosen(owner, points, today)
    until = LONG_AGO + timedelta(minutes=15)
    yield ledger.set_aside(cause(owner, order, order=order, today=today), uses, hold_id=hold_id, expires_at=until)


@script
def capture(owner: str, order: str, *, hold_id: str, today: date = TODAY) -> Steps[None]:
    held = yield from ledger.read_hold(hold_id)
    assert held is not None
    yield ledger.capture(cause(owner, order, order=order, today=today), held)


@script
def release(owner: str, order: str, *, hold_id: str, today: date = TODAY) -> Steps[None]:
    held = yield from ledger.read_hold(hold_id)
    assert held is not None
    uses = yield from ledger.read_uses(order)
    yield ledger.release(cause(owner, order, order=order, today=today), held, uses)


@script
def unspend(owner: str, order: str, points: int, *, source: str, today: date = TODAY) -> Steps[None]:
    uses = yield from ledger.read_uses(order)
    yield ledger.unspend(cause(owner, source, order=order, today=today), points, uses)


@script
def unearn(
    owner: str, order: str, points: int, *, source: str, policy: ledger.ReturnPolicy = "unlimited", today: date = TODAY
) -> Steps[None]:
    yield (yield from _taken_back(owner, order, points, source=source, policy=policy, today=today))


def _taken_back(
    owner: str,
    order: str,
    points: int,
    *,
    source: str,
    today: date,
    policy: ledger.ReturnPolicy = "unlimited",
    coming: Sequence[ledger.LotUse] = (),
) -> Steps[list[Change]]:
    caused = cause(owner, source, order=order, today=today)
    return (yield from ledger.take_back(caused, points, policy=policy, coming=coming))


@script
def refund(owner: str, order: str, *, back: int, taken: int, source: str, today: date = TODAY) -> Steps[None]:
    """Give points back that were spent and take others back that were earned, in one batch, as a refund does."""
    uses = yield from ledger.read_uses(order)
    taken_back = yield from _taken_back(owner, order, taken, source=source, today=today)
    yield [*ledger.unspend(cause(owner, source, order=order, today=today), back, uses), *taken_back]


@script
def redeem(owner: str, order: str, points: int, *, today: date = TODAY) -> Steps[None]:
    uses = yield from _chosen(owner, points, today)
    yield ledger.spend(cause(owner, order, order=order, today=today), uses, kind="redeem")


@script
def unredeem(owner: str, order: str, points: int, *, today: date = TODAY) -> Steps[None]:
    uses = yield from ledger.read_uses(order)
    yield ledger.unspend(cause(owner, order, order=order, today=today), points, uses, kind="unredeem")


@script
def gift(owner: str, to: str, points: int, *, source: str, today: date = TODAY) -> Steps[None]:
    uses = yield from _chosen(owner, points, today)
    debt = (yield from ledger.read_balances(to))[ledger.POINTS].debt
    yield ledger.give_on(cause(owner, source, today=today), uses, to_id=to, to_debt=debt)


@script
def merge(owner: str, loser: str, *, source: str, today: date = TODAY) -> Steps[None]:
    yield (yield from ledger.merge(cause(owner, source, today=today), from_id=loser))


@script
def settle(owner: str, *, source: str, today: date = TODAY) -> Steps[None]:
    yield (yield from ledger.settle(cause(owner, source, today=today)))


@script
def adjust(owner: str, points: int, *, source: str, expires_on: date = FAR, today: date = TODAY) -> Steps[None]:
    balances = (yield from ledger.read_balances(owner))[ledger.POINTS]
    uses = (yield from ledger.find_lots(owner, -points, today=today)) if points < 0 else []
    yield ledger.adjust(cause(owner, source, today=today), points, balances=balances, uses=uses, expires_on=expires_on)


@script
def expire(owner: str, *, today: date) -> Steps[int]:
    lots = yield from rows(ledger.expired(owner, today=today))
    changes = [
        change
        for lot in lots
        for change in ledger.expire(
            cause(owner, derived_id(lot.id, str(today)), today=today), lot.id, lot.remaining, unit=lot.unit
        )
    ]
    yield changes
    return sum(lot.remaining for lot in lots)


async def points_of(shop: Shop, owner: str, unit: str = ledger.POINTS) -> ledger.Balances:
    """Read balances as they are now."""
    found = await shop.db.rows(ledger.READ_BALANCES(owner_id=owner))
    return ledger.as_balances(found)[unit]


async def broken_proofs(shop: Shop) -> dict[str, int]:
    """Return the proofs that do not hold, with how often."""
    broken = await those_that_find(shop.db, PROOFS)
    return {name: len(await shop.db.execute(PROOFS[name])) for name in broken}
