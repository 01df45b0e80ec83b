"""The night: what is done once for each business date, when it has begun everywhere, in one declared order.

Each step is recorded for its date when it is done, so a night that was missed is caught up with day by day, in order, and one that
stopped between two steps goes on with the next.  A step that stopped in the middle is run again, and finds what it did done.

A step that fails holds up those after it while it is tried again.  After `PARKED_AFTER` tries it is parked, for a person to look at: what
needs it waits with it, in this night and the nights that follow, and the other steps go on.  It is tried again each hour, and by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import Column, PrimaryKeyConstraint, delete, select

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.db import (
    Database,
    Day,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    insert,
    par,
    put,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.kernel.telemetry import NIGHT_PARKED

NIGHT = Every("kernel.night", timedelta(minutes=1))
NIGHTS_MAX = 400  # nights that one turn catches up with; the next turn goes on
PARKED_AFTER = 10  # tries of a step in one night, some 17 minutes
PARKED_PAUSE = timedelta(hours=1)
ERROR_MAX = 2_000

log = structlog.get_logger()

night = create_table(
    "kernel_night",
    Column("business_date", Day, nullable=False),
    Column("step", Str, nullable=False),
    Column("touched", Int, nullable=False),
    Column("done_at", Moment, nullable=False),
    PrimaryKeyConstraint("business_date", "step"),
    narrow=True,
)

fault = create_table(
    "kernel_night_fault",
    Column("business_date", Day, nullable=False),
    Column("step", Str, nullable=False),
    Column("tries", Int, nullable=False),
    Column("error", Str, nullable=False),
    Column("failed_at", Moment, nullable=False),
    PrimaryKeyConstraint("business_date", "step"),
    narrow=True,
)
"""Steps that failed and are not done yet."""


class NightNotCome(Refusal):
    """Raised for the night of a date that has not begun everywhere.  Facts: `on`, `today`."""

    code = "kernel.night_not_come"


class NightUnknown(Refusal):
    """Raised for the night of a date before the first that was recorded.  Facts: `on`, `oldest`."""

    code = "kernel.night_unknown"
    status = 404


class NightStep(msgspec.Struct, frozen=True):
    """A step: what it does for a business date, returning how many it changed.  Run again for its date it changes nothing.

    `needs`: the steps before it without which it cannot be.
    """

    name: str
    run: Callable[[date], Awaitable[int]]
    needs: tuple[str, ...] = ()


class NightFault(msgspec.Struct, frozen=True):
    """A step that failed for a business date: how often, why, and when it was last tried."""

    business_date: date
    step: str
    tries: int
    error: str
    failed_at: datetime

    @property
    def parked(self) -> bool:
        """Whether the nights go on without it, as far as they can."""
        return self.tries >= PARKED_AFTER


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
FAULTS = Read(
    select(*[fault.c[name] for name in NightFault.__struct_fields__])
    .order_by(fault.c.business_date, fault.c.step)
    .limit(NIGHTS_MAX),
    NightFault,
)
FAILED = put(fault, key=["business_date", "step"])
MENDED = change(delete(fault).where(fault.c.business_date == par("on", Day), fault.c.step == par("step", Str)))


@script
def _record(done: NightDone) -> Steps[None]:
    yield [RECORD(**msgspec.structs.asdict(done)), MENDED(on=done.business_date, step=done.step)]


@script
def _failed(found: NightFault) -> Steps[None]:
    yield [FAILED(**msgspec.structs.asdict(found))]


async def catch_up(
    db: Database, steps: Sequence[NightStep], *, today: date, clock: Clock, by_hand: bool = False
) -> None:
    """Run what is missing of the nights up to that of `today`, each in its order; a step that is parked holds up what needs it alone.

    Raises what a step raises until it is parked; `by_hand`: a parked one is tried now, however lately it was.
    """
    faults = {(each.business_date, each.step): each for each in await db.rows(FAULTS())}
    newest = await db.first(NEWEST())
    latest = newest.business_date if newest else today
    on, last = min([latest, *(day for day, _ in faults)]), min(today, latest + timedelta(days=NIGHTS_MAX))
    held: set[str] = set()
    while on <= last:
        done = {each.step for each in await db.rows(ON(on=on))}
        for step in steps:
            if step.name in done:
                continue
            before = faults.get((on, step.name))
            waits = not by_hand and before and before.parked and clock() < before.failed_at + PARKED_PAUSE
            if waits or not held.isdisjoint((step.name, *step.needs)) or not await _did(db, step, on, before, clock):
                held.add(step.name)
        on += timedelta(days=1)
    NIGHT_PARKED.set(sum(each.parked for each in await db.rows(FAULTS())))


async def _did(db: Database, step: NightStep, on: date, before: NightFault | None, clock: Clock) -> bool:
    """Run a step and record it; of one that fails take note; raise while it is tried again soon, return False once it is parked."""
    try:
        touched = await step.run(on)
    except Exception as error:
        tries = before.tries + 1 if before else 1
        found = NightFault(on, step.name, tries, repr(error)[:ERROR_MAX], clock())
        await db.run(_failed(found))
        if not found.parked:
            raise
        log.error("night_parked", step=step.name, business_date=str(on), tries=tries, error=found.error)
        return False
    await db.run(_record(NightDone(on, step.name, touched, clock())))
    return True


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
    await catch_up(db, steps, today=on, clock=clock, by_hand=True)
    again = {step.name: await step.run(on) for step in steps if step.name in before}
    done = {each.step: each.touched for each in await db.rows(ON(on=on))}
    return [Replayed(step.name, done.get(step.name, 0), again.get(step.name)) for step in steps]


def night_job(db: Database, steps: Sequence[NightStep], *, today: Callable[[], date], clock: Clock) -> JobFunction:
    """Return the job that runs the nights that have come."""

    async def run(_: dict[str, Any]) -> None:
        await catch_up(db, steps, today=today(), clock=clock)

    return run
