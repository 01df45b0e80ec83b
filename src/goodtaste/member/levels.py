"""Levels: what lifts a member, when it ends, and the level that follows from it.

A member's level is the highest of their grants that hold: one that growth earned, any that were paid for or given by the staff.  Every
change to a grant writes the member over the version that was read, so two at once are one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.events.member import LevelChanged
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import (
    Change,
    Id,
    Moment,
    Read,
    Steps,
    change,
    first,
    insert,
    par,
    put,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, derived_id, new_id
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import presents, rules
from goodtaste.member.level_rules import LevelGrant, Source, earned_among, highest, period_from
from goodtaste.member.record import MEMBER, MemberRow, one, save
from goodtaste.member.rules import Level, Program
from goodtaste.member.standing import PROGRAM, program_of
from goodtaste.member.tables import level_change, level_grant

SETTLE = "member.settle_level"  # the job that ends what has run out of a member's grants


class LevelUnknown(Refusal):
    """Raised for a level that the plan does not have.  Facts: `level`."""

    code = "member.level_unknown"
    status = 404


class GrantUnknown(Refusal):
    """Raised for a grant of a level that does not exist.  Facts: `grant_id`."""

    code = "member.grant_unknown"
    status = 404


class GrantOver(Refusal):
    """Raised when a grant is to be prolonged that is over, or one is to be made that would be over at once.  Facts: `grant_id`."""

    code = "member.grant_over"


_COLUMNS = [level_grant.c[name] for name in LevelGrant.__struct_fields__]
GRANTS = Read(
    select(*_COLUMNS).where(level_grant.c.member_id == par("member_id", Id), level_grant.c.ended_at.is_(None)),
    LevelGrant,
)
GRANT = Read(select(*_COLUMNS).where(level_grant.c.id == par("id", Id)), LevelGrant)
EARN = put(level_grant, key=["id"])
NEW = insert(level_grant)
END = change(update(level_grant).where(level_grant.c.id == par("id", Id)).values(ended_at=par("ended_at", Moment)))
PROLONG = change(update(level_grant).where(level_grant.c.id == par("id", Id)).values(until_at=par("until_at", Moment)))
LEVELLED = insert(level_change)


class Held(msgspec.Struct, frozen=True):
    """What was read of a member to decide their level."""

    row: MemberRow
    balances: dict[str, ledger.Balances]
    grants: list[LevelGrant]
    program: Program


def read(member_id: str) -> Steps[Held]:
    """Read what decides a member's level; refuses `MemberUnknown`."""
    held = yield from _read(member_id)
    one([each.row for each in held], member_id)
    return held[0]


def _read(member_id: str) -> Steps[list[Held]]:
    found, balances, grants, programs = yield from together(
        MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id), GRANTS(member_id=member_id), PROGRAM()
    )
    return [Held(row, ledger.as_balances(balances), grants, program_of(programs)) for row in found]


def earn(member_id: str, level: Level, *, today: date, program: Program, at: datetime) -> LevelGrant:
    """Return the grant of a level that growth earned today, for a whole period."""
    review_on, next_on = period_from(today, program.level_terms)
    id_ = derived_id(member_id, "level/earned")
    return LevelGrant(id_, member_id, "earned", level.code, at, None, review_on, None, next_on, None, "system")


def became(held: Held, after: Sequence[LevelGrant], *, cause: str, at: datetime) -> list[Change]:
    """Write the member with the highest level of the grants `after`, none of which was ended, and tell what became of them.

    Whether one has run out is not asked here: `at` may be the instant of an event that is heard late, and `settle` ends what has.
    """
    row, growth = held.row, held.balances[ledger.GROWTH].available
    level = highest(after, program=held.program).code
    moved = level != row.level
    news = LevelChanged(member_id=row.id, from_level=row.level, to_level=level, growth=growth, cause=cause)
    return [
        *save(msgspec.structs.replace(row, level=level), balances=held.balances, at=at),
        LEVELLED.many([step(row, level, growth=growth, cause=cause, at=at)] if moved else []),
        *([tell(news, at=at)] if moved else []),
    ]


def step(row: MemberRow, level: str, *, growth: int, cause: str, at: datetime) -> dict[str, Any]:
    """Return the row of the history that tells of the member whom `row` shows as they were before."""
    return {
        "id": new_id(),
        "member_id": row.id,
        "from_level": row.level,
        "to_level": level,
        "growth": growth,
        "cause": cause,
        "version": row.version + 1,
        "at": at,
    }


def rise(held: Held, *, growth: int, today: date, cause: str = "growth", at: datetime) -> Steps[list[Change]]:
    """Write the member, with the earned level that `growth` gives where it is above the one they hold, and what it brings.

    `growth` is what counts today; `held.balances` are as the same batch leaves them.
    """
    program, had = held.program, earned_among(held.grants)
    base = program.level(had.level) if had else program.levels[0]
    reached = rules.level_for(growth, program.levels)
    if reached.growth_min <= base.growth_min:
        return save(held.row, balances=held.balances, at=at)
    new = earn(held.row.id, reached, today=today, program=program, at=at)
    passed = [each for each in program.levels if base.growth_min < each.growth_min <= reached.growth_min]
    brought = yield from presents.of_levels(held.row.id, passed, on=today, at=at)
    others = [each for each in held.grants if each is not had]
    return [EARN(**msgspec.structs.asdict(new)), *became(held, [*others, new], cause=cause, at=at), *brought]


def grant_level(
    member_id: str, level: str, *, grant_id: str, source: Source, until_at: datetime | None, by: str, at: datetime
) -> Steps[list[Change]]:
    """Return the changes that lift a member to `level` from `at` until `until_at` (None: until it is ended), once per `grant_id`.

    They go into the caller's last batch, which must not write the member otherwise.  What runs out ends by itself, within seconds.
    Refuses `MemberUnknown`, `LevelUnknown`, `GrantOver` for a span that is empty, `IdTaken`.
    """
    made = yield from first(GRANT(id=grant_id))
    if made:
        if (made.member_id, made.level, made.source) != (member_id, level, source):
            raise IdTaken(id=grant_id)
        return []
    held = yield from read(member_id)
    if level not in {each.code for each in held.program.levels}:
        raise LevelUnknown(level=level)
    if until_at is not None and until_at <= at:
        raise GrantOver(grant_id=grant_id)
    new = LevelGrant(grant_id, member_id, source, level, at, until_at, None, None, None, None, by)
    return [
        NEW(**msgspec.structs.asdict(new)),
        *became(held, [*held.grants, new], cause="grant", at=at),
        *_timer(new),
    ]


def prolong_grant(grant_id: str, *, until_at: datetime | None, at: datetime) -> Steps[list[Change]]:
    """Return the changes that let a grant last until `until_at`, later or earlier than before.

    The same again changes nothing.  Refuses `GrantUnknown`, `GrantOver` for one that is over or would be.
    """
    made = yield from _one(grant_id)
    if not made.holds(at) or (until_at is not None and until_at <= at):
        raise GrantOver(grant_id=grant_id)
    if made.until_at == until_at:
        return []
    held = yield from read(made.member_id)
    after = msgspec.structs.replace(made, until_at=until_at)
    return [PROLONG(id=grant_id, until_at=until_at), *save(held.row, balances=held.balances, at=at), *_timer(after)]


def end_grant(grant_id: str, *, cause: str = "end", at: datetime) -> Steps[list[Change]]:
    """Return the changes that end a grant at `at`; the level is what the others give.  The same again changes nothing.

    An earned one ends down to what growth gives.  Refuses `GrantUnknown`.
    """
    made = yield from _one(grant_id)
    if made.ended_at is not None:
        return []
    held = yield from read(made.member_id)
    if made.source == "earned":
        program, growth = held.program, held.balances[ledger.GROWTH].available
        reached, today = rules.level_for(growth, program.levels), program.calendar.business_date(at)
        return fall(held, made, reached, today=today, cause=cause, at=at)
    left = [each for each in held.grants if each.id != grant_id]
    return [END(id=grant_id, ended_at=at), *became(held, left, cause=cause, at=at)]


def fall(held: Held, earned: LevelGrant, to: Level, *, today: date, cause: str, at: datetime) -> list[Change]:
    """Let an earned level fall to `to`, which is held for a period of its own unless it is the lowest."""
    others, program = [each for each in held.grants if each.id != earned.id], held.program
    if to.growth_min <= program.levels[0].growth_min:
        return [END(id=earned.id, ended_at=at), *became(held, others, cause=cause, at=at)]
    new = earn(held.row.id, to, today=today, program=program, at=at)
    return [EARN(**msgspec.structs.asdict(new)), *became(held, [*others, new], cause=cause, at=at)]


def _one(grant_id: str) -> Steps[LevelGrant]:
    made = yield from first(GRANT(id=grant_id))
    if made is None:
        raise GrantUnknown(grant_id=grant_id)
    return made


def _timer(grant: LevelGrant) -> list[Change]:
    if grant.until_at is None:
        return []
    once = f"{SETTLE}:{grant.id}:{grant.until_at.isoformat()}"
    return [schedule(SETTLE, {"member_id": grant.member_id}, due_at=grant.until_at, once=once)]


@script
def settle(member_id: str, *, at: datetime) -> Steps[bool]:
    """End the grants of a member that have run out by `at`; tell whether there was one."""
    [held] = yield from _read(member_id)
    over = [each for each in held.grants if each.until_at is not None and each.until_at <= at]
    if not over:
        return False
    left = [each for each in held.grants if each not in over]
    yield [
        END.many([{"id": each.id, "ended_at": each.until_at} for each in over]),
        *became(held, left, cause="end", at=at),
    ]
    return True


def settle_job(process: Process) -> JobFunction:
    """Return the job that ends what has run out of a member's grants."""

    async def run(args: dict[str, Any]) -> None:
        await process.db.run(settle(args["member_id"], at=process.clock()))

    return run
