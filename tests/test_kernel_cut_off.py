"""Connections that the database cuts off: who waits is told that nobody knows what became of it, never of a fault of ours."""

from __future__ import annotations

import asyncio

from goodtaste.kernel.clock import now
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Change, Steps, Unavailable, rows, script
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.jobs import DUE, schedule

CUTS = 12
CLERKS = 8
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'goodtaste' AND pid <> pg_backend_pid()"
)


@script
def _note(change: Change) -> Steps[None]:
    yield from rows(DUE(now=now()))
    yield [change]


async def test_who_works_on_a_connection_that_is_cut_off_is_told_so_and_the_next_one_works(blank: Settings) -> None:
    if blank.is_sqlite:
        return  # its connections are its own
    db = await open_database(blank)
    faults: list[Exception] = []
    done, over = 0, False

    async def work() -> None:
        nonlocal done
        while not over:
            try:
                await db.run(_note(schedule("test.cut_off", {}, due_at=now(), once="test.cut_off")))
                done += 1
            except Unavailable:
                await asyncio.sleep(0)
            except Exception as error:  # noqa: BLE001 - it is looked at below
                faults.append(error)

    clerks = [asyncio.create_task(work()) for _ in range(CLERKS)]
    for _ in range(CUTS):
        before = done
        await db.execute(OTHERS)
        async with asyncio.timeout(30):
            while done == before:  # noqa: ASYNC110 - work that goes on is what it waits for
                await asyncio.sleep(0.01)
    over = True
    async with asyncio.timeout(30):
        await asyncio.gather(*clerks)
    await db.close()
    assert faults == []
