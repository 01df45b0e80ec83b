"""Settling: what the gateway says of a charge becomes its state, once, and what it pays for is given in the same transaction."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import structlog

from goodtaste.events.subscription import SubscriptionCharged
from goodtaste.kernel.db import Change, Steps, first, script
from goodtaste.kernel.outbox import tell
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import granting, plans, refunds, rules, standing
from goodtaste.promo.subscription.periods import CUT, OPEN_PERIOD, RUNNING, PeriodRow, unused_fen
from goodtaste.promo.subscription.record import (
    CHARGE,
    SETTLE,
    Charge,
    ChargeUnknown,
    Known,
    SubscriptionRow,
    load,
    save,
)

log = structlog.get_logger()


def next_state(state: str, outcome: payments.Outcome, *, amount_fen: int) -> tuple[str, str]:
    """Return what `outcome` makes of a charge, and the gateway's word for it; money is money whenever it comes."""
    if isinstance(outcome, payments.Paid):
        if outcome.amount_fen == amount_fen:
            return "succeeded", ""
        outcome = payments.Unknown(f"the gateway speaks of {outcome.amount_fen} fen instead of {amount_fen}")
    if state not in rules.OPEN:
        return state, ""
    if isinstance(outcome, payments.Declined | payments.Closed):
        return "failed", outcome.code
    if isinstance(outcome, payments.Pending):
        return "pending", ""
    return "unknown", outcome.why if isinstance(outcome, payments.Unknown) else ""


@script
def settle(charge_id: str, *, outcome: payments.Outcome, zone: str, at: datetime) -> Steps[Charge]:
    """Settle a charge as its gateway says it stands; as often as anybody says it.  Refuses `ChargeUnknown`.

    A success pays the period in the same transaction: the period, its grants, the subscription.  Where it cannot, all of it goes back.
    """
    found = yield from first(CHARGE(id=charge_id))
    if found is None:
        raise ChargeUnknown(charge_id=charge_id)
    state, detail = next_state(found.state, outcome, amount_fen=found.amount_fen)
    final = state not in rules.OPEN
    if final and state == found.state:
        return found
    after = msgspec.structs.replace(
        found,
        state=state,
        detail=detail[:200],
        gateway_ref=getattr(outcome, "gateway_ref", "") or found.gateway_ref,
        settled_at=at if final else None,
        look_at=rules.next_ask(found.started_at, at=at),
        holds=None if state == "failed" else f"{found.subscription_id}/{found.n}",
    )
    if not final:
        yield [_settled(found, after)]
        return after
    known = yield from load(found.subscription_id)
    if known is None:
        raise ChargeUnknown(charge_id=charge_id)
    if state == "failed":
        yield [_settled(found, after), _told(known, after, "failed"), *_failed(known, after, zone=zone, at=at)]
        return after
    return (yield from _paid(known, found, after, zone=zone, at=at))


def _settled(before: Charge, after: Charge) -> Change:
    names = ("id", "state", "gateway_ref", "detail", "refunded_fen", "look_at", "settled_at", "holds")
    return SETTLE(from_state=before.state, **{name: getattr(after, name) for name in names})


def _told(known: Known, after: Charge, outcome: str) -> Change:
    return tell(
        SubscriptionCharged(
            subscription_id=after.subscription_id,
            member_id=known.row.member_id,
            charge_id=after.id,
            period=after.n,
            kind=after.kind,  # type: ignore[arg-type]
            amount_fen=after.amount_fen,
            outcome=outcome,  # type: ignore[arg-type]
            why=after.detail,
        ),
        at=after.settled_at or after.started_at,
    )


def _failed(known: Known, after: Charge, *, zone: str, at: datetime) -> list[Change]:
    row = known.row
    if row.is_final or after.kind == "upgrade" or after.n != row.n + 1:
        return save(row, at=at)
    seen = known.standing()
    return save(
        msgspec.structs.replace(
            row,
            state="pending" if row.state == "pending" else "past_due",
            failed_on=row.failed_on or rules.day_of(at, zone),
            failures=row.failures + 1,
            retry_at=rules.retry_at(seen, at=at, zone=zone),
        ),
        at=at,
    )


def _paid(known: Known, found: Charge, after: Charge, *, zone: str, at: datetime) -> Steps[Charge]:
    running = yield from first(RUNNING(id=found.subscription_id))
    given = yield from _given(known.row)
    today = rules.day_of(at, zone)
    back = _why_back(known, found, running, given, today)
    if back:
        after = msgspec.structs.replace(after, detail=back, refunded_fen=after.amount_fen, holds=None)
        yield [
            _settled(found, after),
            refunds.whole(after, why=back, at=at),
            _told(known, after, "back"),
            *save(known.row, at=at),
        ]
        log.warning("subscription_charge_goes_back", charge_id=after.id, why=back)
        return after
    opened = yield from _period(known, after, running, given, today=today, zone=zone, at=at)
    yield [_settled(found, after), _told(known, after, "paid"), *opened]
    return after


def _given(row: SubscriptionRow) -> Steps[list[granting.Given]]:
    [given] = yield [granting.of_period(row.id, row.n)]
    return given  # type: ignore[no-any-return]


def _why_back(
    known: Known, found: Charge, running: PeriodRow | None, given: list[granting.Given], today: date
) -> str | None:
    """Tell why money that came pays for nothing, or None where it does."""
    row, other = known.row, known.charge
    if row.n >= found.n or (other is not None and other.id != found.id):
        return "twice"
    if row.is_final or row.cancel_at_end:
        return "cancelled"
    if found.kind != "upgrade":
        return None
    if running is None or any(each.coupon_state == "held" for each in given):
        return "changed"
    return None if unused_fen(running, given, today=today) >= found.credit_fen else "changed"


def _span(known: Known, paid: Charge, today: date) -> tuple[date, int, tuple[date, date]]:
    """Return the anchor, the number of the period at it, and the days of the period that a charge pays.

    One that is paid within its grace keeps its days; one that is paid later than that begins on the day it is paid.
    """
    row = known.row
    if paid.kind == "renewal" and row.anchor_on is not None:
        span = rules.period(row.anchor_on, paid.n - row.anchor_n)
        if today <= span[0] + timedelta(days=known.plan.grace_days):
            return row.anchor_on, row.anchor_n, span
    return today, paid.n, rules.period(today, 0)


def _period(
    known: Known,
    paid: Charge,
    running: PeriodRow | None,
    given: list[granting.Given],
    *,
    today: date,
    zone: str,
    at: datetime,
) -> Steps[list[Change]]:
    plan = yield from first(plans.ONE(id=paid.plan_id))
    if plan is None:
        raise plans.PlanUnknown(plan_id=paid.plan_id)
    anchor_on, anchor_n, span = _span(known, paid, today)
    row = msgspec.structs.replace(
        known.row,
        state="active",
        plan_id=paid.plan_id,
        next_plan_id=None if known.row.next_plan_id == paid.plan_id else known.row.next_plan_id,
        anchor_on=anchor_on,
        anchor_n=anchor_n,
        n=paid.n,
        starts_on=span[0],
        ends_on=span[1],
        failed_on=None,
        failures=0,
        retry_at=None,
    )
    opened = OPEN_PERIOD(
        subscription_id=row.id,
        n=paid.n,
        plan_id=paid.plan_id,
        starts_on=span[0],
        ends_on=span[1],
        value_fen=paid.price_fen,
        charge_id=paid.id,
    )
    changes = [opened, *granting.grants(row, paid.n, plan, reach=known.reach, span=span, at=at)]
    if paid.kind == "upgrade" and running is not None:
        changes += [
            CUT(
                id=row.id,
                the_n=running.n,
                seen_fen=running.value_fen,
                value_fen=running.value_fen - paid.credit_fen,
                ends_on=today,
            ),
            *granting.taken_back(granting.of_the_plan(given), at=at),
        ]
    row, level = yield from standing.level(row, plan, before=known.plan, at=at, zone=zone)
    return [*changes, *level, *save(row, at=at)]
