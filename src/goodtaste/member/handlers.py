"""What members do on events: points of a completed order become spendable, growth follows what was paid, the level follows growth."""

from __future__ import annotations

from datetime import datetime

import msgspec

from goodtaste.events.ordering import OrderCompleted, OrderPaid, OrderRefunded
from goodtaste.events.shop import PointsExchanged
from goodtaste.kernel.db import Change, Steps, rows, together
from goodtaste.ledger import api as ledger
from goodtaste.ledger.api import GROWTH, POINTS
from goodtaste.member import rules
from goodtaste.member.purchases import GROWN, Purchase, complete, keep, read
from goodtaste.member.record import MEMBER, save
from goodtaste.member.rules import Program

ACTOR = "system"


def on_paid(event: OrderPaid, at: datetime) -> Steps[list[Change]]:
    """Remember what was paid, and tell the member's points as they are now."""
    if event.member_id is None:
        return []
    known = yield from read(event.member_id, event.order_id, today=event.business_date)
    if known is None:
        return []
    now = known.before or Purchase(event.order_id, event.member_id, event.paid_fen, 0, False, 0)
    return [keep(now), *save(known.row, balances=known.balances, at=at)]


def on_completed(event: OrderCompleted, at: datetime) -> Steps[list[Change]]:
    """Make the points of a completed order spendable, as many of them as are still pending, and give the growth it is worth.

    What whoever wrote the order gave at once is not given again.
    """
    if event.member_id is None:
        return []
    known = yield from read(event.member_id, event.order_id, today=event.business_date)
    if known is None or (known.before and known.before.completed):
        return []
    earned = yield from ledger.read_earned(event.order_id)
    before = known.before or Purchase(event.order_id, event.member_id, event.paid_fen, 0, False, 0)
    cause = ledger.Cause(event.order_id, event.member_id, ACTOR, event.business_date, at, event.order_id)
    brought = yield from complete(
        known,
        cause,
        before,
        worth_fen=min(event.paid_fen, before.paid_fen - before.refunded_fen),
        points=earned.pending if earned else 0,
        at=at,
    )
    return [*_vested(cause, earned, known.balances, known.program), *brought]


def on_refunded(event: OrderRefunded, at: datetime) -> Steps[list[Change]]:
    """Take back the growth that a refund undoes, so that what stays is the growth of what was paid and not refunded.

    It is taken from what the order itself gave: growth that has left the rolling year meanwhile is gone already, and nothing is owed.
    """
    if event.member_id is None:
        return []
    known = yield from read(event.member_id, event.order_id, today=event.business_date)
    if known is None:
        return []
    before = known.before
    if before is None:  # nothing is known of its payment, so it has brought no growth
        return save(known.row, balances=known.balances, at=at)
    refunded = min(before.refunded_fen + event.amount_fen, before.paid_fen)
    stays = 0 if event.whole else rules.growth_earned(before.paid_fen - refunded)
    taken = max(before.growth - stays, 0)
    lots = yield from rows(ledger.lots_of(GROWN, source_id=event.order_id, owner_id=event.member_id, unit=GROWTH))
    uses = ledger.take_oldest_first(lots, taken)
    growth = known.balances[GROWTH]
    found = sum(use.amount for use in uses)
    cause = ledger.Cause(event.refund_id, event.member_id, ACTOR, event.business_date, at, event.order_id)
    left = msgspec.structs.replace(growth, available=growth.available - found)
    return [
        *ledger.shrink(cause, found, uses),
        keep(msgspec.structs.replace(before, refunded_fen=refunded, growth=before.growth - taken)),
        *save(known.row, balances=known.balances | {GROWTH: left}, at=at),
    ]


def _vested(
    cause: ledger.Cause, earned: ledger.Earned | None, balances: dict[str, ledger.Balances], program: Program
) -> list[Change]:
    if earned is None or not earned.pending:
        return []
    expires_on = rules.expiry(cause.business_date, valid_days=program.points_valid_days)
    return ledger.vest(cause, earned, debt=balances[POINTS].debt, expires_on=expires_on)


def on_exchanged(event: PointsExchanged, at: datetime) -> Steps[list[Change]]:
    """Tell the member's points as they are after an exchange in the points shop, or after one was cancelled."""
    found, balances = yield from together(MEMBER(id=event.member_id), ledger.READ_BALANCES(owner_id=event.member_id))
    if not found or found[0].status == "erased":
        return []
    return save(found[0], balances=ledger.as_balances(balances), at=at)
