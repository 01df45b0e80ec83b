"""Signing: a member subscribes, signs the agreement at the gateway, and the subscription begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, GuardBroken, Id, Read, Steps, Str, first, insert, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import granting, plans, rules, standing
from goodtaste.promo.subscription.periods import OPEN_PERIOD
from goodtaste.promo.subscription.plans import Plan, PlanUnknown
from goodtaste.promo.subscription.record import NEW, ONE, SubscriptionRow, live_key, load, loaded, save, told
from goodtaste.promo.subscription.tables import agreed, period, subscription

ASK_AFTER = timedelta(minutes=1)  # whether it was signed, where nobody tells


class AlreadySubscribed(Refusal):
    """Raised when the member has a subscription of this family that is not over.  Facts: `family`."""

    code = "subscription.already"
    guards = ("promo_subscription_live",)


class PriceDiffers(Refusal):
    """Raised when another price was seen than the plan has.  Facts: `price_fen`, `seen_fen`."""

    code = "subscription.price_differs"


class TrialDiffers(Refusal):
    """Raised when another trial was seen than there is: a member has one trial in a family.  Facts: `trial_days`, `seen_days`."""

    code = "subscription.trial_differs"


class NotReachable(Refusal):
    """Raised when a member without a phone number would subscribe: nobody could tell them of the renewals."""

    code = "subscription.no_phone"


class NoGateway(Refusal):
    """Raised where this deployment has nobody who deducts by agreement, or they do not answer.  Facts: `why`."""

    code = "subscription.no_gateway"
    status = 503


class Subscribe(Input, frozen=True, kw_only=True):
    """What a member sends to subscribe.

    `seen_trial_days`: the days of trial that they were shown, none for one who had a trial in this family before.
    `agreed`: that they were shown what it costs each month, that it renews by itself, and how to end it; never ticked before.
    """

    id: IdText
    plan_id: IdText
    seen_price_fen: Fen
    seen_trial_days: Annotated[int, msgspec.Meta(ge=0, le=rules.TRIAL_DAYS_MAX)] = 0
    agreed: Literal[True]


class _Tried(msgspec.Struct, frozen=True):
    n: int


TRIED = Read(
    select(period.c.n)
    .join_from(period, subscription, subscription.c.id == period.c.subscription_id)
    .where(
        subscription.c.member_id == par("member_id", Id), subscription.c.family == par("family", Str), period.c.n == 0
    )
    .limit(1),
    _Tried,
)
AGREE = insert(agreed, conflict="skip")


def consent(subscription_id: str, plan: Plan, *, at: datetime) -> Change:
    """Return the change that keeps what a subscriber agreed to pay."""
    return AGREE(subscription_id=subscription_id, plan_id=plan.id, price_fen=plan.price_fen, at=at)


@script
def subscribe(asked: Subscribe, *, member_id: str, at: datetime) -> Steps[SubscriptionRow]:
    """Begin a subscription, once per `asked.id`: nothing is charged and nothing given before the agreement is signed.

    Refuses `PlanUnknown`, `PriceDiffers`, `TrialDiffers`, `NotReachable`, `AlreadySubscribed`, `MemberUnknown`, `MemberFrozen`.
    """
    mark = fingerprint([member_id, asked])
    found, offers, reached, standings = yield from together(
        ONE(id=asked.id), plans.ONE(id=asked.plan_id), members.reach(member_id), members.standing(member_id)
    )
    if found:
        same_or_taken(found[0].fingerprint, mark, id_=asked.id)
        return found[0]
    members.known(standings, member_id, redeems=True)
    if not offers or not offers[0].open:
        raise PlanUnknown(plan_id=asked.plan_id)
    plan = offers[0]
    if plan.price_fen != asked.seen_price_fen:
        raise PriceDiffers(price_fen=plan.price_fen, seen_fen=asked.seen_price_fen)
    if not reached or not reached[0].has_phone:
        raise NotReachable
    tried = yield from first(TRIED(member_id=member_id, family=plan.family))
    trial_days = 0 if tried else plan.trial_days
    if trial_days != asked.seen_trial_days:
        raise TrialDiffers(trial_days=trial_days, seen_days=asked.seen_trial_days)
    row = _new(asked.id, member_id, plan, trial_days=trial_days, mark=mark, at=at)
    try:
        yield [NEW(**msgspec.structs.asdict(row)), consent(row.id, plan, at=at), tell(told(row), at=at)]
    except GuardBroken as broken:
        if broken.name == "promo_subscription_live":
            raise AlreadySubscribed(family=plan.family) from broken
        if broken.name != "promo_subscription_pkey":
            raise
        return (yield from subscribe(asked, member_id=member_id, at=at))
    return row


def _new(id_: str, member_id: str, plan: Plan, *, trial_days: int, mark: str, at: datetime) -> SubscriptionRow:
    return SubscriptionRow(
        id=id_,
        member_id=member_id,
        family=plan.family,
        plan_id=plan.id,
        next_plan_id=None,
        state="pending",
        agreement="asked",
        sign_url="",
        trial_days=trial_days,
        anchor_on=None,
        anchor_n=1,
        n=0,
        starts_on=None,
        ends_on=None,
        failed_on=None,
        failures=0,
        retry_at=at + ASK_AFTER,
        cancel_at_end=False,
        level_id=None,
        levels_over=[],
        why="",
        fingerprint=mark,
        made_at=at,
        ended_at=None,
        next_at=at + ASK_AFTER,
        version=1,
        holds=live_key(member_id, plan.family),
    )


def gateway_of(ctx: Ctx) -> payments.Autopay:
    """Return who deducts; refuses `NoGateway`."""
    found = ctx.part(payments.Autopays).only
    if found is None:
        raise NoGateway(why="none")
    return found


@script
def signed(
    subscription_id: str, *, agreement: payments.Agreement | payments.Declined | payments.Unknown, at: datetime
) -> Steps[SubscriptionRow]:
    """Take note of how an agreement stands; as often as anybody says it.  One that is ended is never signed again.

    Refuses `SubscriptionUnknown`.
    """
    known = yield from loaded(subscription_id)
    row = known.row
    if isinstance(agreement, payments.Agreement) and agreement.state != row.agreement and row.agreement != "ended":
        after = msgspec.structs.replace(
            row, agreement=agreement.state, retry_at=None if row.state == "pending" else row.retry_at
        )
    elif isinstance(agreement, payments.Agreement) and agreement.sign_url and not row.sign_url:
        after = msgspec.structs.replace(row, sign_url=agreement.sign_url)
    elif row.state == "pending":
        after = msgspec.structs.replace(row, retry_at=rules.next_ask(row.made_at, at=at))
    else:
        return row
    yield save(after, at=at)
    return msgspec.structs.replace(after, version=row.version + 1)


async def invite(ctx: Ctx, row: SubscriptionRow, *, title: str) -> SubscriptionRow:
    """Have the agreement of a subscription laid before the member, once; refuses `NoGateway`, after which the same may be sent again."""
    if row.sign_url or row.state != "pending" or row.agreement != "asked":
        return row
    intent = payments.AgreementIntent(agreement_id=row.id, title=title, limit_fen=rules.LIMIT_FEN)
    answer = await gateway_of(ctx).invite(intent)
    if not isinstance(answer, payments.Agreement):
        raise NoGateway(why="declined" if isinstance(answer, payments.Declined) else "unknown")
    return await ctx.run(signed(row.id, agreement=answer, at=ctx.process.clock()))


@script
def begin_trial(subscription_id: str, *, zone: str, at: datetime) -> Steps[None]:
    """Begin the trial of a subscription whose agreement is signed: its days, its benefits, and when the first paid period begins."""
    known = yield from load(subscription_id)
    if known is None or rules.next_act(known.standing(), at=at, zone=zone).what != "trial":
        return
    plan, today = known.plan, rules.day_of(at, zone)
    span = (today, today + timedelta(days=known.row.trial_days))
    row = msgspec.structs.replace(
        known.row, state="trial", anchor_on=span[1], anchor_n=1, starts_on=span[0], ends_on=span[1], retry_at=None
    )
    row, level = yield from standing.level(row, plan, before=plan, at=at, zone=zone)
    yield [
        OPEN_PERIOD(
            subscription_id=row.id,
            n=0,
            plan_id=plan.id,
            starts_on=span[0],
            ends_on=span[1],
            value_fen=0,
            charge_id=None,
        ),
        *granting.grants(row, 0, plan, reach=known.reach, span=span, at=at),
        *level,
        *save(row, at=at),
    ]
