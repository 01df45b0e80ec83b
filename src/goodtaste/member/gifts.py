"""Points that members give to each other, within limits: each keeps its last day, and nothing is gained on the way."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import func, select

from goodtaste.events.member import PointsGiven
from goodtaste.kernel.db import Day, Id, Read, Steps, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Line, Positive
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.ledger.api import POINTS
from goodtaste.member.record import MEMBER, MemberRow, one, save
from goodtaste.member.rules import Program
from goodtaste.member.standing import MemberFrozen
from goodtaste.member.tables import gift

PAGE_MAX = 100


class GiftToOneself(Refusal):
    """Raised when a member would give points to themselves."""

    code = "member.gift_to_oneself"
    status = 422


class GiftLimit(Refusal):
    """Raised when a gift, or all of a day, is larger than allowed.  Facts: `gift_max`, `day_max`, `given_today`, `asked`."""

    code = "member.gift_limit"


class GiftLevel(Refusal):
    """Raised when the giver's level is below the one from which members may give.  Facts: `level`."""

    code = "member.gift_level"
    status = 403


class NotGiftable(Refusal):
    """Raised when the receiver is not there, or cannot receive points now; which of the two stays untold."""

    code = "member.not_giftable"


class NewGift(Input, frozen=True):
    """What a member sends to give points: to whom, by the id that the receiver shows, and a line for them."""

    id: IdText
    to_member_id: IdText
    points: Positive
    note: Line = ""


class Gift(msgspec.Struct, frozen=True):
    """A gift of points."""

    id: str
    from_id: str
    to_id: str
    points: int
    note: str
    at: datetime
    fingerprint: str


class _Day(msgspec.Struct, frozen=True):
    nth: int
    day_points: int


_COLUMNS = [gift.c[name] for name in Gift.__struct_fields__]
NEW = insert(gift)
ONE = Read(select(*_COLUMNS).where(gift.c.id == par("id", Id)), Gift)
OF_MEMBER = Read(
    select(*_COLUMNS)
    .where(gift.c.from_id == par("member_id", Id))
    .order_by(gift.c.business_date.desc(), gift.c.nth.desc())
    .limit(PAGE_MAX),
    Gift,
)
DAY = Read(
    select(
        func.coalesce(func.max(gift.c.nth), 0).label("nth"),
        func.coalesce(func.max(gift.c.day_points), 0).label("day_points"),
    ).where(gift.c.from_id == par("member_id", Id), gift.c.business_date == par("today", Day)),
    _Day,
)


@script
def give(asked: NewGift, *, member_id: str, program: Program, today: date, at: datetime) -> Steps[Gift]:
    """Give points to another member, once per `asked.id`.

    Refuses `GiftToOneself`, `GiftLimit`, `GiftLevel`, `MemberFrozen`, `NotGiftable`, `NotEnough`, and `InDebt` where the giver owes.
    """
    mark = fingerprint([member_id, asked])
    known, givers, takers, balances, [day] = yield from together(
        ONE(id=asked.id),
        MEMBER(id=member_id),
        MEMBER(id=asked.to_member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        DAY(member_id=member_id, today=today),
    )
    if known:
        same_or_taken(known[0].fingerprint, mark, id_=asked.id)
        return known[0]
    giver = _may_give(asked, one(givers, member_id), day, program=program)
    if not takers or takers[0].status != "active":
        raise NotGiftable
    has = ledger.as_balances(balances)
    ledger.may_spend(has[POINTS], asked.points)
    uses = yield from ledger.find_lots(member_id, asked.points, today=today)
    theirs = yield from ledger.read_balances(asked.to_member_id)
    cause = ledger.Cause(asked.id, member_id, member_id, today, at, note=asked.note)
    made = Gift(asked.id, member_id, asked.to_member_id, asked.points, asked.note, at, mark)
    told = PointsGiven(gift_id=made.id, member_id=made.from_id, to_member_id=made.to_id, points=made.points)
    after = {POINTS: ledger.credited(has[POINTS], -asked.points)}
    given = {POINTS: ledger.credited(theirs[POINTS], asked.points)}
    kept = NEW(
        **msgspec.structs.asdict(made),
        business_date=today,
        nth=day.nth + 1,
        day_points=day.day_points + asked.points,
    )
    yield [
        kept,
        *ledger.give_on(cause, uses, to_id=made.to_id, to_debt=theirs[POINTS].debt),
        *save(giver, balances=has | after, at=at),
        *save(takers[0], balances=theirs | given, at=at),
        tell(told, at=at),
    ]
    return made


@script
def given_by(member_id: str) -> Steps[list[Gift]]:
    """Return the newest gifts that a member made, at most `PAGE_MAX`."""
    return (yield from rows(OF_MEMBER(member_id=member_id)))


def _may_give(asked: NewGift, giver: MemberRow, day: _Day, *, program: Program) -> MemberRow:
    limits = program.points
    if giver.status == "frozen":
        raise MemberFrozen(member_id=giver.id)
    if asked.to_member_id == giver.id:
        raise GiftToOneself
    if limits.gift_level and program.level(giver.level).growth_min < program.level(limits.gift_level).growth_min:
        raise GiftLevel(level=limits.gift_level)
    if asked.points > limits.gift_max or day.day_points + asked.points > limits.gift_day_max:
        raise GiftLimit(
            gift_max=limits.gift_max, day_max=limits.gift_day_max, given_today=day.day_points, asked=asked.points
        )
    return giver
