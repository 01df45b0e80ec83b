"""What members do on time: points and growth run out when their last day is over, and traces are cleared away after their period."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Int, Moment, Steps, change, par, script, together
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.ledger import api as ledger
from goodtaste.ledger.api import GROWTH, POINTS
from goodtaste.member.otp import HOUR_S
from goodtaste.member.record import MEMBER, save
from goodtaste.member.rules import Program
from goodtaste.member.tables import code_use, otp, quota, sandbox_code, sandbox_sms, visit
from goodtaste.org.api import Directory

SWEEP = Every("member.sweep", timedelta(hours=1))
RECURRING = [SWEEP]

AT_ONCE = 32  # members whose lots expire side by side
FIRST = "00000000-0000-0000-0000-000000000000"

KEPT_OTP = timedelta(days=2)
KEPT_CODE_USE = timedelta(hours=1)
KEPT_VISIT = timedelta(days=90)  # long enough to look into who was present when points were earned
KEPT_SANDBOX = timedelta(days=1)
KEPT_QUOTA_HOURS = 2

FORGET_OTP = change(delete(otp).where(otp.c.sent_at < par("before", Moment)))
FORGET_CODES = change(delete(code_use).where(code_use.c.expires_at < par("before", Moment)))
FORGET_VISITS = change(delete(visit).where(visit.c.expires_at < par("before", Moment)))
FORGET_QUOTAS = change(delete(quota).where(quota.c.slot < par("before", Int)))
FORGET_LOGINS = change(delete(sandbox_code).where(sandbox_code.c.expires_at < par("before", Moment)))
FORGET_SMS = change(delete(sandbox_sms).where(sandbox_sms.c.at < par("before", Moment)))


def trading_day(directory: Directory, program: Program, *, at: datetime) -> date:
    """Return the earliest trading day that some store still has at `at`: what ran out before it has run out everywhere."""
    days = [store.calendar.business_date(at) for store in directory.stores.values()]
    return min(days, default=program.calendar.business_date(at))


@script
def expire_of(owner_id: str, *, today: date, at: datetime) -> Steps[int]:
    """Let an owner's lots run out whose last day was before `today`, at most `ledger.LOTS_MAX` at a time; return how many did."""
    lots, found, rows = yield from together(
        ledger.expired(owner_id, today=today), MEMBER(id=owner_id), ledger.READ_BALANCES(owner_id=owner_id)
    )
    gone = {unit: sum(lot.remaining for lot in lots if lot.unit == unit) for unit in (POINTS, GROWTH)}
    balances = {
        unit: ledger.Balances(b.available - gone[unit], b.pending, b.debt)
        for unit, b in ledger.as_balances(rows).items()
    }
    changes = []
    for lot in lots:
        cause = ledger.Cause(derived_id(lot.id, f"expiry/{today}"), owner_id, "system", today, at)
        changes += ledger.expire(cause, lot.id, lot.remaining, unit=lot.unit)
    if lots and found and found[0].status != "erased":
        changes += save(found[0], balances=balances, at=at)
    yield changes
    return len(lots)


async def _expire_all_of(process: Process, owner_id: str, today: date) -> int:
    gone = 0
    while True:
        lots = await process.db.run(expire_of(owner_id, today=today, at=process.clock()))
        gone += lots
        if lots < ledger.LOTS_MAX:
            return gone


def expire(process: Process) -> Callable[[date], Awaitable[int]]:
    """Return the step of a night that lets points and growth run out whose last day was before its date, page by page; it returns how
    many lots did, and what it did before it stopped is done."""

    async def run(on: date) -> int:
        gone, after = 0, FIRST
        while owners := await process.db.rows(ledger.owners_of_expired(today=on, after=after)):
            for i in range(0, len(owners), AT_ONCE):
                some = owners[i : i + AT_ONCE]
                gone += sum(await asyncio.gather(*[_expire_all_of(process, each.owner_id, on) for each in some]))
            after = owners[-1].owner_id
        return gone

    return run


@script
def forget(at: datetime) -> Steps[None]:
    """Clear away what has outlived its purpose at `at`."""
    yield [
        FORGET_OTP(before=at - KEPT_OTP),
        FORGET_CODES(before=at - KEPT_CODE_USE),
        FORGET_VISITS(before=at - KEPT_VISIT),
        FORGET_QUOTAS(before=int(at.timestamp()) // HOUR_S - KEPT_QUOTA_HOURS),
        FORGET_LOGINS(before=at - KEPT_SANDBOX),
        FORGET_SMS(before=at - KEPT_SANDBOX),
    ]


def sweep(process: Process) -> JobFunction:
    """Return the job that clears away."""

    async def run(_: dict[str, Any]) -> None:
        await process.db.run(forget(process.clock()))

    return run
