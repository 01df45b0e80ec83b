"""From settings to a running process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from goodtaste.app import carriage, rooms
from goodtaste.kernel import clock
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings, keyring_of
from goodtaste.kernel.context import Process
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.jobs import JobRunner
from goodtaste.kernel.relay import Relay
from goodtaste.kernel.telemetry import LEADER

LEAD_AGAIN_S = 2.0

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def running(settings: Settings, *, clock: Clock = clock.now) -> AsyncIterator[Process]:
    """Give a process that is furnished and shows the present, and close it at the end."""
    process = Process(settings=settings, db=await open_database(settings), keyring=keyring_of(settings), clock=clock)
    try:
        rooms.furnish(process)
        await process.snapshots.refresh()
        yield process
    finally:
        await rooms.clear(process)
        await process.db.close()


@contextlib.asynccontextmanager
async def background(process: Process, *, leads: bool = True) -> AsyncIterator[None]:
    """Keep the process fresh, and, where it `leads`, let it lead when nobody else does, for as long as the block runs."""
    work = [process.snapshots.keep_fresh(), *rooms.errands(process)]
    if leads:
        work += [lead(process), *carriage.of_everyone(process)]
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_tell_of_death)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell_of_death(task: asyncio.Task[None]) -> None:
    """Log that something which should run for as long as the process does has ended by a fault."""
    if not task.cancelled() and (error := task.exception()):
        log.error("background_died", what=task.get_coro().__qualname__, exc_info=error)  # type: ignore[union-attr]


async def lead(process: Process) -> None:
    """Wait to become the leader, then relay events and run jobs until leadership is lost; again and again until cancelled."""
    while True:
        try:
            if await process.db.lead():
                # In a task of its own: one whose group of tasks has failed counts as cancelled for ever after (Python 3.11).
                await asyncio.create_task(_lead_until_lost(process))
        except Exception as error:  # the database went; another process leads now, or nobody until it is back
            log.warning("leadership_lost", error=repr(error))
            me = asyncio.current_task()
            if me and me.cancelling():  # a fault on the way out must not hide that this is the end
                raise asyncio.CancelledError from error
        await asyncio.sleep(LEAD_AGAIN_S)


async def _lead_until_lost(process: Process) -> None:
    targets, beside = carriage.of_leader(process)
    relay = Relay(process.db, targets)
    jobs = JobRunner(process.db, rooms.job_functions(process), rooms.RECURRING)
    LEADER.set(1)
    try:
        await process.db.listen(relay.wake.ring)
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run())
            group.create_task(jobs.run())
            for each in [*beside, *rooms.duties(process)]:
                group.create_task(each)
            group.create_task(process.db.until_lost())
    finally:
        LEADER.set(0)
        await process.db.resign()
