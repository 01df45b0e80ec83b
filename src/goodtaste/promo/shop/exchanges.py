"""The points shop: members exchange points for coupons and goods; goods wait at the counter until they are handed over."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.events.shop import PointsExchanged
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    add,
    change,
    first,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, derived_id
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Line, Positive, Reason
from goodtaste.kernel.outbox import tell
from goodtaste.kernel.secrets import below
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.promo import issue, rules
from goodtaste.promo.shop.items import ONE as ITEM
from goodtaste.promo.shop.items import Item, ItemUnknown, SoldOut
from goodtaste.promo.shop.rules import first_free
from goodtaste.promo.shop.tables import exchange, item
from goodtaste.promo.templates import ONE as TEMPLATE
from goodtaste.promo.templates import one as template_of

SHOWN_MAX = 100
CODE = "S1"  # what a code of the points shop begins with


class NotOffered(Refusal):
    """Raised for an item that is not offered now, or not to members of this level.  Facts: `item_id`, `level`."""

    code = "promo.item_not_offered"
    guards = ("promo_item_as_seen",)


class PointsChanged(Refusal):
    """Raised when an item costs other points than the member saw.  Facts: `points`, `seen_points`."""

    code = "promo.item_points_changed"


class ExchangeLimit(Refusal):
    """Raised when a member has as many of an item as one may have.  Facts: `item_id`, `limit`."""

    code = "promo.exchange_limit"


class ExchangeUnknown(Refusal):
    """Raised for an exchange that was not made, or is another member's."""

    code = "promo.exchange_unknown"
    status = 404


class ExchangeOver(Refusal):
    """Raised when an exchange was handed over before, or cancelled.  Facts: `state`, `changed_at`."""

    code = "promo.exchange_over"
    guards = ("promo_exchange_waiting",)


class NewExchange(Input, frozen=True):
    """What a member sends to exchange points for an item; `seen_points` is what they agreed to."""

    id: IdText
    item_id: IdText
    seen_points: Positive


class HandOver(Input, frozen=True):
    """What a till sends to hand goods over: the code that the member shows, and where; the same id again is the same hand-over."""

    id: IdText
    code: Line
    store_id: IdText


class Cancelled(Input, frozen=True):
    """Why the staff cancel an exchange."""

    reason: Reason


class Exchange(msgspec.Struct, frozen=True):
    """Points exchanged for an item.  Goods wait until they are handed over for their `code`; a coupon is there at once."""

    id: str
    item_id: str
    member_id: str
    name: str
    name_en: str
    points: int
    state: str
    code: str
    coupon_id: str | None
    at: datetime
    changed_at: datetime
    hand_over_id: str | None
    store_id: str | None
    handed_by: str | None


class _Nth(msgspec.Struct, frozen=True):
    nth: int


_COLUMNS = [exchange.c[name] for name in Exchange.__struct_fields__]
NEW = insert(exchange)
ONE = Read(select(*_COLUMNS).where(exchange.c.id == par("id", Id)), Exchange)
BY_CODE = Read(select(*_COLUMNS).where(exchange.c.code == par("code", Str)), Exchange)
OF_MEMBER = Read(
    select(*_COLUMNS)
    .where(exchange.c.member_id == par("member_id", Id))
    .order_by(exchange.c.at.desc(), exchange.c.id.desc())
    .limit(SHOWN_MAX),
    Exchange,
)
NUMBERS = Read(
    select(exchange.c.nth).where(
        exchange.c.item_id == par("item_id", Id),
        exchange.c.member_id == par("member_id", Id),
        exchange.c.nth.is_not(None),
    ),
    _Nth,
)
TAKEN = add(
    item,
    key=["id", "version"],
    counters=["left", "exchanged"],
    when=item.c.open.is_(True),
    guard="promo_item_as_seen",
)
"""What is exchanged at the points that were read is taken only while the item is open and still costs them."""
BACK = add(item, key=["id"], counters=["left", "exchanged"], guard="promo_item_gone")
CANCEL = change(
    update(exchange)
    .where(exchange.c.id == par("id", Id), exchange.c.state == "waiting")
    .values(state="cancelled", nth=None, changed_at=par("at", Moment)),
    guard="promo_exchange_waiting",
)
HAND_OVER = change(
    update(exchange)
    .where(exchange.c.id == par("id", Id), exchange.c.state == "waiting")
    .values(
        state="handed_over",
        hand_over_id=par("hand_over_id", Id),
        store_id=par("store_id", Id),
        handed_by=par("handed_by", Str),
        changed_at=par("at", Moment),
    ),
    guard="promo_exchange_waiting",
)


@script
def make(asked: NewExchange, *, member_id: str, program: members.Program, today: date, at: datetime) -> Steps[Exchange]:
    """Exchange points for an item, once per `asked.id`.

    Refuses `ItemUnknown`, `NotOffered`, `PointsChanged`, `SoldOut`, `ExchangeLimit`, what `claim` of a coupon refuses, `MemberFrozen`,
    and `NotEnough` and `InDebt` of the ledger; nothing is taken then.
    """
    known, found, standings, balances, numbers = yield from together(
        ONE(id=asked.id),
        ITEM(id=asked.item_id),
        members.standing(member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        NUMBERS(item_id=asked.item_id, member_id=member_id),
    )
    if known:
        return _same(known[0], asked, member_id)
    standing = members.known(standings, member_id, redeems=True)
    if not found:
        raise ItemUnknown(item_id=asked.item_id)
    of = _may_have(found[0], asked, standing, program=program, at=at)
    nth = first_free({each.nth for each in numbers}, of.limit_each)
    if nth is None:
        raise ExchangeLimit(item_id=of.id, limit=of.limit_each)
    ledger.may_spend(ledger.as_balances(balances)[ledger.POINTS], of.points)
    uses = yield from ledger.find_lots(member_id, of.points, today=today)
    made = _exchange(of, asked.id, member_id, at=at)
    cause = ledger.Cause(made.id, member_id, member_id, today, at, order_id=made.id, note=of.name)
    coupon = (yield from _coupon(of, made, at=at)) if made.coupon_id else []
    yield [
        TAKEN(id=of.id, version=of.version, left=-1, exchanged=1),
        NEW(**msgspec.structs.asdict(made), nth=nth),
        *ledger.spend(cause, uses, kind="redeem"),
        *coupon,
        tell(_told(made), at=at),
    ]
    return made


@script
def cancel(exchange_id: str, *, actor: Actor, reason: str, today: date, at: datetime) -> Steps[Exchange]:
    """Cancel an exchange that was not handed over, once: the points go back into their lots, the goods into the shop.

    A member cancels their own.  Refuses `ExchangeUnknown`, and `ExchangeOver` once it was handed over.
    """
    found = yield from first(ONE(id=exchange_id))
    if found is None or (actor.kind == "member" and actor.id != found.member_id):
        raise ExchangeUnknown
    if found.state == "cancelled":
        return found
    _waits(found)
    uses = yield from ledger.read_uses(found.id)
    cause = ledger.Cause(found.id, found.member_id, actor.id, today, at, order_id=found.id, note=reason)
    after = msgspec.structs.replace(found, state="cancelled", changed_at=at)
    note = audit.note(
        actor,
        "promo.exchange_cancelled",
        subject=f"member/{found.member_id}",
        reason=reason,
        at=at,
        exchange_id=found.id,
    )
    yield [
        CANCEL(id=found.id, at=at),
        BACK(id=found.item_id, left=1, exchanged=-1),
        *ledger.unspend(cause, found.points, uses, kind="unredeem"),
        *([note] if actor.kind != "member" else []),
        tell(_told(after), at=at),
    ]
    return after


@script
def hand_over(asked: HandOver, *, actor: Actor, at: datetime) -> Steps[Exchange]:
    """Hand goods over to who shows their code, once; the same `asked.id` again gets the same answer, another one is refused.

    Refuses `ExchangeUnknown`, and `ExchangeOver` where they were handed over before or the exchange was cancelled.
    """
    found = yield from first(BY_CODE(code=asked.code.strip().upper()))
    if found is None:
        raise ExchangeUnknown
    if (found.hand_over_id, found.store_id) == (asked.id, asked.store_id):
        return found
    _waits(found)
    note = audit.note(
        actor,
        "promo.exchange_handed_over",
        subject=f"member/{found.member_id}",
        store_id=asked.store_id,
        at=at,
        exchange_id=found.id,
    )
    row = {"hand_over_id": asked.id, "store_id": asked.store_id, "handed_by": actor.id}
    yield [HAND_OVER(id=found.id, at=at, **row), note]
    return msgspec.structs.replace(found, state="handed_over", changed_at=at, **row)


@script
def of_member(member_id: str) -> Steps[list[Exchange]]:
    """Return the newest exchanges of a member, at most `SHOWN_MAX`."""
    return (yield from rows(OF_MEMBER(member_id=member_id)))


def _may_have(
    of: Item, asked: NewExchange, standing: members.Standing, *, program: members.Program, at: datetime
) -> Item:
    lowest = program.level(of.level).growth_min if of.level else 0
    if not of.is_on(at) or program.level(standing.level).growth_min < lowest:
        raise NotOffered(item_id=of.id, level=of.level)
    if of.points != asked.seen_points:
        raise PointsChanged(points=of.points, seen_points=asked.seen_points)
    if of.left == 0:
        raise SoldOut(item_id=of.id)
    return of


def _same(known: Exchange, asked: NewExchange, member_id: str) -> Exchange:
    if (known.item_id, known.member_id, known.points) != (asked.item_id, member_id, asked.seen_points):
        raise IdTaken(id=asked.id)
    return known


def _waits(found: Exchange) -> None:
    if found.state != "waiting":
        raise ExchangeOver(state=found.state, changed_at=found.changed_at)


def _exchange(of: Item, id_: str, member_id: str, *, at: datetime) -> Exchange:
    is_coupon = of.kind == "coupon"
    return Exchange(
        id=id_,
        item_id=of.id,
        member_id=member_id,
        name=of.name,
        name_en=of.name_en,
        points=of.points,
        state="handed_over" if is_coupon else "waiting",
        code=rules.code_of(rules.body_of(below(rules.BODIES)), CODE),
        coupon_id=derived_id(id_, "coupon") if is_coupon else None,
        at=at,
        changed_at=at,
        hand_over_id=None,
        store_id=None,
        handed_by=None,
    )


def _coupon(of: Item, made: Exchange, *, at: datetime) -> Steps[list[Change]]:
    """Return the changes that give a member the coupon of an item, within the budgets and limits of its template."""
    template_id = of.template_id or ""
    found, had = yield from together(TEMPLATE(id=template_id), issue.had(template_id, [made.member_id]))
    template = template_of(found, template_id)
    span = issue.may_issue(template, claimed=False, at=at)
    so_far = had[0].n if had else 0
    today = yield from issue.had_today(template, [made.member_id], at=at)
    issue.may_have(template, so_far=so_far, today=today.get(made.member_id, 0))
    grant = issue.Grant(made.coupon_id or "", made.member_id, by=made.member_id)
    row = issue.coupon_row(template, grant, nth=so_far + 1, span=span, at=at)
    return [issue.count(template, 1), issue.NEW(**row)]


def _told(made: Exchange) -> PointsExchanged:
    return PointsExchanged(
        exchange_id=made.id, member_id=made.member_id, item_id=made.item_id, points=made.points, state=made.state
    )
