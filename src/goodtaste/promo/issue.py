"""Issuing coupons: claimed by a member, or given by the staff; never one more than budget and limit allow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Read, Steps, first, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.secrets import new_code
from goodtaste.member import api as members
from goodtaste.promo import rules
from goodtaste.promo.coupons import AT_HAND, BY_IDS, Held
from goodtaste.promo.tables import coupon
from goodtaste.promo.templates import ISSUED, ONE, BudgetSpent, Template, TemplateUnknown


class NotClaimable(Refusal):
    """Raised when a template is closed, over, or not for claiming.  Facts: `template_id`."""

    code = "promo.not_claimable"
    guards = ("promo_template_open",)


class LimitReached(Refusal):
    """Raised when the member has had as many of a template as one may have.  Facts: `template_id`, `limit`."""

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


class _Count(msgspec.Struct, frozen=True):
    n: int


NEW = insert(coupon)
HAD = Read(
    select(func.count().label("n")).where(
        coupon.c.template_id == par("template_id", Id), coupon.c.member_id == par("member_id", Id)
    ),
    _Count,
)


@script
def claim(asked: Claim, *, member_id: str, at: datetime) -> Steps[Held]:
    """Claim a coupon for oneself, once per `asked.id`.  Refuses `NotClaimable`, `LimitReached`, `BudgetSpent`."""
    return (yield from _issue(asked.id, asked.template_id, member_id, by=member_id, claimed=True, notes=[], at=at))


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
    return (
        yield from _issue(asked.id, asked.template_id, asked.member_id, by=actor.id, claimed=False, notes=[note], at=at)
    )


def _issue(
    coupon_id: str, template_id: str, member_id: str, *, by: str, claimed: bool, notes: list[Change], at: datetime
) -> Steps[Held]:
    templates, had, standings, existing = yield from together(
        ONE(id=template_id),
        HAD(template_id=template_id, member_id=member_id),
        members.standing(member_id),
        BY_IDS(ids=[coupon_id]),
    )
    if existing:
        return _same(existing[0], template_id, member_id)
    members.known(standings, member_id, redeems=True)
    if not templates:
        raise TemplateUnknown(template_id=template_id)
    found, nth = templates[0], had[0].n + 1
    span = _may_have(found, nth, claimed=claimed, at=at)
    row = _row(coupon_id, found, member_id, nth=nth, span=span, by=by, at=at)
    cost = rules.most_it_can_cost(
        found.kind, value=found.value, threshold_fen=found.threshold_fen, cap_fen=found.cap_fen
    )
    try:
        yield [ISSUED(id=template_id, issued=1, issued_fen=cost), NEW(**row), *notes]
    except GuardBroken as broken:
        if broken.name != "promo_coupon_pkey":
            raise
        again = yield from first(BY_IDS(ids=[coupon_id]))
        if again is None:
            raise
        return _same(again, template_id, member_id)
    return _held(row, found)


def _may_have(found: Template, nth: int, *, claimed: bool, at: datetime) -> tuple[datetime, datetime]:
    span = rules.validity(
        valid_from_at=found.valid_from_at, valid_to_at=found.valid_to_at, valid_days=found.valid_days, at=at
    )
    if not found.open or span is None or (claimed and not found.claimable):
        raise NotClaimable(template_id=found.id)
    if nth > found.limit_each:
        raise LimitReached(template_id=found.id, limit=found.limit_each)
    if found.budget_count is not None and found.issued >= found.budget_count:
        raise BudgetSpent(template_id=found.id)
    return span


def _same(existing: Held, template_id: str, member_id: str) -> Held:
    if (existing.template_id, existing.member_id) != (template_id, member_id):
        raise IdTaken(id=existing.id)
    return existing


def _row(
    coupon_id: str, found: Template, member_id: str, *, nth: int, span: tuple[datetime, datetime], by: str, at: datetime
) -> dict[str, Any]:
    return {
        "id": coupon_id,
        "code": rules.code_of(new_code(rules.CODE_SYMBOLS, rules.ALPHABET)),
        "template_id": found.id,
        "member_id": member_id,
        "nth": nth,
        "state": "issued",
        "valid_from_at": span[0],
        "valid_to_at": span[1],
        "order_id": None,
        "saved_fen": 0,
        "issued_by": by,
        "issued_at": at,
        "changed_at": at,
    }


def _held(row: dict[str, Any], found: Template) -> Held:
    of_template = {name: getattr(found, name) for name in Held.__struct_fields__ if name not in row}
    return Held(**{name: row[name] for name in Held.__struct_fields__ if name in row}, **of_template)


@script
def at_hand(member_id: str, *, at: datetime) -> Steps[list[Held]]:
    """Return the coupons that a member may still use, soonest expiry first."""
    return (yield from rows(AT_HAND(member_id=member_id, at=at)))
