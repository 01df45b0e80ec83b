"""A member's level as they and the staff see it, the history of it, and corrections by the staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from sqlalchemy import select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, Read, Steps, first, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.kernel.words import sentence
from goodtaste.ledger import api as ledger
from goodtaste.member import rules
from goodtaste.member.level_rules import Keeping, LevelCode, LevelGrant, Source, earned_among, effective, keeping
from goodtaste.member.levels import GRANT, GRANTS, GrantUnknown, end_grant, grant_level
from goodtaste.member.record import MEMBER, one
from goodtaste.member.rules import Level, Program
from goodtaste.member.tables import level_change

LAST_YEAR = 2200  # a later end is a mistake
FOR_EVER = datetime.max.replace(tzinfo=UTC)
PAGE = 30


class BadSpan(Refusal):
    """Raised for the end of a correction that cannot be meant.  Facts: `field`, `why` (the code of the reason)."""

    code = "member.bad_span"
    status = 422


class LevelView(msgspec.Struct, frozen=True):
    """Where a member stands: the level and what it comes from, the next one, and how far it is to it and to keeping this one.

    `percent` is that of the way from the level to the next, whole, rounded down.  `source` is None on the lowest level; `until_at` is the
    end of what lifts the member now, where it has one.
    """

    level: Level
    growth: int
    next: Level | None
    missing_growth: int
    percent: int
    source: Source | None
    until_at: datetime | None
    keeping: Keeping | None


class LevelStep(msgspec.Struct, frozen=True):
    """One change of a level (or a period that began anew), in words, with its cause and the growth there was."""

    id: str
    at: datetime
    cause: str
    words: str
    from_level: str
    to_level: str
    growth: int


class LevelHistory(msgspec.Struct, frozen=True):
    """A page of the history, newest first; `next` asks for the one after it, null at the end."""

    steps: list[LevelStep]
    next: str | None


class StaffLevelView(msgspec.Struct, frozen=True):
    """A member's level as the staff see it, with every grant that holds."""

    now: LevelView
    grants: list[LevelGrant]


class LevelCorrection(Input, frozen=True):
    """What is sent to lift a member by hand: to which level, until when (null: until it is ended), and why.  The id is the grant's."""

    id: IdText
    level: LevelCode
    reason: Reason
    until_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class LevelEnd(Input, frozen=True):
    """What is sent to end a grant of a member's by hand, and why."""

    grant_id: IdText
    reason: Reason


class LevelCorrected(msgspec.Struct, frozen=True):
    """A correction that was made: the level given until `until_at`, or, where it was ended, until it was."""

    id: str
    member_id: str
    level: str
    until_at: datetime | None


class _Change(msgspec.Struct, frozen=True):
    id: str
    at: datetime
    cause: str
    from_level: str
    to_level: str
    growth: int


HISTORY = Read(
    select(*[level_change.c[name] for name in _Change.__struct_fields__])
    .where(level_change.c.member_id == par("member_id", Id), older(level_change.c.at, level_change.c.id))
    .order_by(level_change.c.at.desc(), level_change.c.id.desc())
    .limit(par("limit", Int)),
    _Change,
)


@script
def level_of(member_id: str, *, program: Program, at: datetime) -> Steps[StaffLevelView]:
    """Return a member's level at `at`.  Refuses `MemberUnknown`."""
    today = program.calendar.business_date(at)
    found, balances, grants, run_out = yield from together(
        MEMBER(id=member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        GRANTS(member_id=member_id),
        ledger.run_out(member_id, unit=ledger.GROWTH, today=today),
    )
    one(found, member_id)
    growth = ledger.as_balances(balances)[ledger.GROWTH].available - sum(each.amount for each in run_out)
    holding = [each for each in grants if each.holds(at)]
    return StaffLevelView(_view(holding, growth=growth, program=program, at=at), holding)


def _view(grants: list[LevelGrant], *, growth: int, program: Program, at: datetime) -> LevelView:
    level = effective(grants, program=program, at=at)
    lifts = [each for each in grants if program.level(each.level).growth_min == level.growth_min]
    lifting = max(lifts, key=lambda each: (each.source == "earned", each.until_at or FOR_EVER), default=None)
    way = rules.progress(growth, current=level, levels=program.levels)
    return LevelView(
        level=level,
        growth=growth,
        next=way.next,
        missing_growth=way.missing_growth,
        percent=way.percent,
        source=lifting.source if lifting else None,
        until_at=lifting.until_at if lifting else None,
        keeping=keeping(earned_among(grants), growth=growth, program=program),
    )


@script
def level_history(member_id: str, *, before: str, limit: int, language: str) -> Steps[LevelHistory]:
    """Return a page of what became of a member's level.  Refuses `BadCursor`."""
    place = start(before)
    found = yield from rows(HISTORY(member_id=member_id, before_at=place.at, before_id=place.id, limit=limit))
    steps = [
        LevelStep(
            id=each.id,
            at=each.at,
            cause=each.cause,
            words=sentence(f"member.level.{each.cause}", language, {}).say,
            from_level=each.from_level,
            to_level=each.to_level,
            growth=each.growth,
        )
        for each in found
    ]
    return LevelHistory(steps, next_of(found, limit, lambda each: each.at))


@script
def correct_level(asked: LevelCorrection, *, member_id: str, actor: Actor, at: datetime) -> Steps[LevelCorrected]:
    """Lift a member by hand, once per `asked.id`.  Refuses `BadSpan`, `LevelUnknown`, `GrantOver` for an end that is past."""
    if asked.until_at and asked.until_at.year >= LAST_YEAR:
        raise BadSpan(field="until_at", why="member.fault.year", last=LAST_YEAR)
    made = yield from first(GRANT(id=asked.id))
    if made and made.until_at != asked.until_at:
        raise IdTaken(id=asked.id)
    changes = yield from grant_level(
        member_id, asked.level, grant_id=asked.id, source="staff", until_at=asked.until_at, by=actor.id, at=at
    )
    note = audit.note(
        actor,
        "member.level_given",
        subject=f"member/{member_id}",
        reason=asked.reason,
        at=at,
        grant_id=asked.id,
        level=asked.level,
        until_at=asked.until_at,
    )
    yield [*changes, note] if changes else []
    return LevelCorrected(asked.id, member_id, asked.level, asked.until_at)


@script
def end_level(asked: LevelEnd, *, member_id: str, actor: Actor, at: datetime) -> Steps[LevelCorrected]:
    """End what lifts a member, by hand; an earned level falls to what growth gives.  The same again changes nothing.

    Refuses `GrantUnknown`.
    """
    made = yield from first(GRANT(id=asked.grant_id))
    if made is None or made.member_id != member_id:
        raise GrantUnknown(grant_id=asked.grant_id)
    changes = yield from end_grant(asked.grant_id, cause="correction", at=at)
    note = audit.note(
        actor,
        "member.level_ended",
        subject=f"member/{member_id}",
        reason=asked.reason,
        at=at,
        grant_id=asked.grant_id,
        level=made.level,
    )
    yield [*changes, note] if changes else []
    return LevelCorrected(made.id, member_id, made.level, made.ended_at or at)
