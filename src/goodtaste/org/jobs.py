"""What the organisation forgets as time goes by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete

from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Day, Steps, change, par, script
from goodtaste.kernel.jobs import Every
from goodtaste.org import rules, terminals, tries
from goodtaste.org.tables import special_day

FORGET = "org.forget"
HOURLY = Every(FORGET, timedelta(hours=1))
SPECIAL_KEPT = timedelta(days=30)

FORGET_DAYS = change(delete(special_day).where(special_day.c.day < par("before", Day)))


@script
def forget(*, at: datetime) -> Steps[None]:
    """Delete tries that count no more, pairing codes that ran out, and special days long past."""
    yield [
        tries.FORGET_OLD(before=at - rules.LOCK),
        terminals.FORGET_OLD(before=at),
        FORGET_DAYS(before=(at - SPECIAL_KEPT).date()),
    ]


def functions(process: Process) -> dict[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """Return the function of each job."""

    async def run_forget(_: dict[str, Any]) -> None:
        await process.db.run(forget(at=process.clock()))

    return {FORGET: run_forget}
