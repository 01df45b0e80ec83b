"""What promotions do on time: coupons whose end has come run out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from goodtaste.kernel.context import Process
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.kernel.night import NightStep
from goodtaste.member import api as members
from goodtaste.promo import upkeep

EXPIRE = Every("promo.expire", timedelta(minutes=10))
RECURRING = [EXPIRE]


def functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job of promotions."""

    async def expire(_: dict[str, Any]) -> None:
        while await process.db.run(upkeep.expire(process.clock())) == upkeep.EXPIRED_MAX:
            pass

    return {EXPIRE.name: expire}


def night(process: Process) -> list[NightStep]:
    """Return the steps of promotions: coupons whose end came before the day began have run out, also where the job stood still."""

    async def expire(on: date) -> int:
        begins, _ = process.see(members.Program).calendar.day_of(on)
        by, gone = min(begins, process.clock()), 0  # a store further east may begin its day before the brand
        while some := await process.db.run(upkeep.expire(by)):
            gone += some
        return gone

    return [NightStep("promo.expire", expire)]
