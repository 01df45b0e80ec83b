"""The night: what is done once for each business date, when it has begun everywhere, in one declared order.

Each step is recorded for its date when it is done, so a night that was missed is caught up with day by day, in order, and one that
stopped between two steps goes on with the next.  A step that stopped in the middle is run again, and finds what it did done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Column, PrimaryKeyConstraint, select

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.db import Database, Day, Int, Moment, Read, Steps, Str, create_table, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.jobs import Every, JobFunction

NIGHT = Every("kernel.night", timedelta(minutes=1))
NIGHTS_MAX = 400  # nights that one turn catches up with; the next turn goes on

night = create_table(
    "kernel_night",
    Column("business_date", Day, nullable=False),
    Column("step", Str, nullable=False),
    Column("touched", Int, nullable=False),
    Column("done_at", Moment, nullable=False),
    PrimaryKeyConstraint("business_date", "step"),
    narrow=True,
)


class NightNotCome(Refusal):
    """Raised for the night of a date that has not begun everywhere.  Facts: `on`, `today`."""

    code = "kernel.night_not_come"


class NightUnknown(Refusal):
    """Raised for the night of a date before the first that was recorded.  Facts: `on`, `oldest`."""

    code = "kernel.night_unknown"
    status = 404


class NightStep(msgspec.Struct, frozen=True):
    """A step: what it does for a business date, returning how many it changed.  Run again for its date it changes nothing."""

    name: str
    run: Callable[[date], Awaitable[int]]


class NightDone(msgspec.Struct, frozen=True):
    """A step that was done for a business date: how many it changed, and when."""

    business_date: date
    step: str
    touched: int
    done_at: datetime


class Replayed(msgspec.Struct, frozen=True):
    """A step as a person had it run: how many it changed the first time, and, where it had been done before, how many again."""

    step: str
    touched: int
    again: int | None


_COLUMNS = [night.c[name] for name in NightDone.__struct_fields__]
ON = Read(select(*_COLUMNS).where(night.c.business_date == par("on", Day)), NightDone)
NEWEST = Read(select(*_COLUMNS).order_by(night.c.business_date.desc()).limit(1), NightDone)
OLDEST = Read(select(*_COLUMNS).order_by(night.c.business_date).limit(1), NightDone)
RECENT = Read(
    select(*_COLUMNS).order_by(night.c.business_date.desc(), night.c.done_at.desc()).limit(par("limit", Int)), NightDone
)
RECORD = insert(night, conflict="skip")


@script
def _record(done: NightDone) -> Steps[None]:
    yield [RECORD(**msgspec.structs.asdict(done))]


async def catch_up(db: Database, steps: Sequence[NightStep], *, today: date, clock: Clock) -> None:
    """Run what is missing of the newest night that was recorded, and each night after it up to that of `today`."""
    newest = await db.first(NEWEST())
    on = newest.business_date if newest else today
    for _ in range(NIGHTS_MAX):
        if on > today:
            return
        done = {each.step for each in await db.rows(ON(on=on))}
        for step in steps:
            if step.name not in done:
                touched = await step.run(on)
                await db.run(_record(NightDone(on, step.name, touched, clock())))
        on += timedelta(days=1)


async def replay(db: Database, steps: Sequence[NightStep], *, on: date, today: date, clock: Clock) -> list[Replayed]:
    """Run the night of `on`: what was done before is run again, which changes nothing; what is missing up to it is caught up with.

    Refuses `NightNotCome`, and `NightUnknown` for a date before the first night.
    """
    if on > today:
        raise NightNotCome(on=str(on), today=str(today))
    oldest = await db.first(OLDEST())
    if oldest and on < oldest.business_date:
        raise NightUnknown(on=str(on), oldest=str(oldest.business_date))
    before = {each.step for each in await db.rows(ON(on=on))}
    await catch_up(db, steps, today=on, clock=clock)
    again = {step.name: await step.run(on) for step in steps if step.name in before}
    done = {each.step: each.touched for each in await db.rows(ON(on=on))}
    return [Replayed(step.name, done.get(step.name, 0), again.get(step.name)) for step in steps]


def night_job(db: Database, steps: Sequence[NightStep], *, today: Callable[[], date], clock: Clock) -> JobFunction:
    """Return the job that runs the nights that have come."""

    async def run(_: dict[str, Any]) -> None:
        await catch_up(db, steps, today=today(), clock=clock)

    return run
