"""The level plan as the head office edits it: checked when it is saved, kept in every version, carried out for whom it lifts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import (
    Change,
    Database,
    Id,
    Int,
    ListOf,
    Read,
    Steps,
    in_list,
    insert,
    joined,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Count, Input, Line, Name, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.ledger import api as ledger
from goodtaste.member import levels, rules
from goodtaste.member.level_rules import LevelCode, earned_among, highest, plan_fault
from goodtaste.member.nights import GRANTS_OF, MEMBERS, PAGE
from goodtaste.member.rules import Level, LevelTerms, Program
from goodtaste.member.standing import PROGRAM, SNAPSHOT, program_of, write_program
from goodtaste.member.tables import level_grant, level_plan, member

CARRY_OUT = "member.carry_out_plan"
VERSIONS_SHOWN = 50
FIRST = "00000000-0000-0000-0000-000000000000"

Days = Annotated[int, msgspec.Meta(ge=0, le=366)]


class BadPlan(Refusal):
    """Raised for a level plan that contradicts itself or what members hold.  Facts: `field`, `why` (the code of the reason)."""

    code = "member.bad_plan"
    status = 422


class PlanMoved(Refusal):
    """Raised when the plan was changed since it was looked at.  Facts: `version`, the present one."""

    code = "member.plan_moved"
    guards = ("member_level_plan_pkey",)


class LevelAsked(Input, frozen=True):
    """A level as it is edited; as `Level`."""

    code: LevelCode
    name: Name
    name_en: Name
    growth_min: Count
    earn_bp: Count = 10_000
    keep_min: Count = 0
    icon: Line = ""
    upgrade_template_id: IdText | None = None
    birthday_template_id: IdText | None = None


class PlanAsked(Input, frozen=True):
    """What is sent to change the plan: all of it, and the `version` that it was made from (0: the one the house came with)."""

    version: Count
    levels: Annotated[tuple[LevelAsked, ...], msgspec.Meta(min_length=1, max_length=20)]
    reason: Reason
    hold_months: Annotated[int, msgspec.Meta(ge=1, le=60)] = 12
    grace_days: Days = 30
    notice_days: Days = 30
    fall: Literal["one_step", "to_growth"] = "one_step"


class Plan(msgspec.Struct, frozen=True):
    """The plan in one of its versions."""

    version: int
    levels: tuple[Level, ...]
    terms: LevelTerms
    saved_by: str
    saved_at: datetime | None
    reason: str


class _Doc(msgspec.Struct, frozen=True):
    levels: tuple[Level, ...]
    terms: LevelTerms


class _Saved(msgspec.Struct, frozen=True):
    version: int
    doc: _Doc
    saved_by: str
    saved_at: datetime
    reason: str


class _Holders(msgspec.Struct, frozen=True):
    level: str
    n: int


class _Member(msgspec.Struct, frozen=True):
    id: str


SAVED = Read(
    select(*[level_plan.c[name] for name in _Saved.__struct_fields__])
    .order_by(level_plan.c.version.desc())
    .limit(par("limit", Int)),
    _Saved,
)
SAVE = insert(level_plan)
HOLDERS = Read(
    select(level_grant.c.level, func.count().label("n"))
    .where(level_grant.c.ended_at.is_(None), in_list(level_grant.c.level, par("codes", ListOf)))
    .group_by(level_grant.c.level),
    _Holders,
)
NEXT = Read(select(member.c.id).where(member.c.id > par("after", Id)).order_by(member.c.id).limit(PAGE), _Member)


def _shown(saved: Sequence[_Saved], program: Program) -> Plan:
    if not saved:
        return Plan(0, program.levels, program.level_terms, "", None, "")
    return _plan(saved[0])


def _plan(saved: _Saved) -> Plan:
    return Plan(saved.version, saved.doc.levels, saved.doc.terms, saved.saved_by, saved.saved_at, saved.reason)


@script
def plan() -> Steps[Plan]:
    """Return the plan that holds."""
    saved, programs = yield from together(SAVED(limit=1), PROGRAM())
    return _shown(saved, program_of(programs))


@script
def versions() -> Steps[list[Plan]]:
    """Return the newest versions of the plan, newest first."""
    return [_plan(each) for each in (yield from rows(SAVED(limit=VERSIONS_SHOWN)))]


@script
def save_plan(asked: PlanAsked, *, actor: Actor, at: datetime) -> Steps[Plan]:
    """Save the plan as its next version, and have it carried out; the same again answers with what was saved.

    Refuses `BadPlan`, and `PlanMoved` where another version was saved since.
    """
    seen, saved, programs = yield from together(version_of(SNAPSHOT), SAVED(limit=1), PROGRAM())
    program = program_of(programs)
    now = _shown(saved, program)
    after = yield from _next(asked, now=now, program=program, actor=actor, at=at)
    if after == now:
        return now
    yield [
        SAVE(
            version=after.version,
            doc=msgspec.to_builtins(_Doc(after.levels, after.terms)),
            saved_by=actor.id,
            saved_at=at,
            reason=asked.reason,
        ),
        *write_program(msgspec.structs.replace(program, levels=after.levels, level_terms=after.terms)),
        moved_from(SNAPSHOT, seen),
        schedule(CARRY_OUT, {}, due_at=at),
        audit.note(
            actor,
            "member.level_plan_saved",
            subject="level-plan",
            reason=asked.reason,
            at=at,
            version=after.version,
            levels=msgspec.to_builtins(after.levels),
            terms=msgspec.to_builtins(after.terms),
        ),
    ]
    return after


@script
def check_plan(asked: PlanAsked, *, actor: Actor, at: datetime) -> Steps[Plan]:
    """Return the plan as `save_plan` would save it, and write nothing.  Refuses what `save_plan` refuses."""
    saved, programs = yield from together(SAVED(limit=1), PROGRAM())
    program = program_of(programs)
    return (yield from _next(asked, now=_shown(saved, program), program=program, actor=actor, at=at))


def _next(asked: PlanAsked, *, now: Plan, program: Program, actor: Actor, at: datetime) -> Steps[Plan]:
    """Return the version after `now`, or `now` where it says the same already; refuses `BadPlan` and `PlanMoved`."""
    asked_levels = tuple(Level(**msgspec.structs.asdict(each)) for each in asked.levels)
    terms = LevelTerms(asked.hold_months, asked.grace_days, asked.notice_days, asked.fall)
    after = Plan(asked.version + 1, asked_levels, terms, actor.id, at, asked.reason)
    if msgspec.structs.replace(after, saved_at=now.saved_at) == now:
        return now
    if asked.version != now.version:
        raise PlanMoved(version=now.version)
    if fault := plan_fault(asked_levels, terms):
        raise BadPlan(field=fault[0], why=fault[1], **fault[2])
    if asked_levels[0].code != program.levels[0].code:
        raise BadPlan(field="levels", why="member.fault.lowest_stays", level=program.levels[0].code)
    gone = sorted({level.code for level in program.levels} - {level.code for level in asked_levels})
    held = yield from rows(HOLDERS(codes=gone))
    if held:
        raise BadPlan(field="levels", why="member.fault.held", n=held[0].n, level=held[0].level)
    return after


@script
def carry_out(page: Sequence[str], *, at: datetime) -> Steps[int]:
    """Lift a page of members as far as the plan's growth now reaches, and give each the level that their grants now mean.

    Nobody falls by it.  Return how many changed.
    """
    found, balances, grants, programs = yield from together(
        MEMBERS(ids=list(page)), ledger.balances_of(page), GRANTS_OF(member_ids=list(page)), PROGRAM()
    )
    program, of_owner = program_of(programs), ledger.by_owner(balances)
    today = program.calendar.business_date(at)
    changes: list[Change] = []
    changed = 0
    for row in found:
        theirs = [each for each in grants if each.member_id == row.id]
        held = levels.Held(row, of_owner[row.id], theirs, program)
        had, reached = earned_among(theirs), rules.level_for(held.balances[ledger.GROWTH].available, program.levels)
        rises = reached.growth_min > (program.level(had.level).growth_min if had else 0)
        if row.status == "erased" or not (rises or highest(theirs, program=program).code != row.level):
            continue
        changed += 1
        growth = held.balances[ledger.GROWTH].available
        if rises:
            changes += yield from levels.rise(held, growth=growth, today=today, cause="plan", at=at)
        else:
            changes += levels.became(held, theirs, cause="plan", at=at)
    yield joined(changes)
    return changed


async def carry_out_all(db: Database, *, at: datetime) -> int:
    """Carry the plan out for every member, page by page; again, it changes nothing."""
    changed, after = 0, FIRST
    while page := [each.id for each in await db.rows(NEXT(after=after))]:
        changed += await db.run(carry_out(page, at=at))
        after = page[-1]
    return changed


def carry_out_job(process: Process) -> JobFunction:
    """Return the job that carries the plan out."""

    async def run(_: dict[str, Any]) -> None:
        await carry_out_all(process.db, at=process.clock())

    return run
