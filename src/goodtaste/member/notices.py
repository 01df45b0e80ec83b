"""Notices ahead of time that points run out: each member is told once for each notice of the program, whatever stops or runs twice."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from goodtaste.events.member import PointsExpiring
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Steps, first, rows, script
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.kernel.night import NightStep
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import adjustments
from goodtaste.member.jobs import AT_ONCE, FIRST, trading_day
from goodtaste.member.record import MEMBER
from goodtaste.member.rules import Program
from goodtaste.org.api import Directory

LAPSE = Every("member.lapse_adjustments", timedelta(hours=1))
RECURRING = [LAPSE]

SHOWN_MAX = 400  # days on which points run out that are listed


@script
def tell_of(owner_id: str, *, notice_days: tuple[int, ...], today: date, at: datetime) -> Steps[list[PointsExpiring]]:
    """Tell a member of the days on which points run out, each once for the nearest notice that has come, and return what was told.

    What was told before is not told again, but with points that came to the same day since.
    """
    found = yield from first(MEMBER(id=owner_id))
    until, days = today + timedelta(days=max(notice_days)), list[ledger.Ending]()
    while True:
        page = yield from rows(ledger.ending(owner_id, today=today, until=until, skip=len(days)))
        days += page
        if len(page) < ledger.DAYS_MAX:
            break
    due = [(day, notice) for day in days if (notice := _notice(day, notice_days, today=today)) < day.told_days]
    news = [
        PointsExpiring(member_id=owner_id, points=day.points, on=day.on, days=(day.on - today).days) for day, _ in due
    ]
    if found is None or found.status == "erased":
        news = []
    yield [*ledger.told(owner_id, due), tell(*news, at=at)]
    return news


def _notice(day: ledger.Ending, notice_days: tuple[int, ...], *, today: date) -> int:
    """Return the nearest notice that has come for a day, `NEVER` where none has."""
    return min((days for days in notice_days if days >= (day.on - today).days), default=ledger.NEVER)


def steps(process: Process) -> list[NightStep]:
    """Return the step of a night that tells members ahead of time, page by page; what it told before it stopped is not told again.

    A night that was missed tells nothing: what it would say of its date is over, and the night of this date says what holds now.
    """

    async def run(on: date) -> int:
        program = process.see(Program)
        if on < trading_day(process.see(Directory), program, at=process.clock()):
            return 0
        told = 0
        for days in sorted(program.points.notice_days):
            told += await _tell_all(process, program.points.notice_days, days=days, today=on)
        return told

    return [NightStep("member.tell_expiring", run, needs=("member.expire",))]


async def _tell_all(process: Process, notice_days: tuple[int, ...], *, days: int, today: date) -> int:
    until, after, told = today + timedelta(days=days), FIRST, 0
    while owners := await process.db.rows(ledger.owners_to_tell(today=today, until=until, days=days, after=after)):
        for i in range(0, len(owners), AT_ONCE):
            some = owners[i : i + AT_ONCE]
            news = await asyncio.gather(
                *[
                    process.db.run(tell_of(each.owner_id, notice_days=notice_days, today=today, at=process.clock()))
                    for each in some
                ]
            )
            told += sum(map(len, news))
        after = owners[-1].owner_id
    return told


def lapse(process: Process) -> JobFunction:
    """Return the job that lets corrections lapse on which nobody decided in time."""

    async def run(_: dict[str, Any]) -> None:
        await process.db.run(adjustments.lapse(process.clock()))

    return run


@script
def ending(member_id: str, *, today: date) -> Steps[list[ledger.Expiring]]:
    """Return every day on which points of a member run out, soonest first, at most `SHOWN_MAX`."""
    return (yield from rows(ledger.expiring(member_id, today=today, days=SHOWN_MAX)))
