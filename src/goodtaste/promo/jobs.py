"""What promotions do on time: coupons run out, offers of coupons end, codes are made and campaigns run."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from goodtaste.kernel.context import Process
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.kernel.night import NightStep
from goodtaste.member import api as members
from goodtaste.promo import gifts, upkeep
from goodtaste.promo.bulk import campaigns, codes

EXPIRE = Every("promo.expire", timedelta(minutes=10))
RECURRING = [EXPIRE]


def functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job of promotions."""
    db, clock = process.db, process.clock

    async def expire(_: dict[str, Any]) -> None:
        while over := await db.rows(gifts.OVER(at=clock())):
            for each in over:
                await db.run(gifts.end_one(each.id, at=clock()))
        while await db.run(upkeep.expire(clock())) == upkeep.EXPIRED_MAX:
            pass

    async def make_codes(args: dict[str, Any]) -> None:
        await codes.make_all(db, args["batch_id"])

    async def run_campaign(args: dict[str, Any]) -> None:
        await campaigns.run_all(db, args["campaign_id"], clock=clock)

    return {EXPIRE.name: expire, codes.MAKE: make_codes, campaigns.RUN: run_campaign}


def night(process: Process) -> list[NightStep]:
    """Return the steps of promotions: coupons whose end came before the day began have run out, also where the job stood still."""

    async def expire(on: date) -> int:
        begins, _ = process.see(members.Program).calendar.day_of(on)
        by, gone = min(begins, process.clock()), 0  # a store further east may begin its day before the brand
        while some := await process.db.run(upkeep.expire(by)):
            gone += some
        return gone

    return [NightStep("promo.expire", expire)]
