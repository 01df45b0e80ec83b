"""What a subscription gives as long as it runs: a level, which is the higher of the earned and the paid one, and rights."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import select

from goodtaste.kernel.db import Change, Id, ListOf, Query, Read, Steps, in_list, par, rows, script
from goodtaste.kernel.ids import derived_id
from goodtaste.member import api as members
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.plans import Benefit, Plan, Privilege
from goodtaste.promo.subscription.record import SubscriptionRow, load, save
from goodtaste.promo.subscription.tables import plan, subscription

RUNNING = ("trial", "active", "past_due")

log = structlog.get_logger()


class _Benefits(msgspec.Struct, frozen=True):
    benefits: list[Benefit]


BENEFITS_OF = Read(
    select(plan.c.benefits)
    .join_from(subscription, plan, plan.c.id == subscription.c.plan_id)
    .where(subscription.c.member_id == par("member_id", Id), in_list(subscription.c.state, par("states", ListOf))),
    _Benefits,
)


def _benefits_of(member_id: str) -> Query[_Benefits]:
    return BENEFITS_OF(member_id=member_id, states=list(RUNNING))


@script
def rights(member_id: str) -> Steps[frozenset[str]]:
    """Return the rights that a member's subscriptions give now, in their grace too: queue_priority, exclusive_dishes, …"""
    found = yield from rows(_benefits_of(member_id))
    return frozenset(each.right for one in found for each in one.benefits if isinstance(each, Privilege))


def level(
    row: SubscriptionRow, plan: Plan, *, before: Plan, at: datetime, zone: str
) -> Steps[tuple[SubscriptionRow, list[Change]]]:
    """Return a subscription with the level of `plan` given until the end of its grace, and the changes that give it.

    A level that the program does not have any more is not given: it never stands in the way of money.
    """
    if row.ends_on is None or plan.level is None:
        return _without(row), []
    until_at = rules.local(row.ends_on + timedelta(days=plan.grace_days + 1), 0, zone)
    if row.level_id is not None and before.level == plan.level:
        try:
            return row, (yield from members.prolong_grant(row.level_id, until_at=until_at, at=at))
        except members.GrantOver:
            log.info("subscription_level_ran_out", subscription_id=row.id)
    grant_id = derived_id(row.id, f"level/{row.n}/{plan.level}")
    try:
        changes = yield from members.grant_level(
            row.member_id, plan.level, grant_id=grant_id, source="paid", until_at=until_at, by="system", at=at
        )
    except (members.LevelUnknown, members.GrantOver, members.MemberUnknown) as refused:
        log.error("subscription_level_not_given", subscription_id=row.id, why=refused.code)
        return _without(row), []
    return msgspec.structs.replace(_without(row), level_id=grant_id), changes


def _without(row: SubscriptionRow) -> SubscriptionRow:
    """Return a subscription whose level is to be ended, where it gave one."""
    over = [row.level_id] if row.level_id else []
    return msgspec.structs.replace(row, level_id=None, levels_over=[*row.levels_over, *over])


@script
def end_level(subscription_id: str, *, at: datetime) -> Steps[None]:
    """End the first of the levels that a subscription gave and gives no more."""
    known = yield from load(subscription_id)
    if known is None or not known.row.levels_over:
        return
    first, *rest = known.row.levels_over
    try:
        changes = yield from members.end_grant(first, at=at)
    except (members.GrantUnknown, members.MemberUnknown):
        changes = []
    yield [*changes, *save(msgspec.structs.replace(known.row, levels_over=rest), at=at)]
