"""From settings to a running process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from goodtaste.app import rooms
from goodtaste.kernel import clock
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings, keyring_of
from goodtaste.kernel.context import Process
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.jobs import JobRunner
from goodtaste.kernel.relay import Handlers, Relay
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
        await process.db.close()


@contextlib.asynccontextmanager
async def background(process: Process) -> AsyncIterator[None]:
    """Keep the process fresh, and let it lead when nobody else does, for as long as the block runs."""
    tasks = [asyncio.create_task(process.snapshots.keep_fresh()), asyncio.create_task(lead(process))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def lead(process: Process) -> None:
    """Wait to become the leader, then relay events and run jobs until cancelled."""
    while not await process.db.lead():  # noqa: ASYNC110 - nobody tells when a leader goes
        await asyncio.sleep(LEAD_AGAIN_S)
    LEADER.set(1)
    relay = Relay(process.db, Handlers(process.db, rooms.subscriptions()).deliver)
    jobs = JobRunner(process.db, rooms.job_functions(process), rooms.RECURRING)
    await process.db.listen(relay.wake.ring)
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run())
        group.create_task(jobs.run())
