"""Changing: to cancel, to resume, to take another plan; what is lost and what it costs is seen before, and checked when it is done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Steps, first, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Fen, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.promo.subscription import granting, plans, refunds, rules
from goodtaste.promo.subscription.charging import ChargeUnderWay, begun, new_charge
from goodtaste.promo.subscription.periods import CUT, RUNNING, PeriodRow, unused_fen
from goodtaste.promo.subscription.plans import Plan, PlanUnknown
from goodtaste.promo.subscription.record import (
    CHARGE,
    Charge,
    Known,
    SubscriptionRow,
    ended,
    loaded,
    save,
)
from goodtaste.promo.subscription.signing import PriceDiffers, consent


class NotLive(Refusal):
    """Raised when a subscription is over, or stands so that this cannot be done with it.  Facts: `state`."""

    code = "subscription.not_live"


class RefundDiffers(Refusal):
    """Raised when leaving now gives another amount back than was seen; see it again.  Facts: `refund_fen`, `seen_fen`."""

    code = "subscription.refund_differs"


class SamePlan(Refusal):
    """Raised when the plan asked for is the one that runs, or of another family.  Facts: `plan_id`."""

    code = "subscription.same_plan"


class Cancel(Input, frozen=True):
    """What a member sends to cancel: at the end of what is paid, or now, with the refund that they were shown."""

    when: Literal["period_end", "now"] = "period_end"
    seen_refund_fen: Fen = 0


class Stop(Cancel, frozen=True, kw_only=True):
    """What the staff send to end a subscription."""

    reason: Reason


class GiveBack(Input, frozen=True):
    """What the staff send to give a part of the running period back; the subscription goes on."""

    id: IdText
    amount_fen: Fen
    reason: Reason


class TakePlan(Input, frozen=True):
    """What a member sends to take another plan: a dearer one now, for the price less what is not used; any other at the next period.

    `id` is that of the charge, where there is one.  `agreed`: that they were shown the new price and when it counts.
    """

    id: IdText
    plan_id: IdText
    seen_amount_fen: Fen
    agreed: Literal[True]


class Taken(msgspec.Struct, frozen=True):
    """What became of the wish for another plan: with a charge that is to be sent now, or from the next period on."""

    charge: Charge | None


class Leaving(msgspec.Struct, frozen=True):
    """What leaving now would give back, and the period that runs."""

    refund_fen: int
    running: PeriodRow | None
    given: list[granting.Given]


def leaving(known: Known, *, zone: str, at: datetime) -> Steps[Leaving]:
    """Read what leaving now gives back: what is not used of the period that is paid, where the plan gives anything back."""
    running = yield from first(RUNNING(id=known.row.id))
    [given] = yield [granting.of_period(known.row.id, known.row.n)]
    if running is None or known.plan.refund == "none" or known.row.is_final:
        return Leaving(0, running, given)
    return Leaving(unused_fen(running, given, today=rules.day_of(at, zone)), running, given)


@script
def cancel(
    subscription_id: str, asked: Cancel, *, member_id: str | None, actor: Actor, zone: str, at: datetime
) -> Steps[None]:
    """Cancel a subscription: at the end of what is paid, or now with its refund.  The same again changes nothing.

    Refuses `SubscriptionUnknown`, `RefundDiffers`, `ChargeUnderWay`, `CouponHeld`.
    """
    known = yield from loaded(subscription_id, member_id=member_id)
    row = known.row
    if row.is_final or (asked.when == "period_end" and row.cancel_at_end):
        return
    notes = _noted(asked, row, actor=actor, at=at)
    if asked.when == "period_end":
        yield [*save(msgspec.structs.replace(row, cancel_at_end=True), at=at), *notes]
        return
    if known.charge is not None:
        raise ChargeUnderWay
    seen = yield from leaving(known, zone=zone, at=at)
    if seen.refund_fen != asked.seen_refund_fen:
        raise RefundDiffers(refund_fen=seen.refund_fen, seen_fen=asked.seen_refund_fen)
    back = yield from _back(known, seen, zone=zone, at=at)
    yield [*save(ended(row, state="cancelled", why="cancelled_now", at=at), at=at), *back, *notes]


def _noted(asked: Cancel, row: SubscriptionRow, *, actor: Actor, at: datetime) -> list[Change]:
    if not isinstance(asked, Stop):
        return []
    written = audit.note(
        actor,
        "subscription.stopped",
        subject=f"subscription/{row.id}",
        reason=asked.reason,
        at=at,
        when=asked.when,
        refund_fen=asked.seen_refund_fen,
    )
    return [written]


def _back(known: Known, seen: Leaving, *, zone: str, at: datetime) -> Steps[list[Change]]:
    """Return the changes that give back what is not used, with the coupons that were not."""
    if seen.refund_fen == 0 or seen.running is None:
        return []
    [charges] = yield [refunds.paid(known.row.id)]
    running, today = seen.running, rules.day_of(at, zone)
    return [
        CUT(
            id=known.row.id,
            the_n=running.n,
            seen_fen=running.value_fen,
            value_fen=running.value_fen - seen.refund_fen,
            ends_on=min(max(today, running.starts_on), running.ends_on),
        ),
        *granting.taken_back(seen.given, at=at),
        *refunds.parts(charges, seen.refund_fen, cause_id=known.row.id, reason="cancelled", at=at),
    ]


@script
def resume(subscription_id: str, *, member_id: str, at: datetime) -> Steps[None]:
    """Take a cancellation back before the end; the same again changes nothing.  Refuses `SubscriptionUnknown`, `NotLive`."""
    known = yield from loaded(subscription_id, member_id=member_id)
    row = known.row
    if row.is_final or row.state == "pending" or row.agreement != "signed":
        raise NotLive(state=row.state)
    if row.cancel_at_end:
        yield save(msgspec.structs.replace(row, cancel_at_end=False), at=at)


@script
def try_again(subscription_id: str, *, member_id: str, at: datetime) -> Steps[None]:
    """Have a charge that failed tried again now, for a subscriber who can pay again.  Refuses `SubscriptionUnknown`, `NotLive`."""
    known = yield from loaded(subscription_id, member_id=member_id)
    if known.row.state != "past_due" or known.row.failed_on is None:
        raise NotLive(state=known.row.state)
    if known.charge is None:
        yield save(msgspec.structs.replace(known.row, retry_at=at), at=at)


@script
def give_back(subscription_id: str, asked: GiveBack, *, actor: Actor, at: datetime) -> Steps[None]:
    """Give a part of the running period back, once per `asked.id`; the subscription goes on.

    Refuses `SubscriptionUnknown`, `RefundTooMuch`, `IdTaken`.
    """
    known = yield from loaded(subscription_id)
    charges, running, before = yield from together(
        refunds.paid(subscription_id), RUNNING(id=subscription_id), refunds.OF_SUBSCRIPTION(id=subscription_id)
    )
    made = [each for each in before if each.cause_id == asked.id and not each.makes_up_for]
    if made:
        if sum(each.amount_fen for each in made) != asked.amount_fen:
            raise IdTaken(id=asked.id)
        return
    left_fen = running[0].value_fen if running else 0
    if not 0 < asked.amount_fen <= left_fen:
        raise refunds.RefundTooMuch(left_fen=left_fen, asked_fen=asked.amount_fen)
    subject = f"subscription/{subscription_id}"
    yield [
        CUT(
            id=subscription_id,
            the_n=running[0].n,
            seen_fen=left_fen,
            value_fen=left_fen - asked.amount_fen,
            ends_on=running[0].ends_on,
        ),
        *refunds.parts(charges, asked.amount_fen, cause_id=asked.id, reason=asked.reason, at=at),
        *save(known.row, at=at),
        audit.note(
            actor, "subscription.refunded", subject=subject, reason=asked.reason, at=at, amount_fen=asked.amount_fen
        ),
    ]


def credit_fen(seen: Leaving, *, day: datetime, zone: str) -> int:
    """Return what is not used of the period that runs, whatever the plan says of refunds."""
    return unused_fen(seen.running, seen.given, today=rules.day_of(day, zone)) if seen.running else 0


def is_upgrade(known: Known, wanted: Plan) -> bool:
    """Tell whether a plan counts at once: it is another and dearer, and the period that runs is paid."""
    return known.row.state == "active" and wanted.code != known.plan.code and wanted.price_fen > known.plan.price_fen


@script
def take_plan(subscription_id: str, asked: TakePlan, *, member_id: str, zone: str, at: datetime) -> Steps[Taken]:
    """Take another plan, or another version of one's own; what it costs is agreed to here, once per `asked.id`.

    Refuses `SubscriptionUnknown`, `PlanUnknown`, `SamePlan`, `NotLive`, `PriceDiffers`, `ChargeUnderWay`, `CouponHeld`.
    """
    known = yield from loaded(subscription_id, member_id=member_id)
    offers, made = yield from together(plans.ONE(id=asked.plan_id), CHARGE(id=asked.id))
    if made:
        if (made[0].subscription_id, made[0].plan_id, made[0].amount_fen) != (
            subscription_id, asked.plan_id, asked.seen_amount_fen,
        ):  # fmt: skip
            raise IdTaken(id=asked.id)
        return Taken(made[0])
    wanted = _wanted(known, offers, asked.plan_id)
    if not is_upgrade(known, wanted):
        if asked.seen_amount_fen != wanted.price_fen:
            raise PriceDiffers(price_fen=wanted.price_fen, seen_fen=asked.seen_amount_fen)
        next_id = None if wanted.id == known.plan.id else wanted.id
        if next_id == known.row.next_plan_id:
            return Taken(None)
        changed = msgspec.structs.replace(known.row, next_plan_id=next_id)
        yield [*save(changed, at=at), consent(subscription_id, wanted, at=at)]
        return Taken(None)
    return (yield from _upgrade(known, wanted, asked, zone=zone, at=at))


def _upgrade(known: Known, wanted: Plan, asked: TakePlan, *, zone: str, at: datetime) -> Steps[Taken]:
    """Begin the charge of a dearer plan, less the credit of what is not used."""
    if known.charge is not None:
        raise ChargeUnderWay
    seen = yield from leaving(known, zone=zone, at=at)
    for each in seen.given:
        if each.coupon_state == "held":
            raise granting.CouponHeld(order_id=each.order_id)
    credit = credit_fen(seen, day=at, zone=zone)
    if wanted.price_fen - credit != asked.seen_amount_fen:
        raise PriceDiffers(price_fen=wanted.price_fen - credit, seen_fen=asked.seen_amount_fen)
    priced = Known(known.row, known.plan, wanted, None, known.notices, known.reach)
    charge = new_charge(priced, charge_id=asked.id, kind="upgrade", credit_fen=credit, at=at)
    try:
        yield [consent(known.row.id, wanted, at=at), *begun(charge, known.row, at=at)]
    except GuardBroken as broken:
        if broken.name == "promo_charge_pkey":
            raise IdTaken(id=asked.id) from broken
        raise
    return Taken(charge)


def _wanted(known: Known, offers: list[Plan], plan_id: str) -> Plan:
    row = known.row
    if row.is_final or row.state in ("pending", "past_due") or row.cancel_at_end or row.agreement != "signed":
        raise NotLive(state="cancelled" if row.cancel_at_end else row.state)
    keeps = bool(offers) and offers[0].id == row.plan_id
    if not offers or not (offers[0].open or keeps) or offers[0].price_fen > rules.LIMIT_FEN:
        raise PlanUnknown(plan_id=plan_id)
    if offers[0].family != row.family or (keeps and row.next_plan_id is None):
        raise SamePlan(plan_id=plan_id)
    return offers[0]


class PlanPrice(msgspec.Struct, frozen=True):
    """What another plan would cost: now, less the credit of what is not used, or each period from `from_on` on."""

    plan_id: str
    now: bool
    amount_fen: int
    credit_fen: int
    from_on: date | None


@script
def price_of(subscription_id: str, plan_id: str, *, member_id: str, zone: str, at: datetime) -> Steps[PlanPrice]:
    """Return what another plan would cost a subscriber.  Refuses `SubscriptionUnknown`, `PlanUnknown`, `SamePlan`, `NotLive`."""
    known = yield from loaded(subscription_id, member_id=member_id)
    [offers] = yield [plans.ONE(id=plan_id)]
    wanted = _wanted(known, offers, plan_id)
    if not is_upgrade(known, wanted):
        return PlanPrice(wanted.id, False, wanted.price_fen, 0, known.row.ends_on)
    seen = yield from leaving(known, zone=zone, at=at)
    credit = credit_fen(seen, day=at, zone=zone)
    return PlanPrice(wanted.id, True, wanted.price_fen - credit, credit, rules.day_of(at, zone))
