"""The rows of a subscription: how they are read together, and written over the version that was read."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import and_, or_, select, update

from goodtaste.events.subscription import SubscriptionChanged
from goodtaste.kernel.db import Change, Id, Int, Moment, Read, Steps, Str, change, insert, par, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.plans import COLUMNS as PLAN_COLUMNS
from goodtaste.promo.subscription.plans import Plan
from goodtaste.promo.subscription.tables import charge, plan, renewal_notice, subscription

NOTICES_MAX = 50  # of one period; six tries, and more where its price changes


class SubscriptionUnknown(Refusal):
    """Raised for a subscription that does not exist or is another member's.  Facts: `subscription_id`."""

    code = "subscription.unknown"
    status = 404


class ChargeUnknown(Refusal):
    """Raised for a charge that does not exist.  Facts: `charge_id`."""

    code = "subscription.charge_unknown"
    status = 404


class SubscriptionRow(msgspec.Struct, frozen=True):
    """A subscription as stored."""

    id: str
    member_id: str
    family: str
    plan_id: str
    next_plan_id: str | None
    state: rules.State
    agreement: rules.Agreement
    sign_url: str
    trial_days: int
    anchor_on: date | None
    anchor_n: int
    n: int
    starts_on: date | None
    ends_on: date | None
    failed_on: date | None
    failures: int
    retry_at: datetime | None
    cancel_at_end: bool
    level_id: str | None
    levels_over: list[str]
    why: str
    fingerprint: str
    made_at: datetime
    ended_at: datetime | None
    next_at: datetime | None
    version: int
    holds: str | None

    @property
    def is_final(self) -> bool:
        """Whether it is over for good."""
        return self.state in rules.FINAL


class Charge(msgspec.Struct, frozen=True):
    """A charge as stored."""

    id: str
    subscription_id: str
    n: int
    kind: str
    plan_id: str
    price_fen: int
    credit_fen: int
    amount_fen: int
    notice_id: str | None
    noticed_fen: int | None
    noticed_s: int | None
    made_s: int
    state: str
    gateway_ref: str | None
    detail: str
    refunded_fen: int
    started_at: datetime
    look_at: datetime
    settled_at: datetime | None
    holds: str | None

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in rules.OPEN


class NoticeRow(msgspec.Struct, frozen=True):
    """A notice of a renewal as stored."""

    id: str
    subscription_id: str
    n: int
    try_no: int
    amount_fen: int
    state: str
    reference: str
    begun_at: datetime
    sent_at: datetime | None
    look_at: datetime
    delivered_s: int | None


class Known(msgspec.Struct, frozen=True):
    """A subscription with all that decides what is to be done with it."""

    row: SubscriptionRow
    plan: Plan
    next_plan: Plan
    charge: Charge | None
    notices: list[NoticeRow]
    reach: members.Reach | None

    def standing(self) -> rules.Standing:
        """Return it as the rules see it."""
        row, due_fen = self.row, self.next_plan.price_fen
        newest = self.notices[0] if self.notices else None
        return rules.Standing(
            state=row.state,
            agreement=row.agreement,
            n=row.n,
            ends_on=row.ends_on,
            made_at=row.made_at,
            cancel_at_end=row.cancel_at_end,
            failed_on=row.failed_on,
            failures=row.failures,
            retry_at=row.retry_at,
            has_trial=self.row.trial_days > 0,
            due_fen=due_fen,
            retry_days=tuple(self.plan.retry_days),
            grace_days=self.plan.grace_days,
            barred=self.reach is None or self.reach.status != "active",
            charging=self.charge is not None,
            levels_over=bool(row.levels_over),
            ask_at=self.charge.look_at if self.charge else None,
            notice=rules.Notice(newest.try_no, newest.state, newest.begun_at, newest.look_at) if newest else None,
            good=self.good(due_fen),
        )

    def good(self, due_fen: int) -> rules.Good | None:
        """Return the first delivered notice that announces at least `due_fen`."""
        found = [
            rules.Good(each.id, each.amount_fen, each.delivered_s)
            for each in self.notices
            if each.delivered_s is not None and each.amount_fen >= due_fen
        ]
        return min(found, key=lambda good: good.delivered_s, default=None)


COLUMNS = [subscription.c[name] for name in SubscriptionRow.__struct_fields__]
CHARGE_COLUMNS = [charge.c[name] for name in Charge.__struct_fields__]
ONE = Read(select(*COLUMNS).where(subscription.c.id == par("id", Id)), SubscriptionRow)
PLANS_OF = Read(
    select(*PLAN_COLUMNS).join_from(
        plan,
        subscription,
        and_(
            subscription.c.id == par("id", Id),
            or_(plan.c.id == subscription.c.plan_id, plan.c.id == subscription.c.next_plan_id),
        ),
    ),
    Plan,
)
OPEN_CHARGE = Read(
    select(*CHARGE_COLUMNS).where(charge.c.subscription_id == par("id", Id), charge.c.state.in_(rules.OPEN)), Charge
)
CHARGE = Read(select(*CHARGE_COLUMNS).where(charge.c.id == par("id", Id)), Charge)
SETTLE = change(
    update(charge)
    .where(charge.c.id == par("id", Id), charge.c.state == par("from_state", Str))
    .values(
        state=par("state", Str),
        gateway_ref=par("gateway_ref", Str),
        detail=par("detail", Str),
        refunded_fen=par("refunded_fen", Int),
        look_at=par("look_at", Moment),
        settled_at=par("settled_at", Moment),
        holds=par("holds", Str),
    ),
    guard="promo_charge_moved",
)
NOTICES = Read(
    select(*[renewal_notice.c[name] for name in NoticeRow.__struct_fields__])
    .join_from(
        renewal_notice,
        subscription,
        and_(subscription.c.id == renewal_notice.c.subscription_id, subscription.c.n + 1 == renewal_notice.c.n),
    )
    .where(renewal_notice.c.subscription_id == par("id", Id))
    .order_by(renewal_notice.c.try_no.desc())
    .limit(NOTICES_MAX),
    NoticeRow,
)
NEW = insert(subscription)
_FIXED = ("id", "member_id", "family", "fingerprint", "made_at", "version")
SAVE = change(
    update(subscription)
    .where(subscription.c.id == par("id", Id), subscription.c.version == par("seen", Int))
    .values(
        version=subscription.c.version + 1,
        **{
            name: par(name, type(subscription.c[name].type))  # type: ignore[arg-type]
            for name in SubscriptionRow.__struct_fields__
            if name not in _FIXED
        },
    ),
    guard="promo_subscription_moved",
)
LOOK = change(
    update(subscription)
    .where(subscription.c.id == par("id", Id), subscription.c.version == par("seen", Int))
    .values(next_at=par("next_at", Moment)),
)


def load(subscription_id: str) -> Steps[Known | None]:
    """Read a subscription with all that decides what is to be done with it."""
    found, plans, charges, notices = yield from together(
        ONE(id=subscription_id),
        PLANS_OF(id=subscription_id),
        OPEN_CHARGE(id=subscription_id),
        NOTICES(id=subscription_id),
    )
    if not found:
        return None
    row = found[0]
    [reached] = yield [members.reach(row.member_id)]
    by_id = {each.id: each for each in plans}
    return Known(
        row,
        by_id[row.plan_id],
        by_id[row.next_plan_id or row.plan_id],
        charges[0] if charges else None,
        notices,
        reached[0] if reached else None,
    )


def loaded(subscription_id: str, *, member_id: str | None = None) -> Steps[Known]:
    """Read a subscription, a member's own where one is named.  Refuses `SubscriptionUnknown`."""
    known = yield from load(subscription_id)
    if known is None or (member_id is not None and known.row.member_id != member_id):
        raise SubscriptionUnknown(subscription_id=subscription_id)
    return known


def live_key(member_id: str, family: str) -> str:
    """Return what a live subscription holds."""
    return f"{member_id}/{family}"


def told(row: SubscriptionRow) -> SubscriptionChanged:
    """Return the event that shows a subscription as `row` says."""
    return SubscriptionChanged(
        subscription_id=row.id,
        member_id=row.member_id,
        family=row.family,
        plan_id=row.plan_id,
        state=row.state,
        period=row.n,
        ends_on=row.ends_on,
        cancel_at_end=row.cancel_at_end,
        why=row.why,
        version=row.version,
    )


def save(row: SubscriptionRow, *, at: datetime) -> list[Change]:
    """Write `row` over the version it was read in, to be looked at again at once, and tell it.

    A subscription that was changed meanwhile stops the batch, and the script that wants it runs again.
    """
    after = msgspec.structs.replace(row, next_at=at)
    fields = {name: getattr(after, name) for name in SubscriptionRow.__struct_fields__ if name not in _FIXED}
    return [
        SAVE(id=row.id, seen=row.version, **fields),
        tell(told(msgspec.structs.replace(after, version=row.version + 1)), at=at),
    ]


def ended(row: SubscriptionRow, *, state: rules.State, why: str, at: datetime) -> SubscriptionRow:
    """Return a subscription as it is when it is over; the level that it gave ends with it."""
    return msgspec.structs.replace(
        row,
        state=state,
        why=why,
        ended_at=at,
        holds=None,
        retry_at=None,
        next_plan_id=None,
        cancel_at_end=False,
        level_id=None,
        levels_over=[*row.levels_over, *([row.level_id] if row.level_id else [])],
    )
