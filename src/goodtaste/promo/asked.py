"""What is sent to make or change a coupon template, and what of it makes no sense."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import PRINTABLE, Count, Fen, Id, Input, Line, Name, Positive, Reason
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.org.api import Directory
from goodtaste.pricing.api import AnyCouponKind, Channel, Conditions, Offer, PercentOff, Policy
from goodtaste.pricing.api import check as check_offer
from goodtaste.promo import rules

FIRST_YEAR, LAST_YEAR = 2000, 2200  # a later date is a mistake, and days added to it would leave the calendar
PERCENT = 10_000  # basis points

LATEST = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
GroupName = Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)]
Groups = Annotated[tuple[GroupName, ...], msgspec.Meta(max_length=20)]


class BadTemplate(Refusal):
    """Raised when a template contradicts itself or names what there is not.  Facts: `field`, `why` (the code of the reason), and those of
    the reason."""

    code = "promo.bad_template"
    status = 422


class StoreBudget(Input, frozen=True):
    """What the orders of one store may use: so many coupons, so much money off, or both."""

    store_id: Id
    budget_count: Positive | None = None
    budget_fen: Fen | None = None


class TemplateTerms(Input, frozen=True):
    """What a template says.

    `value`: fen off (cash), basis points off (percent), pieces free (exchange), pieces of `sku_id` (gift), fen of the delivery fee at
    most (free_delivery).  A coupon is valid between two instants, from the first to before the second; or for `valid_days` or
    `valid_hours` from `starts`; or both.  `conditions` ask when and for whom, by the store's own clock: weekdays, parts of the day.
    `budget_fen` counts what its coupons can cost at most.  A member has at most `limit_each`, and `limit_day` new ones a trading day.
    An order takes at most `share_max` coupons of one `share_group`, where that is named, and one of what shares one of `groups`;
    `stacks_with`: None, whatever is not excluded, else only what is named.  A coupon may be given on `gives_max` times; who it is meant
    for has `give_hours` to take it.  `comes_back`: it does after the refund of a whole order, for at least `grace_days`.
    `refund_policy`: what becomes of its threshold when pieces of an order come back; None: what the program says.
    `on_event`: it is given by itself when that happens.
    """

    name: Name
    kind: AnyCouponKind
    value: Positive
    name_en: Line = ""
    threshold_fen: Fen = 0
    cap_fen: Fen | None = None
    dish_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)] = ()
    store_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)] = ()
    channels: Annotated[tuple[Channel, ...], msgspec.Meta(max_length=20)] = ()
    valid_from_at: datetime | None = None
    valid_to_at: datetime | None = None
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] | None = None
    valid_hours: Annotated[int, msgspec.Meta(ge=1, le=8784)] | None = None
    starts: rules.Starts = "issue"
    conditions: Conditions = Conditions()
    sku_id: Id | None = None
    groups: Groups = ()
    stacks_with: Groups | None = None
    share_group: GroupName = ""
    share_max: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    budget_count: Positive | None = None
    budget_fen: Fen | None = None
    store_budgets: Annotated[tuple[StoreBudget, ...], msgspec.Meta(max_length=500)] = ()
    limit_each: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    limit_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    claimable: bool = False
    gives_max: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    give_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 72
    cost_centre: Literal["brand", "store", "partner"] = "brand"
    partner: Line = ""
    comes_back: bool = True
    grace_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = rules.GRACE_DAYS
    refund_policy: Policy | None = None
    on_event: Literal["member_joined"] | None = None


class NewTemplate(TemplateTerms, frozen=True, kw_only=True):
    """What makes a template: its id and its terms."""

    id: Id


class TemplateChange(TemplateTerms, frozen=True, kw_only=True):
    """What changes a template: all of its terms, the version that was seen, and why."""

    version: Count
    reason: Reason


class Ground(msgspec.Struct, frozen=True):
    """What templates stand on: the stores and dishes there are, and the brand's own days."""

    directory: Directory
    book: MenuBook
    calendar: BusinessCalendar


def ground(ctx: Ctx) -> Ground:
    """Return what a process knows of the ground that templates stand on."""
    return Ground(ctx.see(Directory), ctx.see(MenuBook), ctx.see(Program).calendar)


def check(asked: TemplateTerms, *, ground: Ground) -> None:
    """Refuse `BadTemplate` for terms that contradict themselves, or name a dish or a store that there is not."""
    _check_times(asked)
    _check_money(asked)
    _check_places(asked, ground)


def check_threshold(asked: TemplateTerms, *, ground: Ground, at: datetime) -> None:
    """Refuse `BadTemplate` for a threshold that any one portion of the menu reaches: an amount in yuan, or none was meant."""
    least_fen = ground.book.least_fen((), at=at) or 0
    plain = asked.kind == "cash" and asked.value == asked.threshold_fen  # as much as it takes off: it gives no change
    if 0 < asked.threshold_fen <= least_fen and not plain:
        facts = {"threshold_fen": asked.threshold_fen, "least_fen": least_fen}
        raise BadTemplate(field="threshold_fen", why="promo.fault.idle_threshold", **facts)


def _check_times(asked: TemplateTerms) -> None:
    for field, at in (("valid_from_at", asked.valid_from_at), ("valid_to_at", asked.valid_to_at)):
        if at is not None and at.tzinfo is None:
            raise BadTemplate(field=field, why="pricing.fault.needs_zone")
        if at is not None and not FIRST_YEAR < at.year < LAST_YEAR:
            raise BadTemplate(field=field, why="pricing.fault.year", first=FIRST_YEAR, last=LAST_YEAR)
    if asked.valid_days is None and asked.valid_hours is None and asked.valid_to_at is None:
        raise BadTemplate(field="valid_days", why="promo.fault.no_validity")
    if asked.valid_days is not None and asked.valid_hours is not None:
        raise BadTemplate(field="valid_hours", why="promo.fault.days_and_hours")
    if asked.valid_from_at and asked.valid_to_at and asked.valid_to_at <= asked.valid_from_at:
        raise BadTemplate(field="valid_to_at", why="pricing.fault.never_valid")
    if asked.conditions.store_ids or asked.conditions.channels:
        raise BadTemplate(field="conditions", why="promo.fault.places_apart")
    for fault in check_offer(_probe(asked)):
        raise BadTemplate(field=fault.field, why=f"pricing.fault.{fault.code}", **fault.facts)


def _probe(asked: TemplateTerms) -> Offer:
    """Return an offer with the conditions and exclusions of a coupon: they contradict themselves in the same ways."""
    return Offer(
        id="coupon",
        name=asked.name,
        benefit=PercentOff(off_bp=1),
        conditions=asked.conditions,
        groups=asked.groups,
        stacks_with=asked.stacks_with,
    )


def _check_money(asked: TemplateTerms) -> None:
    if asked.kind == "percent" and asked.value > PERCENT:
        raise BadTemplate(field="value", why="pricing.fault.percent", off_bp=asked.value)
    if asked.kind == "cash" and asked.threshold_fen and asked.value > asked.threshold_fen:
        facts = {"threshold_fen": asked.threshold_fen, "off_fen": asked.value}
        raise BadTemplate(field="threshold_fen", why="pricing.fault.below_value", **facts)
    if asked.budget_fen is not None and not rules.is_bounded(asked.kind, cap_fen=asked.cap_fen):
        raise BadTemplate(field="budget_fen", why="promo.fault.no_cap")
    if asked.limit_day is not None and asked.limit_day > asked.limit_each:
        raise BadTemplate(field="limit_day", why="promo.fault.day_above_each")
    if (asked.cost_centre == "partner") != bool(asked.partner):
        raise BadTemplate(field="partner", why="promo.fault.partner")


def _check_places(asked: TemplateTerms, ground: Ground) -> None:
    budgets = [each.store_id for each in asked.store_budgets]
    for field, ids in (("dish_ids", asked.dish_ids), ("store_ids", asked.store_ids), ("store_budgets", budgets)):
        there = ground.book.dish if field == "dish_ids" else ground.directory.stores
        unknown = [each for each in ids if each not in there]
        if unknown:
            raise BadTemplate(field=field, why="promo.fault.unknown", names=unknown[:3])
        if len({*ids}) < len(ids):
            raise BadTemplate(
                field=field, why="pricing.fault.twice", names=sorted({each for each in ids if ids.count(each) > 1})
            )
    if (asked.kind == "gift") != bool(asked.sku_id) or (asked.sku_id and asked.sku_id not in ground.book.sku):
        raise BadTemplate(field="sku_id", why="promo.fault.gift_sku")
    if asked.store_ids and {*budgets} - {*asked.store_ids}:
        raise BadTemplate(field="store_budgets", why="promo.fault.other_store")
    if any(each.budget_count is None and each.budget_fen is None for each in asked.store_budgets):
        raise BadTemplate(field="store_budgets", why="promo.fault.empty_store_budget")
