"""What members and staff see of subscriptions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Id, Int, Read, Steps, Str, par, rows, script, together
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.promo.subscription import granting, refunds
from goodtaste.promo.subscription.changing import Leaving, leaving
from goodtaste.promo.subscription.noticing import Balance, balance
from goodtaste.promo.subscription.plans import Plan
from goodtaste.promo.subscription.record import CHARGE_COLUMNS, COLUMNS, Charge, Known, SubscriptionRow, load, loaded
from goodtaste.promo.subscription.tables import charge, renewal_notice, subscription

PAGE_MAX = 200
OF_MEMBER_MAX = 20
HISTORY_MAX = 100


class Lost(msgspec.Struct, frozen=True):
    """What is lost by cancelling: coupons that are not used yet, rights and level from `until_on` on; what leaving now gives back."""

    until_on: date | None
    unused_coupons: int
    rights: list[str]
    level: str | None
    refund_now_fen: int


class SubscriptionView(msgspec.Struct, frozen=True):
    """A subscription as its member sees it.

    `renews_fen` is what the next period costs, on `ends_on`, None where it does not renew; `sign_url` is where a new one is signed;
    `paid_fen` is what was paid so far, less what was given back, and `saved_fen` what its coupons saved.
    """

    id: str
    state: str
    plan: Plan
    next_plan: Plan | None
    period: int
    starts_on: date | None
    ends_on: date | None
    cancel_at_end: bool
    why: str
    sign_url: str
    trial_days: int
    renews_fen: int | None
    noticed_on: datetime | None
    paid_fen: int
    saved_fen: int
    if_cancelled: Lost
    grants: list[granting.Given]
    made_at: datetime
    ended_at: datetime | None
    version: int


class NoticeView(msgspec.Struct, frozen=True):
    """A notice of a renewal as the staff see it."""

    id: str
    n: int
    try_no: int
    amount_fen: int
    state: str
    begun_at: datetime
    sent_at: datetime | None
    delivered_s: int | None


class SubscriptionFile(msgspec.Struct, frozen=True):
    """A subscription as the staff see it: with its charges, refunds and notices, newest first."""

    subscription: SubscriptionView
    member_id: str
    agreement: str
    charges: list[Charge]
    refunds: list[refunds.Refund]
    notices: list[NoticeView]


class SubscriptionLine(msgspec.Struct, frozen=True):
    """A subscription in a list."""

    id: str
    member_id: str
    family: str
    plan_id: str
    state: str
    period: int
    ends_on: date | None
    cancel_at_end: bool
    why: str
    made_at: datetime


class SubscriptionPage(msgspec.Struct, frozen=True):
    """Subscriptions, newest first; `next` is what to ask with as `before` for the next page."""

    subscriptions: list[SubscriptionLine]
    next: str | None


class _Id(msgspec.Struct, frozen=True):
    id: str


OF_MEMBER = Read(
    select(subscription.c.id)
    .where(subscription.c.member_id == par("member_id", Id))
    .order_by(subscription.c.made_at.desc(), subscription.c.id)
    .limit(OF_MEMBER_MAX),
    _Id,
)
CHARGES = Read(
    select(*CHARGE_COLUMNS)
    .where(charge.c.subscription_id == par("id", Id))
    .order_by(charge.c.started_at.desc(), charge.c.id)
    .limit(HISTORY_MAX),
    Charge,
)
NOTICES = Read(
    select(*[renewal_notice.c[name] for name in NoticeView.__struct_fields__])
    .where(renewal_notice.c.subscription_id == par("id", Id))
    .order_by(renewal_notice.c.begun_at.desc(), renewal_notice.c.id)
    .limit(HISTORY_MAX),
    NoticeView,
)
_OLDER = (
    select(*COLUMNS)
    .where(older(subscription.c.made_at, subscription.c.id))
    .order_by(subscription.c.made_at.desc(), subscription.c.id.desc())
    .limit(par("limit", Int))
)
_IN_STATE = subscription.c.state == par("state", Str)
_HIS = subscription.c.member_id == par("member_id", Id)
_PAGES = {
    (False, False): Read(_OLDER, SubscriptionRow),
    (True, False): Read(_OLDER.where(_IN_STATE), SubscriptionRow),
    (False, True): Read(_OLDER.where(_HIS), SubscriptionRow),
    (True, True): Read(_OLDER.where(_IN_STATE, _HIS), SubscriptionRow),
}


def _view(known: Known, so_far: Balance, seen: Leaving) -> SubscriptionView:
    row = known.row
    own = {name: getattr(row, name) for name in SubscriptionView.__struct_fields__ if hasattr(row, name)}
    stays = not row.cancel_at_end and row.state in ("pending", "trial", "active", "past_due")
    good = known.good(known.next_plan.price_fen)
    noticed = next((each.sent_at for each in known.notices if good is not None and each.id == good.id), None)
    unused = sum(each.coupon_state in ("issued", "offered", None) and each.state != "void" for each in seen.given)
    lost = Lost(row.ends_on, unused, sorted(known.plan.rights), known.plan.level, seen.refund_fen)
    return SubscriptionView(
        **own,
        plan=known.plan,
        next_plan=known.next_plan if known.next_plan is not known.plan else None,
        period=row.n,
        renews_fen=known.next_plan.price_fen if stays else None,
        noticed_on=noticed,
        paid_fen=so_far.paid_fen,
        saved_fen=so_far.saved_fen,
        if_cancelled=lost,
        grants=seen.given,
    )


def _seen(known: Known, *, zone: str, at: datetime) -> Steps[SubscriptionView]:
    so_far = yield from balance(known.row.id)
    seen = yield from leaving(known, zone=zone, at=at)
    return _view(known, so_far, seen)


@script
def one(subscription_id: str, *, member_id: str, zone: str, at: datetime) -> Steps[SubscriptionView]:
    """Return a subscription as its member sees it.  Refuses `SubscriptionUnknown`."""
    known = yield from loaded(subscription_id, member_id=member_id)
    return (yield from _seen(known, zone=zone, at=at))


@script
def of_member(member_id: str, *, zone: str, at: datetime) -> Steps[list[SubscriptionView]]:
    """Return a member's subscriptions, newest first, at most `OF_MEMBER_MAX`."""
    found = yield from rows(OF_MEMBER(member_id=member_id))
    shown = []
    for each in found:
        known = yield from load(each.id)
        if known is not None:
            shown.append((yield from _seen(known, zone=zone, at=at)))
    return shown


@script
def file(subscription_id: str, *, zone: str, at: datetime) -> Steps[SubscriptionFile]:
    """Return a subscription as the staff see it.  Refuses `SubscriptionUnknown`."""
    known = yield from loaded(subscription_id)
    shown = yield from _seen(known, zone=zone, at=at)
    charges, backs, notices = yield from together(
        CHARGES(id=subscription_id), refunds.OF_SUBSCRIPTION(id=subscription_id), NOTICES(id=subscription_id)
    )
    return SubscriptionFile(shown, known.row.member_id, known.row.agreement, charges, backs, notices)


@script
def page(*, state: str | None, member_id: str | None = None, before: str, limit: int) -> Steps[SubscriptionPage]:
    """Return a page of subscriptions, newest first, in one state and of one member where they are named.  Refuses `BadCursor`."""
    edge = start(before)
    asked = {"state": state, "member_id": member_id}
    named: dict[str, Any] = {name: value for name, value in asked.items() if value}
    query = _PAGES["state" in named, "member_id" in named]
    found = yield from rows(query(before_at=edge.at, before_id=edge.id, limit=limit, **named))
    return SubscriptionPage([_line(each) for each in found], next_of(found, limit, lambda each: each.made_at))


def _line(row: SubscriptionRow) -> SubscriptionLine:
    names = [name for name in SubscriptionLine.__struct_fields__ if name != "period"]
    return SubscriptionLine(**{name: getattr(row, name) for name in names}, period=row.n)
