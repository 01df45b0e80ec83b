"""What a night does to members: levels are kept, warned of or lost, what was granted for a time ends, birthdays bring their presents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import and_, or_, select, update

from goodtaste.events.member import LevelWarned
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import (
    Change,
    Database,
    Day,
    Id,
    Int,
    ListOf,
    Moment,
    Read,
    Steps,
    change,
    in_list,
    joined,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.night import NightStep
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import jobs, levels, presents
from goodtaste.member.level_rules import LevelGrant, Verdict, birthdays_on, drops_on, period_from, tonight
from goodtaste.member.levels import EARN, Held
from goodtaste.member.record import MemberRow, save
from goodtaste.member.rules import Program
from goodtaste.member.standing import PROGRAM, program_of
from goodtaste.member.tables import level_grant, member

PAGE = 200  # members whom one script looks at
BIRTHDAYS_APART = timedelta(days=365)  # the shortest span from one birthday to the next

_GRANT = [level_grant.c[name] for name in LevelGrant.__struct_fields__]
_MEMBER = [member.c[name] for name in MemberRow.__struct_fields__]


class _Owner(msgspec.Struct, frozen=True):
    member_id: str


class _Born(msgspec.Struct, frozen=True):
    id: str
    level: str


DUE = Read(
    select(*_GRANT)
    .where(level_grant.c.ended_at.is_(None), level_grant.c.source == "earned", level_grant.c.next_on <= par("on", Day))
    .order_by(level_grant.c.next_on, level_grant.c.id)
    .limit(PAGE),
    LevelGrant,
)
GRANTS_OF = Read(
    select(*_GRANT).where(
        in_list(level_grant.c.member_id, par("member_ids", ListOf)), level_grant.c.ended_at.is_(None)
    ),
    LevelGrant,
)
MEMBERS = Read(select(*_MEMBER).where(in_list(member.c.id, par("ids", ListOf))), MemberRow)
LOOKED = change(
    update(level_grant)
    .where(level_grant.c.id == par("id", Id), level_grant.c.next_on == par("seen", Day))
    .values(next_on=par("next_on", Day))
)
RUN_OUT = Read(
    select(level_grant.c.member_id)
    .where(
        level_grant.c.ended_at.is_(None),
        level_grant.c.until_at.is_not(None),
        level_grant.c.until_at <= par("by", Moment),
    )
    .order_by(level_grant.c.until_at, level_grant.c.id)
    .limit(PAGE),
    _Owner,
)
BORN = Read(
    select(member.c.id, member.c.level)
    .where(
        or_(
            and_(member.c.birth_month == par("month", Int), member.c.birth_day == par("day", Int)),
            and_(member.c.birth_month == par("month_too", Int), member.c.birth_day == par("day_too", Int)),
        ),
        member.c.status == "active",
        member.c.id > par("after", Id),
    )
    .order_by(member.c.id)
    .limit(PAGE),
    _Born,
)


@script
def review(on: date, *, at: datetime) -> Steps[tuple[int, int]]:
    """Look at a page of the earned levels whose night is `on`; return how many were looked at, and what changed for how many.

    Each is looked at once a night, whatever it comes to.
    """
    due = yield from rows(DUE(on=on))
    if not due:
        return 0, 0
    ids = sorted({each.member_id for each in due})
    found, balances, grants, programs = yield from together(
        MEMBERS(ids=ids), ledger.balances_of(ids), GRANTS_OF(member_ids=ids), PROGRAM()
    )
    program, known = program_of(programs), {row.id: row for row in found}
    of_owner = ledger.by_owner(balances)
    changes: list[Change] = []
    changed = 0
    for each in due:
        row = known[each.member_id]
        held = Held(row, of_owner[row.id], [g for g in grants if g.member_id == row.id], program)
        growth = held.balances[ledger.GROWTH].available
        verdict = tonight(each, growth=growth, program=program, on=on) if row.status != "erased" else None
        changed += verdict is not None
        changes += _carried_out(verdict, each, held, growth=growth, on=on, at=at)
    yield joined(changes)
    return len(due), changed


def _carried_out(
    verdict: Verdict | None, grant: LevelGrant, held: Held, *, growth: int, on: date, at: datetime
) -> Sequence[Change]:
    program, tomorrow = held.program, on + timedelta(days=1)
    if verdict is None:
        return [LOOKED(id=grant.id, seen=grant.next_on, next_on=tomorrow)]
    if verdict.act == "fall":
        return levels.fall(held, grant, verdict.level, today=on, cause="review", at=at)
    if verdict.act == "keep":
        review_on, next_on = period_from(on, program.level_terms)
        kept = msgspec.structs.replace(grant, review_on=review_on, next_on=next_on, warned_on=None)
        told = levels.step(held.row, held.row.level, growth=growth, cause="kept", at=at)
        return [
            EARN(**msgspec.structs.asdict(kept)),
            *save(held.row, balances=held.balances, at=at),
            levels.LEVELLED(**told),
        ]
    warned = msgspec.structs.replace(grant, warned_on=on, next_on=tomorrow)
    news = LevelWarned(
        member_id=grant.member_id,
        level=grant.level,
        growth=growth,
        growth_keep=verdict.level.keep_min,
        drops_on=drops_on(grant.review_on or on, on, program.level_terms),
    )
    return [
        EARN(**msgspec.structs.asdict(warned)),
        *save(held.row, balances=held.balances, at=at),
        tell(news, at=at),
    ]


async def _review_all(db: Database, on: date, at: datetime) -> int:
    touched = 0
    while True:
        looked, changed = await db.run(review(on, at=at))
        touched += changed
        if looked < PAGE:
            return touched


async def _settle_all(db: Database, by: datetime, at: datetime) -> int:
    """End what ran out by the start of the day, whose timers did not come."""
    touched = 0
    while owners := await db.rows(RUN_OUT(by=by)):
        for each in dict.fromkeys(owner.member_id for owner in owners):
            touched += await db.run(levels.settle(each, at=at))
    return touched


@script
def give_birthdays(page: Sequence[_Born], *, on: date, at: datetime) -> Steps[int]:
    """Give a page of members what their level brings on their birthday, at most once in 365 days; return how many had one."""
    given, programs = yield from together(
        presents.BIRTHDAYS(member_ids=[each.id for each in page], since=on - BIRTHDAYS_APART), PROGRAM()
    )
    program, had = program_of(programs), {each.member_id for each in given}
    due = [
        presents.a_present(each.id, "birthday", str(on.year), template_id=template_id, on=on)
        for each in page
        if each.id not in had and (template_id := program.level(each.level).birthday_template_id)
    ]
    yield presents.give(due, at=at)
    return len(due)


async def _all_birthdays(db: Database, on: date, at: datetime) -> int:
    touched, after = 0, jobs.FIRST
    (month, day), (month_too, day_too) = birthdays_on(on)
    while page := await db.rows(BORN(month=month, day=day, month_too=month_too, day_too=day_too, after=after)):
        touched += await db.run(give_birthdays(page, on=on, at=at))
        after = page[-1].id
    return touched


def steps(process: Process) -> list[NightStep]:
    """Return the steps of members, in their order: growth leaves before levels are looked at, birthdays come in the level of the day."""

    async def review_levels(on: date) -> int:
        return await _review_all(process.db, on, process.clock())

    async def end_grants(on: date) -> int:
        now = process.clock()
        begins, _ = process.see(Program).calendar.day_of(on)
        return await _settle_all(
            process.db, min(begins, now), now
        )  # a store further east may begin its day before the brand

    async def birthdays(on: date) -> int:
        return await _all_birthdays(process.db, on, process.clock())

    return [
        NightStep("member.expire", jobs.expire(process)),
        NightStep("member.review_levels", review_levels, needs=("member.expire",)),
        NightStep("member.end_grants", end_grants),
        NightStep("member.birthdays", birthdays, needs=("member.review_levels", "member.end_grants")),
    ]
