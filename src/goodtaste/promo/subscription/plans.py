"""Plans: what a subscription costs and gives, in versions that are never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Flag,
    GuardBroken,
    Id,
    ListOf,
    Read,
    Steps,
    Str,
    change,
    first,
    in_list,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Line, Name
from goodtaste.member.api import Program
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.tables import plan
from goodtaste.promo.tables import template

PAGE_MAX = 200
PERIODS_MIN = 12  # periods for which the limit of a template must at least suffice
COUPONS_MAX = 20  # of one benefit, a period
RETRIES_MAX = 6

Right = Literal["queue_priority", "exclusive_dishes", "free_delivery", "vip_service"]
Code = Annotated[str, msgspec.Meta(pattern=rf"^[a-z][a-z0-9_]{{1,23}}{END}")]
Days = Annotated[int, msgspec.Meta(ge=0, le=rules.TRIAL_DAYS_MAX)]


class PlanUnknown(Refusal):
    """Raised for a plan that does not exist or cannot be subscribed to any more.  Facts: `plan_id`."""

    code = "subscription.plan_unknown"
    status = 404


class BadPlan(Refusal):
    """Raised when a plan contradicts itself or what there is.  Facts: `field`, `why` (the code of the reason)."""

    code = "subscription.bad_plan"
    status = 422


class VersionTaken(Refusal):
    """Raised when another version of the plan was made at the same moment."""

    code = "subscription.version_taken"
    guards = ("promo_plan_version",)


class Coupons(Input, frozen=True, tag="coupons"):
    """So many coupons of a template, each period."""

    template_id: IdText
    count: Annotated[int, msgspec.Meta(ge=1, le=COUPONS_MAX)]


class BirthdayCoupon(Input, frozen=True, tag="birthday"):
    """A coupon in the period in which the member's birthday falls."""

    template_id: IdText


class Privilege(Input, frozen=True, tag="right"):
    """A right that other rooms ask for, as long as the subscription runs."""

    right: Right


Benefit = Coupons | BirthdayCoupon | Privilege


class NewPlan(Input, frozen=True, kw_only=True):
    """What makes a version of a plan.

    A period is a calendar month.  Plans of one `family` exclude each other.  `level` is a level of the program.  A charge that fails is
    tried again so many days after the first failure (`retry_days`); the subscription ends when `grace_days` have passed.  `refund`: what
    of a period is given back to one who leaves in it: what is not used, or nothing.
    """

    id: IdText
    code: Code
    family: Code
    name: Name
    name_en: Line = ""
    price_fen: Annotated[int, msgspec.Meta(ge=1, le=rules.LIMIT_FEN, description="Whole fen a month")]
    trial_days: Days = 0
    level: Name | None = None
    benefits: Annotated[tuple[Benefit, ...], msgspec.Meta(max_length=20)] = ()
    retry_days: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=60)], ...], msgspec.Meta(max_length=RETRIES_MAX)
    ] = (1, 3, 7)
    grace_days: Annotated[int, msgspec.Meta(ge=0, le=rules.GRACE_DAYS_MAX)] = 10
    refund: Literal["unused", "none"] = "unused"


class Plan(msgspec.Struct, frozen=True):
    """A version of a plan."""

    id: str
    code: str
    version: int
    family: str
    name: str
    name_en: str
    price_fen: int
    trial_days: int
    level: str | None
    benefits: list[Benefit]
    retry_days: list[int]
    grace_days: int
    refund: str
    open: bool
    fingerprint: str
    made_at: datetime

    @property
    def rights(self) -> frozenset[str]:
        """The rights that it gives."""
        return frozenset(each.right for each in self.benefits if isinstance(each, Privilege))


class _Top(msgspec.Struct, frozen=True):
    version: int | None
    family: str | None


class _Template(msgspec.Struct, frozen=True):
    id: str
    gives_max: int
    limit_each: int
    limit_day: int | None


COLUMNS = [plan.c[name] for name in Plan.__struct_fields__]
MAKE = insert(plan)
ONE = Read(select(*COLUMNS).where(plan.c.id == par("id", Id)), Plan)
ALL = Read(select(*COLUMNS).order_by(plan.c.made_at.desc(), plan.c.id).limit(PAGE_MAX), Plan)
OFFERED = Read(
    select(*COLUMNS).where(plan.c.open.is_(True)).order_by(plan.c.price_fen, plan.c.id).limit(PAGE_MAX), Plan
)
TOP = Read(
    select(func.max(plan.c.version).label("version"), func.max(plan.c.family).label("family")).where(
        plan.c.code == par("code", Str)
    ),
    _Top,
)
TEMPLATES = Read(
    select(template.c.id, template.c.gives_max, template.c.limit_each, template.c.limit_day).where(
        in_list(template.c.id, par("ids", ListOf))
    ),
    _Template,
)
SWITCH = change(update(plan).where(plan.c.id == par("id", Id)).values(open=par("open", Flag)), guard="promo_plan_gone")
CLOSE = change(update(plan).where(plan.c.code == par("code", Str)).values(open=False))


def _template_ids(asked: NewPlan) -> list[str]:
    return sorted({each.template_id for each in asked.benefits if not isinstance(each, Privilege)})


def _check(asked: NewPlan, program: Program) -> None:
    if asked.level is not None and asked.level not in {level.code for level in program.levels}:
        raise BadPlan(field="level", why="subscription.fault.no_level")
    if 0 < asked.trial_days < rules.TRIAL_DAYS_MIN:
        raise BadPlan(field="trial_days", why="subscription.fault.trial_short", days=rules.TRIAL_DAYS_MIN)
    if list(asked.retry_days) != sorted(set(asked.retry_days)):
        raise BadPlan(field="retry_days", why="subscription.fault.retries")
    if asked.retry_days and asked.retry_days[-1] > asked.grace_days:
        raise BadPlan(field="grace_days", why="subscription.fault.grace_short")
    if len({msgspec.json.encode(each) for each in asked.benefits}) < len(asked.benefits):
        raise BadPlan(field="benefits", why="subscription.fault.twice")
    if not asked.benefits and asked.level is None:
        raise BadPlan(field="benefits", why="subscription.fault.nothing")


def _check_templates(asked: NewPlan, found: list[_Template]) -> None:
    missing = set(_template_ids(asked)) - {each.id for each in found}
    if missing:
        raise BadPlan(field="benefits", why="subscription.fault.no_template", template_id=min(missing))
    wanted = {each.template_id: each.count for each in asked.benefits if isinstance(each, Coupons)}
    for each in found:
        n = wanted.get(each.id, 1)
        if each.limit_each < n * PERIODS_MIN or (each.limit_day or n) < n:
            raise BadPlan(field="benefits", why="subscription.fault.beyond_limits", template_id=each.id)
    if any(each.gives_max for each in found):
        raise BadPlan(field="benefits", why="subscription.fault.givable")


@script
def make(asked: NewPlan, *, program: Program, actor: Actor, at: datetime) -> Steps[Plan]:
    """Make a version of a plan, once per `asked.id`, and open it; the version before is offered no more and its subscribers keep it.

    Refuses `BadPlan`, `VersionTaken`.
    """
    _check(asked, program)
    mark = fingerprint(asked)
    found, tops, templates = yield from together(
        ONE(id=asked.id), TOP(code=asked.code), TEMPLATES(ids=_template_ids(asked))
    )
    if found:
        same_or_taken(found[0].fingerprint, mark, id_=asked.id)
        return found[0]
    _check_templates(asked, templates)
    if tops[0].family is not None and tops[0].family != asked.family:
        raise BadPlan(field="family", why="subscription.fault.other_family")
    version = (tops[0].version or 0) + 1
    row = msgspec.to_builtins(asked) | {"version": version, "open": True, "fingerprint": mark, "made_at": at}
    facts = msgspec.to_builtins(asked) | {"version": version}
    try:
        yield [
            CLOSE(code=asked.code),
            MAKE(**row),
            audit.note(actor, "subscription.plan_made", subject=f"plan/{asked.id}", at=at, **facts),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_plan_pkey":
            raise
        return (yield from make(asked, program=program, actor=actor, at=at))
    return msgspec.convert(row, Plan)


@script
def switch(plan_id: str, *, open_: bool, reason: str, actor: Actor, at: datetime) -> Steps[Plan]:
    """Offer a version of a plan, or offer it no more; who has it keeps it.  Refuses `PlanUnknown`."""
    found = yield from first(ONE(id=plan_id))
    if found is None:
        raise PlanUnknown(plan_id=plan_id)
    action = "subscription.plan_opened" if open_ else "subscription.plan_closed"
    yield [
        SWITCH(id=plan_id, open=open_),
        audit.note(actor, action, subject=f"plan/{plan_id}", reason=reason, at=at),
    ]
    return msgspec.structs.replace(found, open=open_)


@script
def all_plans() -> Steps[list[Plan]]:
    """Return the newest versions of all plans, at most `PAGE_MAX`."""
    return (yield from rows(ALL()))


@script
def offered() -> Steps[list[Plan]]:
    """Return the plans that one may subscribe to now, cheapest first."""
    return (yield from rows(OFFERED()))
