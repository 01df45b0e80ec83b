"""Issuing coupons: claimed by a member, or given by the house; never one more than budget and limit allow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    ListOf,
    Moment,
    Query,
    Read,
    Steps,
    first,
    in_list,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.secrets import below
from goodtaste.member import api as members
from goodtaste.promo import rules
from goodtaste.promo.coupons import AT_HAND, ONE, Held
from goodtaste.promo.tables import coupon
from goodtaste.promo.templates import ISSUED, BudgetSpent, Template, one
from goodtaste.promo.templates import ONE as TEMPLATE


class NotClaimable(Refusal):
    """Raised when a template is closed, over, or not for claiming.  Facts: `template_id`."""

    code = "promo.not_claimable"
    guards = ("promo_template_open",)


class LimitReached(Refusal):
    """Raised when the member has had as many of a template as one may have, in all or on a day.  Facts: `template_id`, `limit`, `per`."""

    code = "promo.limit_reached"
    guards = ("promo_coupon_limit",)


class Claim(Input, frozen=True):
    """What a member sends to claim a coupon; the id is the coupon's."""

    id: IdText
    template_id: IdText


class Issue(Input, frozen=True):
    """What the staff send to give a member a coupon."""

    id: IdText
    template_id: IdText
    member_id: IdText
    reason: Reason


class Had(msgspec.Struct, frozen=True):
    """How many coupons of a template a member has had."""

    member_id: str
    n: int


class Grant(msgspec.Struct, frozen=True):
    """Whom a coupon is for, and where it comes from."""

    id: str
    member_id: str
    by: str
    from_id: str | None = None
    gives: int = 0
    campaign_id: str | None = None


NEW = insert(coupon)
_BY_MEMBERS = (
    select(coupon.c.member_id, func.count().label("n"))
    .where(coupon.c.template_id == par("template_id", Id), in_list(coupon.c.member_id, par("members", ListOf)))
    .group_by(coupon.c.member_id)
)
HAD = Read(_BY_MEMBERS, Had)
HAD_SINCE = Read(_BY_MEMBERS.where(coupon.c.issued_at >= par("since", Moment)), Had)


def had(template_id: str, member_ids: Sequence[str]) -> Query[Had]:
    """Return the query of how many coupons of a template members have had."""
    return HAD(template_id=template_id, members=list(member_ids))


def had_today(found: Template, member_ids: Sequence[str], *, at: datetime) -> Steps[dict[str, int]]:
    """Return how many members have had on the trading day of `at`, where the template has a limit a day; else nothing is read."""
    if found.limit_day is None:
        return {}
    calendar = found.calendar
    since = calendar.day_of(calendar.business_date(at))[0]
    query = HAD_SINCE(template_id=found.id, members=list(member_ids), since=since)
    return {each.member_id: each.n for each in (yield from rows(query))}


def may_have(found: Template, *, so_far: int, today: int) -> None:
    """Refuse `LimitReached` where a member may have no more of a template: of two that one member gets at once one runs again."""
    if so_far >= found.limit_each:
        raise LimitReached(template_id=found.id, limit=found.limit_each, per="member")
    if found.limit_day is not None and today >= found.limit_day:
        raise LimitReached(template_id=found.id, limit=found.limit_day, per="day")


@script
def claim(asked: Claim, *, member_id: str, at: datetime) -> Steps[Held]:
    """Claim a coupon for oneself, once per `asked.id`.  Refuses `NotClaimable`, `LimitReached`, `BudgetSpent`."""
    grant = Grant(asked.id, member_id, by=member_id)
    return (yield from _issue(grant, asked.template_id, claimed=True, notes=[], at=at))


@script
def issue(asked: Issue, *, actor: Actor, at: datetime) -> Steps[Held]:
    """Give a member a coupon, once per `asked.id`.  Refuses what `claim` refuses, except for templates that are not for claiming."""
    note = audit.note(
        actor,
        "promo.coupon_issued",
        subject=f"member/{asked.member_id}",
        reason=asked.reason,
        at=at,
        coupon_id=asked.id,
    )
    grant = Grant(asked.id, asked.member_id, by=actor.id)
    return (yield from _issue(grant, asked.template_id, claimed=False, notes=[note], at=at))


def _issue(grant: Grant, template_id: str, *, claimed: bool, notes: list[Change], at: datetime) -> Steps[Held]:
    found, standings, existing, had_so_far = yield from together(
        TEMPLATE(id=template_id),
        members.standing(grant.member_id),
        ONE(id=grant.id),
        had(template_id, [grant.member_id]),
    )
    if existing:
        return same(existing[0], template_id, grant.member_id)
    members.known(standings, grant.member_id, redeems=True)
    of = one(found, template_id)
    span = may_issue(of, claimed=claimed, at=at)
    so_far = had_so_far[0].n if had_so_far else 0
    today = yield from had_today(of, [grant.member_id], at=at)
    may_have(of, so_far=so_far, today=today.get(grant.member_id, 0))
    row = coupon_row(of, grant, nth=so_far + 1, span=span, at=at)
    try:
        yield [count(of, 1), NEW(**row), *notes]
    except GuardBroken as broken:
        if broken.name != "promo_coupon_pkey":
            raise
        again = yield from first(ONE(id=grant.id))
        if again is None:
            raise
        return same(again, template_id, grant.member_id)
    return as_held(row, of)


def may_issue(found: Template, *, claimed: bool, at: datetime) -> tuple[datetime, datetime]:
    """Return when a coupon made now is valid; refuses `NotClaimable` and `BudgetSpent`."""
    span = found.span(at)
    if not found.open or span is None or (claimed and not found.claimable):
        raise NotClaimable(template_id=found.id)
    if room(found) < 1:
        raise BudgetSpent(template_id=found.id)
    return span


def room(found: Template) -> int:
    """Return how many more coupons the budgets of a template allow; a very large number where it has none."""
    by_count = rules.MANY if found.budget_count is None else found.budget_count - found.issued
    if found.budget_fen is None or not found.cost_fen:
        return by_count
    return min(by_count, (found.budget_fen - found.issued_fen) // found.cost_fen)


def count(found: Template, n: int) -> Change:
    """Write that `n` coupons of a template are made by the terms that were read."""
    return ISSUED(id=found.id, version=found.version, issued=n, issued_fen=n * found.cost_fen)


def same(existing: Held, template_id: str, member_id: str) -> Held:
    """Return a coupon that was made before under this id; refuses `IdTaken` where it is of another template or member."""
    if (existing.template_id, existing.member_id) != (template_id, member_id):
        raise IdTaken(id=existing.id)
    return existing


def coupon_row(
    found: Template, grant: Grant, *, nth: int, span: tuple[datetime, datetime], at: datetime
) -> dict[str, Any]:
    """Return the row of a coupon that is made now."""
    return {
        "id": grant.id,
        "code": rules.code_of(rules.body_of(below(rules.BODIES))),
        "template_id": found.id,
        "member_id": grant.member_id,
        "nth": nth,
        "state": "issued",
        "valid_from_at": span[0],
        "valid_to_at": span[1],
        "order_id": None,
        "saved_fen": 0,
        "issued_by": grant.by,
        "issued_at": at,
        "changed_at": at,
        "cost_fen": found.cost_fen,
        "from_id": grant.from_id,
        "gives": grant.gives,
        "campaign_id": grant.campaign_id,
    }


def as_held(row: dict[str, Any], found: Template) -> Held:
    """Return a coupon's row as it is shown."""
    known = row | {"by_store": bool(found.store_budgets)}
    of_template = {name: getattr(found, name) for name in Held.__struct_fields__ if name not in known}
    return Held(**{name: known[name] for name in Held.__struct_fields__ if name in known}, **of_template)


@script
def at_hand(member_id: str, *, at: datetime) -> Steps[list[Held]]:
    """Return the coupons that a member may still use, soonest expiry first."""
    return (yield from rows(AT_HAND(member_id=member_id, at=at)))
