"""Jobs: work at a time (a timer, written in the transaction that causes it) and work at intervals, run by the leader.

A job is a name and arguments.  Its function may call third parties between scripts; it may run twice after a crash, so each step of
it can be repeated.  It is tried again with growing pauses; after the last try it stays in the table with its error, for a person.  Work at
intervals is tried on without end: while its row stays, no other is added.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import Column, Index, UniqueConstraint, and_, case, delete, func, select, update

from goodtaste.kernel import clock
from goodtaste.kernel.db import (
    Change,
    Database,
    Doc,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    first,
    id_column,
    insert,
    par,
    put,
    script,
)
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.relay import Wake
from goodtaste.kernel.telemetry import JOBS_RUN

POLL_S = 1.0
CLAIM_MAX = 32  # jobs under way at once
TRIES_MAX = 10
FAILING_SHOWN = 50
PAUSE_MAX_S = 600

log = structlog.get_logger()
JobFunction = Callable[[dict[str, Any]], Awaitable[None]]

job = create_table(
    "kernel_job",
    id_column(),
    Column("name", Str, nullable=False),
    Column("once", Str),
    Column("args", Doc, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("tries", Int, nullable=False),
    Column("error", Str),
    UniqueConstraint("once", name="kernel_job_once_key"),
    Index("kernel_job_due_at_idx", "due_at"),
)
tick = create_table(
    "kernel_tick",
    Column("name", Str, primary_key=True),
    Column("slot", Int, nullable=False),
)


class Job(msgspec.Struct, frozen=True):
    """A job in the table."""

    id: str
    name: str
    args: dict[str, Any]
    due_at: datetime
    tries: int
    error: str | None


class _Tick(msgspec.Struct, frozen=True):
    slot: int


class Every(msgspec.Struct, frozen=True):
    """A job that runs once in each interval, counted from the epoch: after a stop the missed ones are one."""

    name: str
    interval: timedelta

    def slot(self, at: datetime) -> int:
        """Return the number of the interval that holds `at`."""
        return int(at.timestamp() // self.interval.total_seconds())


class Waiting(msgspec.Struct, frozen=True):
    """How many jobs are due, how many have failed so often that nobody tries them again, and since when the oldest is due."""

    due: int
    given_up: int
    since: datetime | None


class Failing(msgspec.Struct, frozen=True):
    """A job that failed the last time it ran."""

    id: str
    name: str
    tries: int
    error: str | None
    due_at: datetime


_DUE = and_(job.c.due_at <= par("now", Moment), job.c.tries < TRIES_MAX)
WAITING = Read(
    select(
        func.coalesce(func.sum(case((_DUE, 1), else_=0), type_=Int()), 0).label("due"),
        func.coalesce(func.sum(case((job.c.tries >= TRIES_MAX, 1), else_=0), type_=Int()), 0).label("given_up"),
        func.min(case((_DUE, job.c.due_at)), type_=Moment()).label("since"),
    ),
    Waiting,
)
FAILING = Read(
    select(*[job.c[name] for name in Failing.__struct_fields__])
    .where(job.c.tries > 0)
    .order_by(job.c.tries.desc(), job.c.due_at, job.c.id)
    .limit(FAILING_SHOWN),
    Failing,
)
ADD = insert(job, "id", "name", "once", "args", "due_at", "tries", conflict="skip")
DUE = Read(
    select(job.c.id, job.c.name, job.c.args, job.c.due_at, job.c.tries, job.c.error)
    .where(job.c.due_at <= par("now", Moment), job.c.tries < TRIES_MAX)
    .order_by(job.c.due_at, job.c.id)
    .limit(CLAIM_MAX),
    Job,
)
DONE = change(delete(job).where(job.c.id == par("id", Id)))
LATER = change(
    update(job)
    .where(job.c.id == par("id", Id))
    .values(due_at=par("due_at", Moment), tries=par("tries", Int), error=par("error", Str))
)
TICK = Read(select(tick.c.slot).where(tick.c.name == par("name", Str)), _Tick)
TICKED = put(tick, key=["name"])


def schedule(name: str, args: Mapping[str, Any], *, due_at: datetime, once: str | None = None) -> Change:
    """Write that the job `name` is to run with `args` at `due_at`; while one with the same `once` waits, no second is added."""
    return ADD(id=new_id(), name=name, once=once, args=dict(args), due_at=due_at, tries=0)


@script
def _write(changes: list[Change]) -> Steps[None]:
    yield changes


@script
def _open_slot(recurring: Every, at: datetime) -> Steps[bool]:
    slot = recurring.slot(at)
    last = yield from first(TICK(name=recurring.name))
    if last and last.slot >= slot:
        return False
    yield [
        TICKED(name=recurring.name, slot=slot),
        schedule(recurring.name, {}, due_at=at, once=f"every:{recurring.name}"),
    ]
    return True


class JobRunner:
    """Runs due jobs for as long as it runs."""

    def __init__(self, db: Database, functions: Mapping[str, JobFunction], recurring: list[Every]) -> None:
        missing = {r.name for r in recurring} - functions.keys()
        if missing:
            raise ValueError(f"no function for the jobs {sorted(missing)}")
        self._db, self._functions, self._recurring = db, functions, recurring
        self._never_give_up = {each.name for each in recurring}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.wake = Wake()

    async def run(self) -> None:
        """Run jobs until cancelled."""
        try:
            while True:
                await self.turn()
                await self.wake.wait(POLL_S)
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def turn(self) -> None:
        """Open the intervals that have come and start what is due."""
        now = clock.now()
        for recurring in self._recurring:
            await self._db.run(_open_slot(recurring, now))
        for due in await self._db.rows(DUE(now=now)):
            if due.id not in self._under_way and len(self._under_way) < CLAIM_MAX:
                self._under_way[due.id] = asyncio.create_task(self._run_one(due))

    async def _run_one(self, due: Job) -> None:
        try:
            await self._functions[due.name](due.args)
            await self._db.run(_write([DONE(id=due.id)]))
            JOBS_RUN.labels(due.name, "done").inc()
        except Exception as error:
            JOBS_RUN.labels(due.name, "failed").inc()
            log.warning(
                "job_failed",
                job=due.name,
                job_id=due.id,
                tries=due.tries + 1,
                error=repr(error),
                exc_info=due.tries + 1 >= TRIES_MAX,
            )
            pause = timedelta(seconds=min(2**due.tries, PAUSE_MAX_S))
            tries = min(due.tries + 1, TRIES_MAX - 1) if due.name in self._never_give_up else due.tries + 1
            again = LATER(id=due.id, due_at=clock.now() + pause, tries=tries, error=repr(error)[:2000])
            await self._db.run(_write([again]))
        finally:
            del self._under_way[due.id]
