"""Granting: the coupons of a period, each once, and what becomes of them when the period is given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import func, select, update

from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Int, Moment, Query, Read, Steps, Str, change, first, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id
from goodtaste.member import api as members
from goodtaste.promo import issue
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.plans import BirthdayCoupon, Coupons, Plan
from goodtaste.promo.subscription.record import SubscriptionRow
from goodtaste.promo.subscription.tables import grant, subscription
from goodtaste.promo.tables import coupon
from goodtaste.promo.upkeep import REVOKE

OF_PERIOD_MAX = 1_000
PAUSE, PAUSE_MAX = timedelta(minutes=5), timedelta(hours=6)
UNUSED = ("issued", "offered")  # as a coupon may stand that can be taken back
TRIES_MAX = 200  # two months of trying; then it waits for a person
VOID_LOOK = timedelta(minutes=10)  # one that was taken back is looked at once more: its coupon may have been on its way
REASON = "付费会员权益"
BIRTHDAY_NAME = "birthday/"

log = structlog.get_logger()


class CouponHeld(Refusal):
    """Raised when a coupon of the period is on an order that is not paid: it is neither used nor free.  Facts: `order_id`."""

    code = "subscription.coupon_held"


class Due(msgspec.Struct, frozen=True):
    """A coupon that is to be issued."""

    id: str
    subscription_id: str
    template_id: str
    member_id: str
    state: str
    tries: int


class Given(msgspec.Struct, frozen=True):
    """A grant with its coupon, where it was issued."""

    id: str
    n: int
    name: str
    state: str
    error: str
    granted_at: datetime | None
    coupon_state: str | None
    order_id: str | None
    saved_fen: int


class _Sum(msgspec.Struct, frozen=True):
    saved_fen: int


class _State(msgspec.Struct, frozen=True):
    state: str
    coupon_state: str | None


_SAVED = func.coalesce(coupon.c.saved_fen, 0).label("saved_fen")
_GIVEN = select(
    grant.c.id,
    grant.c.n,
    grant.c.name,
    grant.c.state,
    grant.c.error,
    grant.c.granted_at,
    coupon.c.state.label("coupon_state"),
    coupon.c.order_id,
    _SAVED,
).join_from(grant, coupon, coupon.c.id == grant.c.id, isouter=True)
OF_PERIOD = Read(
    _GIVEN.where(grant.c.subscription_id == par("id", Id), grant.c.n == par("the_n", Int))
    .order_by(grant.c.name)
    .limit(OF_PERIOD_MAX),
    Given,
)
SAVED = Read(
    select(func.coalesce(func.sum(coupon.c.saved_fen), 0).label("saved_fen"))
    .join_from(grant, coupon, coupon.c.id == grant.c.id)
    .where(grant.c.subscription_id == par("id", Id), coupon.c.state == "redeemed"),
    _Sum,
)
_DUE = select(
    grant.c.id, grant.c.subscription_id, grant.c.template_id, subscription.c.member_id, grant.c.state, grant.c.tries
).join_from(grant, subscription, subscription.c.id == grant.c.subscription_id)
DUE_OF = Read(
    _DUE.where(grant.c.subscription_id == par("id", Id), grant.c.state == "due", grant.c.next_at <= par("at", Moment))
    .order_by(grant.c.id)
    .limit(OF_PERIOD_MAX),
    Due,
)
DUE = Read(
    _DUE.where(grant.c.next_at <= par("at", Moment), grant.c.id > par("after", Id))
    .order_by(grant.c.id)
    .limit(par("limit", Int)),
    Due,
)
GRANT = insert(grant)
BIRTHDAY = insert(grant, conflict="skip")
"""A birthday's grant has one id for a member and year: whichever of their subscriptions is first gives it, and no other."""
GIVEN = change(
    update(grant)
    .where(grant.c.id == par("id", Id), grant.c.state == "due")
    .values(state="given", granted_at=par("at", Moment), next_at=None, error=""),
    guard="promo_grant_moved",
)
LATER = change(
    update(grant)
    .where(grant.c.id == par("id", Id), grant.c.state == "due")
    .values(tries=grant.c.tries + 1, error=par("error", Str), next_at=par("next_at", Moment))
)
VOID = change(
    update(grant)
    .where(grant.c.id == par("id", Id), grant.c.state == "due")
    .values(state="void", next_at=par("next_at", Moment)),
    guard="promo_grant_moved",
)
STATE = Read(
    select(grant.c.state, coupon.c.state.label("coupon_state"))
    .join_from(grant, coupon, coupon.c.id == grant.c.id, isouter=True)
    .where(grant.c.id == par("id", Id)),
    _State,
)
FORGOTTEN = change(update(grant).where(grant.c.id == par("id", Id)).values(next_at=None))


def of_period(subscription_id: str, n: int) -> Query[Given]:
    """Return the query of what a period gave."""
    return OF_PERIOD(id=subscription_id, the_n=n)


def grants(
    row: SubscriptionRow, n: int, plan: Plan, *, reach: members.Reach | None, span: Any, at: datetime
) -> list[Change]:
    """Return the changes that write down which coupons a period gives; they are issued after the commit, each once.

    A member has a birthday's coupon once a year, however many subscriptions, periods and plans the day falls into.
    """
    ids: list[tuple[str, str, str]] = []
    births: list[tuple[str, str, str]] = []
    year = _birthday(reach, span)
    for each in plan.benefits:
        if isinstance(each, Coupons):
            names = [f"coupon/{each.template_id}/{i}" for i in range(1, each.count + 1)]
            ids += [(derived_id(row.id, f"grant/{n}/{name}"), name, each.template_id) for name in names]
        elif isinstance(each, BirthdayCoupon) and year is not None and not births:
            name = f"{BIRTHDAY_NAME}{each.template_id}"
            births.append((derived_id(row.member_id, f"birthday/{year}"), name, each.template_id))
    return [
        statement.many(
            [
                {
                    "id": id_,
                    "subscription_id": row.id,
                    "n": n,
                    "name": name,
                    "template_id": template_id,
                    "state": "due",
                    "tries": 0,
                    "error": "",
                    "next_at": at,
                    "granted_at": None,
                }
                for id_, name, template_id in those
            ]
        )
        for statement, those in ((GRANT, ids), (BIRTHDAY, births))
    ]


def _birthday(reach: members.Reach | None, span: Any) -> int | None:
    if reach is None or reach.birth_month is None or reach.birth_day is None:
        return None
    return rules.birthday_in(reach.birth_month, reach.birth_day, starts_on=span[0], ends_on=span[1])


def of_the_plan(given: list[Given]) -> list[Given]:
    """Return what a period gave without the birthday's coupon, which stays with the member when the plan becomes another."""
    return [each for each in given if not each.name.startswith(BIRTHDAY_NAME)]


def taken_back(given: list[Given], *, at: datetime) -> list[Change]:
    """Return the changes that take a period's unused coupons back; guarded, so that none is used meanwhile.  Refuses `CouponHeld`."""
    for each in given:
        if each.coupon_state == "held":
            raise CouponHeld(order_id=each.order_id)
    return [
        REVOKE.many([{"id": each.id, "at": at} for each in given if each.coupon_state in UNUSED]),
        VOID.many(
            [
                {"id": each.id, "next_at": at + VOID_LOOK}
                for each in given
                if each.state == "due" and each.coupon_state is None
            ]
        ),
    ]


@script
def _later(grant_id: str, *, error: str, next_at: datetime | None) -> Steps[None]:
    yield [LATER(id=grant_id, error=error, next_at=next_at)]


@script
def _issued(grant_id: str, *, at: datetime) -> Steps[None]:
    """Take note that a coupon was issued; where its grant was taken back meanwhile, take the coupon back too."""
    found = yield from first(STATE(id=grant_id))
    if found is None or found.state == "given":
        return
    if found.state == "due":
        yield [GIVEN(id=grant_id, at=at)]
        return
    unused = [{"id": grant_id, "at": at}] if found.coupon_state in UNUSED else []
    yield [REVOKE.many(unused), FORGOTTEN(id=grant_id)]


async def give(ctx: Ctx, due: Due) -> None:
    """Issue one coupon of a period; where it cannot be issued now, it is tried again, and says why."""
    at = ctx.process.clock()
    if due.state == "void":
        await ctx.run(_issued(due.id, at=at))
        return
    asked = issue.Issue(id=due.id, template_id=due.template_id, member_id=due.member_id, reason=REASON)
    try:
        await ctx.run(issue.issue(asked, actor=SYSTEM, at=at))
    except Refusal as refused:
        pause = min(PAUSE * 2 ** min(due.tries, 10), PAUSE_MAX)
        next_at = at + pause if due.tries < TRIES_MAX else None
        log.warning("subscription_grant_waits", grant_id=due.id, why=refused.code)
        await ctx.run(_later(due.id, error=refused.code, next_at=next_at))
        return
    await ctx.run(_issued(due.id, at=at))


async def give_due(ctx: Ctx, subscription_id: str) -> None:
    """Issue what is due of a subscription."""
    for due in await ctx.db.rows(DUE_OF(id=subscription_id, at=ctx.process.clock())):
        await give(ctx, due)
