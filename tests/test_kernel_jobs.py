"""Jobs: on time, once an interval, tried again with growing pauses, and kept when they fail for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from goodtaste.app.process import running
from goodtaste.kernel import clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Read, Str, par
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.jobs import TRIES_MAX, Every, Job, JobRunner, job, schedule
from tests.shop import Shop, write

OF_NAME = Read(
    select(job.c.id, job.c.name, job.c.args, job.c.due_at, job.c.tries, job.c.error).where(
        job.c.name == par("name", Str)
    ),
    Job,
)


@pytest_asyncio.fixture
async def shop(blank: Settings) -> AsyncIterator[Shop]:
    """Give a house with nobody in the background, who would take the jobs away."""
    async with running(blank) as process, httpx.AsyncClient() as client:
        yield Shop(process, client)


class Bench:
    """One job of its own name, which counts how often it ran and fails where it is told to."""

    def __init__(self, shop: Shop, *, fails: int = 0, recurring: timedelta | None = None) -> None:
        self.shop, self.name, self.fails, self.ran = shop, f"test.{new_id()}", fails, list[dict[str, Any]]()
        self.runner = JobRunner(shop.db, {self.name: self.work}, [Every(self.name, recurring)] if recurring else [])

    async def work(self, args: dict[str, Any]) -> None:
        """Be the job."""
        self.ran.append(args)
        if len(self.ran) <= self.fails:
            raise RuntimeError("not yet")

    async def add(self, *, due_at: datetime, once: str | None = None, **args: Any) -> None:
        """Schedule the job."""
        await self.shop.db.run(write(schedule(self.name, args, due_at=due_at, once=once)))

    async def turn(self) -> None:
        """Let the runner run what is due of this job, to its end."""
        now = clock.now()
        for recurring in self.runner._recurring:
            await self.runner._db.run(_open(recurring, now))
        for due in await self.waiting():
            if due.due_at <= now and due.tries < TRIES_MAX:
                self.runner._under_way[due.id] = asyncio.create_task(self.runner._run_one(due))
        await asyncio.gather(*self.runner._under_way.values())

    async def waiting(self) -> list[Job]:
        """Return what is in the table of this job."""
        return await self.shop.db.rows(OF_NAME(name=self.name))


def _open(recurring: Every, at: datetime) -> Any:
    from goodtaste.kernel.jobs import _open_slot

    return _open_slot(recurring, at)


async def test_a_job_runs_when_its_time_has_come_and_is_gone(shop: Shop) -> None:
    bench = Bench(shop)
    await bench.add(due_at=clock.now() + timedelta(hours=1), table=1)
    await bench.turn()
    assert bench.ran == []
    await bench.add(due_at=clock.now() - timedelta(seconds=1), table=2)
    await bench.turn()
    assert bench.ran == [{"table": 2}]
    assert [each.args for each in await bench.waiting()] == [{"table": 1}]


async def test_a_job_that_waits_is_not_added_twice(shop: Shop) -> None:
    bench, once = Bench(shop), new_id()
    for _ in range(3):
        await bench.add(due_at=clock.now(), once=once)
    await bench.turn()
    assert len(bench.ran) == 1
    await bench.add(due_at=clock.now(), once=once)
    await bench.turn()
    assert len(bench.ran) == 2


async def test_a_job_that_fails_is_tried_again_later_each_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    bench = Bench(shop, fails=99)
    await bench.add(due_at=clock.now() - timedelta(days=1))
    pauses = []
    for _ in range(3):
        await bench.turn()
        [waiting] = await bench.waiting()
        pauses.append((waiting.due_at - now).total_seconds())
        assert waiting.error == "RuntimeError('not yet')"
        await shop.db.execute(f"UPDATE kernel_job SET due_at = {_past(shop)} WHERE name = '{bench.name}'")
    assert pauses == [1, 2, 4]


async def test_a_job_that_fails_for_good_stays_for_a_person(shop: Shop) -> None:
    bench = Bench(shop, fails=99)
    await bench.add(due_at=clock.now() - timedelta(days=1))
    await shop.db.execute(f"UPDATE kernel_job SET tries = {TRIES_MAX - 1} WHERE name = '{bench.name}'")
    await bench.turn()
    [left] = await bench.waiting()
    assert (left.tries, left.error) == (TRIES_MAX, "RuntimeError('not yet')")
    await shop.db.execute(f"UPDATE kernel_job SET due_at = {_past(shop)} WHERE name = '{bench.name}'")
    await bench.turn()
    assert len(bench.ran) == 1


async def test_work_at_intervals_never_gives_up_so_that_its_next_interval_comes(shop: Shop) -> None:
    bench = Bench(shop, fails=TRIES_MAX + 2, recurring=timedelta(days=1_000))
    for _ in range(TRIES_MAX + 2):
        await bench.turn()
        await shop.db.execute(f"UPDATE kernel_job SET due_at = {_past(shop)} WHERE name = '{bench.name}'")
    assert len(bench.ran) == TRIES_MAX + 2
    await bench.turn()
    assert (len(bench.ran), await bench.waiting()) == (TRIES_MAX + 3, [])


async def test_an_interval_is_opened_once_by_whoever_comes(shop: Shop) -> None:
    bench = Bench(shop, recurring=timedelta(days=1_000))
    await asyncio.gather(
        *(shop.db.run(_open(bench.runner._recurring[0], clock.now())) for _ in range(8)), return_exceptions=True
    )
    await bench.turn()
    await bench.turn()
    assert len(bench.ran) == 1


def test_intervals_that_were_missed_are_one() -> None:
    hourly = Every("x", timedelta(hours=1))
    at = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert hourly.slot(at) == hourly.slot(at + timedelta(minutes=29))
    assert hourly.slot(at + timedelta(minutes=30)) == hourly.slot(at) + 1


def test_an_interval_without_a_function_is_found_at_the_start(shop: Shop) -> None:
    with pytest.raises(ValueError, match="no function for the jobs"):
        JobRunner(shop.db, {}, [Every("nobody", timedelta(hours=1))])


def _past(shop: Shop) -> str:
    del shop
    return "'2020-01-01T00:00:00+00:00'"
